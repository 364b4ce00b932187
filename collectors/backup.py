"""Backups: which tools are there, which jobs they have, when each job last succeeded.

A tool that is installed has backed up nothing yet: only a proven success gives `last_success_at`, see
`readers.backup_jobs`. For any other tool the company writes /etc/boltseal/backup.d/NAME.toml: `tool`, `target`,
`success_file` (a file that the job touches when it succeeded) and, if they cannot be told from the target,
`off_host`, `encrypted`, `schedule`.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen, rfc3339
from collectors.readers import backup_jobs, backup_products, layers, products, schedules
from collectors.readers.backup_jobs import Job

FACTS = {
    "backup.tools": Fact("list[str]", "backup programs that are installed or run"),
    "backup.jobs": Fact(
        "records{tool: str, target: str?, off_host: bool?, encrypted: bool?, last_success_at: time?, schedule: str?}",
        "backup jobs; last_success_at is null where no success is proven, schedule empty where nothing starts it",
    ),
}
NETWORK_KINDS: Final = frozenset(
    "nfs nfs4 cifs smb3 ceph glusterfs lustre afs davfs"
    " fuse.sshfs fuse.rclone fuse.s3fs fuse.glusterfs fuse.cephfs fuse.davfs2".split()
)
QUESTIONS: Final = (
    backup_jobs.borg,
    backup_jobs.duplicity,
    backup_jobs.resticprofile,
    backup_jobs.rsnapshot,
    backup_jobs.veeam,
)


def collect(host: Host) -> Findings:
    """Tools by package, path or process; jobs by what each tool left behind."""
    findings = Findings()
    findings.look("backup.tools", _tools, host)
    findings.look("backup.jobs", _jobs, host)
    return findings


def _tools(host: Host) -> Seen:
    found = list(products.found(host, backup_products.KNOWN))
    sources = [f"{one.product.name}: {one.source}" for one in found]
    return Seen(
        [one.product.name for one in found],
        *(sources or ["installed packages", "/usr/bin, /opt", "processes"]),
    )


def _jobs(host: Host) -> Seen:
    found = list(backup_jobs.declared(host))
    for question in QUESTIONS:
        found += question(host)
    records = [record(host, job) for job in found]
    places = (
        backup_jobs.MARKERS,
        backup_jobs.BORG_SECURITY,
        *backup_jobs.BORGMATIC[:1],
        backup_jobs.DUPLICITY,
    )
    return Seen(sorted(records, key=str), *(job.source for job in found), *places)


def record(host: Host, job: Job) -> Json:
    """A job as `backup.jobs` tells it: what starts it and whether it leaves the host, as far as that is seen."""
    schedule = job.schedule
    if schedule is None and job.tool in backup_products.STARTED_AS:
        schedule = schedules.starting(host, backup_products.STARTED_AS[job.tool])
    off_host = job.off_host
    if job.target and job.target.startswith("/") and not off_host:
        off_host = _on_network(host, job.target)
    return {
        "tool": job.tool,
        "target": job.target,
        "off_host": off_host,
        "encrypted": job.encrypted,
        "last_success_at": rfc3339(job.last_success_at) if job.last_success_at else None,
        "schedule": schedule,
    }


def _on_network(host: Host, path: str) -> bool | None:
    """Whether a local path lies on a filesystem of another host; None where that is not seen, or mounted on demand."""
    try:
        mount = layers.holder(host.mounts(), f"{path.rstrip('/')}/")
    except Unseen:
        return None
    if mount is None or mount.kind == "autofs":
        return None if mount else False
    return mount.kind in NETWORK_KINDS
