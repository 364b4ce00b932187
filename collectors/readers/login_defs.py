"""login.defs(5): what the shadow tools use for new accounts."""

from __future__ import annotations

from collectors.door import Host, Unseen, first

PATHS = ("/etc/login.defs", "/usr/etc/login.defs")


def read(host: Host) -> dict[str, tuple[str, str]]:
    """Each name that is set, with its value and "path:line".

    The last line of a name counts. Raises `Unseen`.
    """
    path = first(host, *PATHS)
    found = {}
    for number, line in enumerate(host.text(path).splitlines(), start=1):
        words = line.split(None, 1)
        if words and not words[0].startswith("#"):
            value = words[1].strip() if len(words) > 1 else ""
            found[words[0]] = (value.strip('"'), f"{path}:{number}")
    return found


def number(settings: dict[str, tuple[str, str]], name: str, default: int) -> tuple[int, str]:
    """A number and where it stands; the tools' own default where the name is unset or no number."""
    value, source = settings.get(name, ("", ""))
    try:
        return int(value, 0), source
    except ValueError:
        return default, source or f"{PATHS[0]}: {name} is not set"


def for_pam(host: Host, name: str) -> tuple[str, str] | None:
    """A value as PAM modules look it up. Raises `Unseen`."""
    try:
        path = first(host, *PATHS)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise
    return searched(host, path, name)


def searched(host: Host, path: str, name: str) -> tuple[str, str] | None:
    """A value of a file as PAM modules look it up: the first line counts, in any case of letters."""
    for number, line in enumerate(host.text(path).splitlines(), start=1):
        words = line.partition("#")[0].replace("=", " ").split(None, 1)
        if words and words[0].lower() == name.lower():
            return (words[1].strip() if len(words) > 1 else ""), f"{path}:{number}"
    return None
