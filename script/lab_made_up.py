"""What is made up in the lab: who is in its domain, and what its fake network device is set up as."""

SEED = """
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.sd_utils import SDUtils
for user in ("scan", "maria", "helpdesk", "backup-svc", "temp"):
    db.newuser(user, PASSWORD)
db.newgroup("Server Team")
put(f"CN=Server Team,{USERS}", member=[f"CN=helpdesk,{USERS}"])
db.add_remove_group_members("Domain Admins", ["maria", "Server Team"])
put(f"CN=backup-svc,{USERS}", userAccountControl=512 | 65536, servicePrincipalName="backup/files1")
put(f"CN=temp,{USERS}", userAccountControl=512 | 32)
put(BASE, minPwdLength=14, pwdHistoryLength=24, lockoutThreshold=5)
for name in COMPUTERS:
    db.newcomputer(name)
    put(f"CN={name},CN=Computers,{BASE}", userAccountControl=4096, dNSHostName=f"{name}.corp.test")
(scan,) = db.search(BASE, expression="(sAMAccountName=scan)", attrs=["objectSid"])
ace = f"(A;CI;LCRPRC;;;{ndr_unpack(security.dom_sid, scan['objectSid'][0])})"
policies = f"CN=Password Settings Container,CN=System,{BASE}"
SDUtils(db).dacl_add_ace(policies, ace)
db.add({"dn": f"CN=Services,{policies}", "objectClass": "msDS-PasswordSettings",
        "msDS-PasswordSettingsPrecedence": "10", "msDS-MinimumPasswordLength": "8",
        "msDS-PasswordHistoryLength": "0", "msDS-PasswordComplexityEnabled": "TRUE",
        "msDS-PasswordReversibleEncryptionEnabled": "FALSE", "msDS-MinimumPasswordAge": "0",
        "msDS-MaximumPasswordAge": "-9223372036854775808", "msDS-LockoutThreshold": "0",
        "msDS-LockoutObservationWindow": "-18000000000", "msDS-LockoutDuration": "-18000000000"})
put(f"CN=Services,{policies}", msDS_PSOAppliesTo=[f"CN=backup-svc,{USERS}"])
"""
"""Python for inside the controller's root, after `domain_world.DATABASE` PASSWORD and COMPUTERS."""

CONFIG = """
hostname edge1
service password-encryption
enable secret 9 $9$not-a-real-hash
username admin privilege 15 password 7 0822455D0A16
username scan privilege 15 secret 9 $9$not-a-real-hash
no aaa new-model
no ip http server
interface GigabitEthernet0/0/0
 description uplink
 ip address 198.51.100.2 255.255.255.252
 ip nat outside
 ip access-group FROM-OUTSIDE in
interface GigabitEthernet0/0/1
 ip address 10.0.0.1 255.255.255.0
ip access-list extended FROM-OUTSIDE
 10 permit tcp any any established
 20 deny   ip any any log
snmp-server community public RO
logging host 10.0.0.9
ntp server 10.0.0.9
line con 0
 exec-timeout 5 0
 login local
line vty 0 4
 login local
 transport input telnet ssh
"""
"""Built from the vendor's documentation, with faults in it. No secret here is anybody's."""
