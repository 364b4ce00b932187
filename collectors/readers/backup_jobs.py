"""Backup jobs, and when each last succeeded where that can be proven from what the tool itself left behind.

A successful run is shown by: borg's cache of files (written with each archive, not by init, prune or delete, which
change a repository too; see `borg_cache`), duplicity's manifests (written when a run is complete),
resticprofile's status file, rsnapshot's log (a failed run touches the newest snapshot all the same), Veeam's
sessions, and for everything else a marker that the company declares (/etc/boltseal/backup.d/*.toml). What is not
proven is None, never a guess: restic alone leaves nothing, since listing and forgetting snapshots write to its
cache and its repository too. Passwords inside addresses are cut out.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import addresses, borg_cache
from collectors.readers.localtime import to_utc

MARKERS: Final = "/etc/boltseal/backup.d/*.toml"
BORG_SECURITY: Final = "/root/.config/borg/security/*"
BORG_CACHE: Final = "/root/.cache/borg"
BORGMATIC: Final = ("/etc/borgmatic/config.yaml", "/etc/borgmatic.d/*.yaml", "/etc/borgmatic.d/*.yml")
DUPLICITY: Final = "/root/.cache/duplicity/*"
RESTICPROFILE: Final = (
    "/etc/resticprofile/profiles.*",
    "/root/profiles.*",
    "/root/.config/resticprofile/profiles.*",
)
RSNAPSHOT: Final = "/etc/rsnapshot.conf"
VEEAM_SESSIONS: Final = ("veeamconfig", "session", "list")

_BORG_PLAIN: Final = frozenset({0x02, 0x06, 0x07})  # plaintext, and the two that only authenticate
_BORGMATIC_REPOSITORY: Final = re.compile(r"-[ \t]+(?:path:[ \t]*)?[\"']?([^\s\"'#]+)")
_DUPLICITY_MANIFEST: Final = re.compile(
    r"duplicity-(?:full|inc\.\d{8}T\d{6}Z\.to)\.(\d{8}T\d{6}Z)\.manifest(?:\.gpg)?"
)
_STATUS_FILE: Final = re.compile(r"^[ \t]*\"?status-file\"?\s*[:=]\s*[\"']?([^\"'\n#]+)", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """One backup job. Fields are None where nothing proves them."""

    tool: str
    target: str | None = None
    off_host: bool | None = None
    encrypted: bool | None = None
    last_success_at: datetime | None = None
    schedule: str | None = None
    source: str = ""


def declared(host: Host) -> Iterator[Job]:
    """Jobs that the company declares, each with a file whose time is that of the last success."""
    for path in glob(host, MARKERS):
        try:
            given = tomllib.loads(host.text(path))
        except tomllib.TOMLDecodeError as error:
            raise Unseen("malformed", path, str(error)) from None
        moment = None
        marker = given.get("success_file")
        if isinstance(marker, str) and marker.startswith("/") and host.exists(marker):
            found = host.stat(marker)
            # A folder, such as a repository's snapshots, changes when something is taken out of it as well.
            moment = found.modified_at if found.kind == "file" else None
        target = given.get("target") if isinstance(given.get("target"), str) else None
        yield Job(
            str(given.get("tool", "declared")),
            addresses.plain(target) if target else None,
            _bool(given.get("off_host"), addresses.is_away(target) if target else None),
            _bool(given.get("encrypted"), None),
            moment,
            str(given["schedule"]) if "schedule" in given else None,
            path,
        )


def borg(host: Host) -> Iterator[Job]:
    """Repositories that borgmatic is set up with; without it, the one that borg wrote to last."""
    known = {job.target: job for job in _borg_repositories(host)}
    wanted = [(address, path) for path in _files(host, BORGMATIC) for address in _borgmatic(host.text(path))]
    for address, path in wanted:
        place = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]*", re.escape(addresses.plain(_canonical(address)))))
        seen = next((job for target, job in known.items() if target and place.fullmatch(target)), None)
        moment, encrypted = (seen.last_success_at, seen.encrypted) if seen else (None, None)
        yield Job(
            "borgmatic", addresses.plain(address), addresses.is_away(address), encrypted, moment, None, path
        )
    if not wanted and known:
        yield max(known.values(), key=lambda job: (job.last_success_at is not None, str(job.last_success_at)))


def duplicity(host: Host) -> Iterator[Job]:
    """Every archive by its local manifests."""
    for folder in glob(host, DUPLICITY):
        names = [_DUPLICITY_MANIFEST.fullmatch(name) for name in host.list(folder)]
        moments = [match[1] for match in names if match]
        if moments:
            moment = datetime.strptime(max(moments), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            yield Job("duplicity", None, None, None, moment, None, folder)


def resticprofile(host: Host) -> Iterator[Job]:
    """Every profile of a status file with a backup that succeeded or failed."""
    for path in _files(host, RESTICPROFILE):
        for name in _STATUS_FILE.findall(host.text(path)):
            where = name.strip() if name.startswith("/") else f"{path.rpartition('/')[0]}/{name.strip()}"
            if not host.exists(where):
                yield Job("resticprofile", None, None, True, None, None, path)
                continue
            for profile, told in _profiles(host.text(where), where):
                moment = _moment(str(told.get("time", ""))) if told.get("success") is True else None
                yield Job("resticprofile", f"profile {profile}", None, True, moment, None, where)


def rsnapshot(host: Host) -> Iterator[Job]:
    """The snapshot root, and the last run of its first interval that its log calls successful."""
    if not host.exists(RSNAPSHOT):
        return
    lines = [line.split("\t") for line in host.text(RSNAPSHOT).splitlines() if line[:1] not in ("#", "")]
    words = [[word for word in line if word.strip()] for line in lines]
    given = {line[0]: line[1].strip() for line in reversed(words) if len(line) > 1}
    root, first = given.get("snapshot_root"), given.get("retain", given.get("interval"))
    if root and first:
        run = "sync" if given.get("sync_first") == "1" else first
        moment = _rsnapshot_success(host, given.get("logfile", ""), run)
        yield Job("rsnapshot", root, None, None, moment, None, RSNAPSHOT)


def _rsnapshot_success(host: Host, log: str, run: str) -> datetime | None:
    """The last `[2026-11-24T04:00:09] /usr/bin/rsnapshot alpha: completed successfully`, in the host's time."""
    pattern = re.compile(
        rf"^\[(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d)\] .*\b{re.escape(run)}: completed successfully$",
        re.MULTILINE,
    )
    for path in (log, f"{log}.1"):
        if log.startswith("/") and host.exists(path) and (ends := pattern.findall(host.text(path))):
            return to_utc(host, datetime.fromisoformat(ends[-1]))
    return None


