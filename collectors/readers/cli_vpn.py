"""IKE policies and proposals, IPsec transform sets and profiles of IOS: the algorithms that they name."""

from __future__ import annotations

from typing import Final

from collectors.readers.cli_text import Line, starting

_IKE1: Final = (("encryption", "des"), ("hash", "sha"), ("group", "1"))
"""Of `crypto isakmp policy`: what is written, and the default where it is not."""
_IKE2: Final = ("encryption", "integrity", "prf", "group")
_WEAK: Final = frozenset({"des", "3des", "null", "md5", "group 1", "group 2", "group 5", "group 22"})


def algorithms(config: tuple[Line, ...]) -> dict[str, Line]:
    """Each algorithm ("ikev1 des", "ikev2 group 14", "ipsec esp-aes 256") and the command that names it."""
    found: dict[str, Line] = {}
    for line, rest in starting(config, "crypto isakmp policy"):
        if rest.isdecimal():
            found |= {f"ikev1 {name}": line for name in _policy(line)}
    for line, _ in starting(config, "crypto ikev2 proposal"):
        for kind in _IKE2:
            names = [name for _, rest in starting(line.under, kind) for name in rest.split()]
            found |= {f"ikev2 {_named(kind, name)}": line for name in names}
    for line, rest in starting(config, "crypto ipsec transform-set"):
        found |= {f"ipsec {name}": line for name in _transforms(rest.split()[1:])}
    for line, _ in [*starting(config, "crypto ipsec profile"), *starting(config, "crypto map")]:
        for _, rest in starting(line.under, "set pfs"):
            found[f"ipsec {_named('group', rest.removeprefix('group'))}"] = line
    return found


def is_weak(name: str) -> bool:
    """Whether an algorithm is broken or too short."""
    kind, _, rest = name.partition(" ")
    rest = rest.removesuffix(" (default)")
    if kind == "ipsec" and not rest.startswith("group "):
        return rest in ("esp-des", "esp-3des", "esp-null", "esp-md5-hmac", "ah-md5-hmac")
    return rest in _WEAK


def _policy(line: Line) -> list[str]:
    found = []
    for kind, default in _IKE1:
        written = starting(line.under, kind) or (starting(line.under, "encr") if kind == "encryption" else [])
        value = written[-1][1] if written else f"{default} (default)"
        found.append(_named(kind, value))
    return found


def _named(kind: str, value: str) -> str:
    return f"group {value}" if kind == "group" else value


def _transforms(words: list[str]) -> list[str]:
    """The transforms, a key's length with the one that it belongs to."""
    found: list[str] = []
    for word in words:
        if word.isdecimal() and found:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found
