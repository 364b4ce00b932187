"""Backup programs, and the word by which each is found in timers and crontabs."""

from __future__ import annotations

from typing import Final

from collectors.readers.products import Product

KNOWN: Final = (
    Product("restic", ("restic",), ("/usr/bin/restic", "/usr/local/bin/restic"), ("restic",)),
    Product("resticprofile", ("resticprofile",),
        ("/usr/bin/resticprofile", "/usr/local/bin/resticprofile")),
    Product("borg", ("borgbackup", "borg"), ("/usr/bin/borg", "/usr/local/bin/borg"), ("borg",)),
    Product("borgmatic", ("borgmatic",),
        ("/usr/bin/borgmatic", "/usr/local/bin/borgmatic", "/etc/borgmatic"), ("borgmatic",)),
    Product("duplicity", ("duplicity",), ("/usr/bin/duplicity",), ("duplicity",)),
    Product("duply", ("duply",), ("/usr/bin/duply",)),
    Product("deja-dup", ("deja-dup",), ("/usr/bin/deja-dup",)),
    Product("rsnapshot", ("rsnapshot",), ("/usr/bin/rsnapshot",)),
    Product("rdiff-backup", ("rdiff-backup",), ("/usr/bin/rdiff-backup",)),
    Product("Kopia", ("kopia", "kopia-ui"), ("/usr/bin/kopia", "/usr/local/bin/kopia"), ("kopia",)),
    Product("Duplicati", ("duplicati",), ("/usr/lib/duplicati",)),
    Product("Timeshift", ("timeshift",), ("/usr/bin/timeshift",)),
    Product("Back In Time", ("backintime-common",), ("/usr/bin/backintime",)),
    Product("btrbk", ("btrbk",), ("/usr/bin/btrbk", "/usr/sbin/btrbk")),
    Product("sanoid", ("sanoid",), ("/usr/sbin/sanoid", "/usr/sbin/syncoid")),
    Product("zrepl", ("zrepl",), ("/usr/bin/zrepl",), ("zrepl",), ("zrepl.service",)),
    Product("Bacula", ("bacula-fd", "bacula-client"), ("/usr/sbin/bacula-fd",), ("bacula-fd",),
        ("bacula-fd.service",)),
    Product("Bareos", ("bareos-filedaemon",), ("/usr/sbin/bareos-fd",), ("bareos-fd",),
        ("bareos-fd.service", "bareos-filedaemon.service")),
    Product("Amanda", ("amanda-client",), ("/usr/lib/amanda/amandad",)),
    Product("BackupPC", ("backuppc",), ("/usr/share/backuppc",), ("BackupPC",), ("backuppc.service",)),
    Product("Burp", ("burp", "burp-client"), ("/usr/sbin/burp",)),
    Product("UrBackup", ("urbackup-client",),
        ("/usr/local/sbin/urbackupclientbackend", "/usr/sbin/urbackupclientbackend"),
        ("urbackupclientbackend",), ("urbackupclientbackend.service",)),
    Product("Proxmox Backup", ("proxmox-backup-client",), ("/usr/bin/proxmox-backup-client",)),
    Product("Veeam Agent", ("veeam", "veeam-libs"), ("/usr/bin/veeamconfig",), ("veeamservice",),
        ("veeamservice.service",)),
    Product("Acronis", (), ("/usr/lib/Acronis", "/opt/acronis"), ("acronis_mms", "mms"),
        ("acronis_mms.service",)),
    Product("Commvault", (), ("/opt/commvault",), ("cvd",)),
    Product("NetBackup", ("VRTSnbclt",), ("/usr/openv/netbackup",), ("bpcd", "nbdisco")),
    Product("Avamar", ("AvamarClient*",), ("/usr/local/avamar",), ("avagent.bin",)),
    Product("Rubrik", ("rubrik-agent",), ("/etc/rubrik",), ("backup_agent_main",)),
    Product("Cohesity", ("cohesity-agent",), ("/opt/cohesity/agent",), ("linux_agent.exe",)),
    Product("Druva", ("Druva*",), ("/opt/Druva",)),
    Product("CrashPlan", ("crashplan",), ("/usr/local/crashplan", "/opt/crashplan"), ("CrashPlanService",)),
    Product("pgBackRest", ("pgbackrest",), ("/usr/bin/pgbackrest",)),
    Product("Barman", ("barman", "barman-cli"), ("/usr/bin/barman",)),
)  # fmt: skip

STARTED_AS: Final = {
    "restic": "restic", "resticprofile": "resticprofile", "borg": "borg", "borgmatic": "borgmatic",
    "duplicity": "duplicity", "duply": "duply", "rsnapshot": "rsnapshot",
}  # fmt: skip
