"""Files of `name = value` lines with "#" comments, as libpwquality, pam_faillock and others read them."""

from __future__ import annotations

from collectors.door import Host


def read(host: Host, path: str) -> dict[str, tuple[str, str]]:
    """Each name of a file with its value and "path:line"; the last line of a name counts. Raises `Unseen`."""
    return {name: (value, source) for name, value, source in read_lines(host, path)}


def read_lines(host: Host, path: str) -> list[tuple[str, str, str]]:
    """Name, value and "path:line" of each line. Name and value are parted by blanks, by "=", or by both."""
    found = []
    for number, raw in enumerate(host.text(path).splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if line:
            end = next((index for index, letter in enumerate(line) if letter in "= \t"), len(line))
            found.append((line[:end], line[end:].strip().removeprefix("=").strip(), f"{path}:{number}"))
    return found
