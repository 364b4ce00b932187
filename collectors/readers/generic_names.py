"""Names of accounts that mostly stand for many people: a role, a place, a device, an image's own user.

The name is a sign, not a proof. A number behind it does not make it a person's: scanner02.
"""

import re

PATTERN = re.compile(
    r"(admin|administrator|user|users|shared?|guest|test|tester|testing|demo|temp|tmp|default|anonymous|office|"
    r"warehouse|dock|dockdoor|scanner|shipping|receiving|logistics|dispatch|yard|gate|guard|security|frontdesk|"
    r"reception|kiosk|operator|support|helpdesk|training|trainee|intern|student|staff|team|driver|forklift|lager|"
    r"invitado|gast|bodega|almacen|oficina|recepcion|accueil|magasin|entrepot|usuario|prueba|ubuntu|debian|"
    r"ec2-user|cloud-user|centos|fedora|vagrant|pi|opensuse|alpine|oracle-cloud|azureuser)[-_.]?\d*",
    re.IGNORECASE,
)