def veeam(host: Host) -> Iterator[Job]:
    """The last finished session of each job."""
    if host.offline or not host.exists("/usr/bin/veeamconfig"):
        return
    latest: dict[str, datetime] = {}
    for line in host.run(VEEAM_SESSIONS).text.splitlines():
        name, state, finished = _session(line)
        moment = _moment(finished) if state in ("Success", "Warning") else None
        if moment:
            utc = to_utc(host, moment.replace(tzinfo=None))
            latest[name] = max(utc, latest.get(name, utc))
    for name, moment in sorted(latest.items()):
        yield Job("Veeam Agent", f"job {name}", None, None, moment, None, " ".join(VEEAM_SESSIONS))


def _session(line: str) -> tuple[str, str, str]:
    """Job, state and end of a line: `Job name  Backup  {id}  Success  2026-11-23 01:00  2026-11-23 01:20`."""
    words = line.split()
    at = next((at for at, word in enumerate(words) if word.startswith("{")), 0)
    if at < 2 or words[at - 1] != "Backup" or len(words) != at + 6:
        return "", "", ""
    return " ".join(words[: at - 1]), words[at + 1], " ".join(words[at + 4 :])


def _borg_repositories(host: Host) -> Iterator[Job]:
    for folder in glob(host, BORG_SECURITY):
        location, key = f"{folder}/location", f"{folder}/key-type"
        if not host.exists(location):
            continue
        address = host.text(location).strip()
        kind = host.text(key).strip() if host.exists(key) else ""
        encrypted = int(kind) not in _BORG_PLAIN if kind.isdecimal() else None
        cache = f"{BORG_CACHE}/{folder.rpartition('/')[2]}"
        moment = borg_cache.archived_at(host, cache)
        yield Job(
            "borg", addresses.plain(address), addresses.is_away(address), encrypted, moment, None, cache
        )


def _canonical(address: str) -> str:
    """`user@host:path` as borg notes it: ssh://user@host/./path."""
    match = re.fullmatch(r"((?:[^@/:]+@)?[^@/:]+):(?!//)(.+)", address)
    if not match or address.startswith("/"):
        return address
    place = match[2] if match[2].startswith("/") else f"/{'' if match[2].startswith('~') else './'}{match[2]}"
    return f"ssh://{match[1]}{place}"


def _borgmatic(text: str) -> list[str]:
    """The repositories of a borgmatic file: the list below `repositories:`."""
    found: list[str] = []
    depth: int | None = None
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if depth is None:
            depth = indent if bare == "repositories:" else None
        elif indent < depth or (indent == depth and not bare.startswith("-")):
            break
        elif match := _BORGMATIC_REPOSITORY.match(bare):
            found.append(match[1])
    return found


def _profiles(text: str, source: str) -> list[tuple[str, dict[str, object]]]:
    try:
        profiles = json.loads(text)["profiles"]
        return [(name, told["backup"]) for name, told in sorted(profiles.items()) if "backup" in told]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unseen("malformed", source) from None


def _moment(text: str) -> datetime | None:
    """An ISO time; one without a zone is UTC, as borg writes it."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _files(host: Host, patterns: tuple[str, ...]) -> list[str]:
    return [path for pattern in patterns for path in glob(host, pattern)]


def _bool(value: object, default: bool | None) -> bool | None:
    return value if isinstance(value, bool) else default
