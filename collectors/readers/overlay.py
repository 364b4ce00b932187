"""Folders of small files that are laid over one another: systemd's units and drop-ins, modprobe's settings.

A file in a higher folder hides its namesake below; a link to /dev/null or an empty file hides it and says
nothing itself. What is neither a file nor such a mask was put there by mistake or by malice: systemd releases
skip it, refuse the unit, or (a named pipe) stand still, so nothing is claimed about it.
"""

from __future__ import annotations

from collectors.door import Host, Unseen


def names(host: Host, folder: str) -> tuple[str, ...]:
    """The names in a folder; none where there is no such folder."""
    try:
        return host.list(folder)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return ()
        raise


def is_mask(host: Host, path: str) -> bool:
    """Whether a path that is listed hides its namesakes. A link that leads nowhere does: a root has no /dev.

    `malformed` where it is neither a file nor a mask.
    """
    seen = host.found(path)
    if seen is None or seen.kind == "device":
        return True
    if seen.kind != "file":
        raise Unseen("malformed", path, "not a regular file")
    return seen.size == 0


def text(host: Host, path: str) -> str:
    """What a listed file says, "" where it is a mask. `malformed` where it is neither."""
    try:
        return host.text(path)
    except Unseen as unseen:
        if unseen.reason in ("not_found", "malformed") and is_mask(host, path):
            return ""
        raise
