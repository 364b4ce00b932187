"""Rules of Windows Firewall as the registry holds them: `v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|`.

The grammar is that of [MS-GPFAS] 2.2.2.19; its words are the same in every language. A rule is compared with a socket:
it fits, does not, or cannot be decided here (a service inside svchost.exe, a package, an interface, a user, a word that
is in no grammar). What a condition means that stands in no document is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, Literal

Answer = Literal["yes", "no", "unsure"]
PROTOCOLS: Final = {"tcp": "6", "udp": "17"}
PROFILES: Final = ("domain", "private", "public")
KNOWN_PORTS: Final = {"rpc-epmap": 135, "iphttpsin": 443, "iptlsin": 443, "mdns": 5353}
"""Words for a port whose number is fixed; what others stand for (RPC, Teredo …) is found out while the machine runs."""
PACKAGES: Final = ("\\windowsapps\\", "\\systemapps\\")
"""Where programs lie that come as packages: rules about packages concern no others."""
_SAYS_NOTHING: Final = frozenset(
    "action active dir profile protocol lport lport2_10 lport2_20 lport2_24 lport2_25 lport2_29 name desc embedctxt"
    " edge defer lsm lom skipver platform platform2 ra4 ra6 ra42 ra62 app svc apppkgid pcross".split()
)
"""Words that limit nothing, or that are judged below; any other word leaves a rule undecided."""
_PORTS: Final = ("lport", "lport2_10", "lport2_20", "lport2_24", "lport2_25", "lport2_29")
_REMOTE: Final = ("ra4", "ra6", "ra42", "ra62")
_REMOTE_WORDS: Final = frozenset(_REMOTE)
_HALF_OF_ALL: Final = 2**31


@dataclass(frozen=True)
class Asked:
    """A socket, and the programs that may own it: full paths in small letters, empty where nobody may see them."""

    protocol: str
    port: int
    process: str | None
    programs: tuple[str, ...] = ()

    @property
    def is_packaged(self) -> bool:
        """Whether a program came as a package: such have further rules of their own, which are not read."""
        return any(place in one for place in PACKAGES for one in self.programs)


@dataclass(frozen=True)
class Rule:
    """An active rule for what comes in: `action` allow, block or bypass; `profiles` those in which it holds."""

    action: str
    profiles: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    @property
    def remote(self) -> Literal["anyone", "some", "unsure"]:
        """Who is meant: anyone, or some; unsure where a word names addresses that only the running machine knows."""
        told = [one for name in _REMOTE for one in self.words.get(name, ())]
        if not told or any(_is_half_of_all(one) for one in told):
            return "anyone"
        return "unsure" if any(one.lower() == "internet" for one in told) else "some"

    def fits(self, asked: Asked) -> Answer:
        """Whether it is about this socket."""
        if self.words.get("protocol", (PROTOCOLS[asked.protocol],)) != (PROTOCOLS[asked.protocol],):
            return "no"
        answers = [self._port(asked.port), self._program(asked), self._package(asked)]
        if "no" in answers:
            return "no"
        limited = not _SAYS_NOTHING.issuperset(self.words) or not self._is_of_this_windows()
        return "unsure" if limited or "unsure" in answers else "yes"

    def _port(self, port: int) -> Answer:
        told = [one for name in _PORTS for one in self.words.get(name, ())]
        if not told:
            return "yes"
        answers = {_holds(one, port) for one in told}
        return "yes" if "yes" in answers else "unsure" if "unsure" in answers else "no"

    def _program(self, asked: Asked) -> Answer:
        """The program by its path. What runs a service is shared by many: which of them it is cannot be seen."""
        app = self.words.get("app", ("",))[0].lower()
        service = self.words.get("svc", ("*",))[0]
        if app == "*":
            app = ""
        here = _is_program(app, asked) if app else "yes"
        return "unsure" if here == "yes" and service != "*" else here

    def _package(self, asked: Asked) -> Answer:
        if "apppkgid" not in self.words:
            return "yes"
        if asked.programs and not asked.is_packaged:
            return "no"
        return "unsure"

    def _is_of_this_windows(self) -> bool:
        """Windows 10 and later call themselves 10.0; "this version or later" is the only comparison there is."""
        told = self.words.get("platform", ())
        if not told:
            return True
        versions = [one.split(":")[1:2] for one in told]
        plain = all(one and one[0].isdecimal() and int(one[0]) <= 10 for one in versions)
        return plain and self.words.get("platform2", ("",))[0].upper() == "GTEQ"


def parse(text: str) -> Rule | None:
    """An active rule for what comes in; None for one that is off or about what goes out.

    A text that is no rule, or that says a thing twice that may be said once, is one that fits nothing surely.
    """
    version, *fields = text.strip().strip("|").split("|")
    words: dict[str, tuple[str, ...]] = {} if version[:1] == "v" else {"?": (version[:40],)}
    for field in fields:
        name, equals, told = field.partition("=")
        key = name.strip().lower() if equals else "?"
        words[key] = (*words.get(key, ()), told.strip())
    if words.get("active", ("FALSE",))[-1].upper() != "TRUE" and "?" not in words:
        return None
    if words.get("dir", ("In",)) not in (("In",), ("IN",), ("in",)):
        return None
    action = words.get("action", ("",))[0].lower()
    if len(words.get("action", ())) != 1 or "dir" not in words or action not in ("allow", "block", "bypass"):
        words["?"] = ("no action or direction",)
    profiles = tuple(one.lower() for one in words.get("profile", ())) or PROFILES
    return Rule(action, profiles, words)


def reach(rules: Iterable[Rule], asked: Asked, is_open: bool) -> str | None:
    """Who reaches a socket in one profile: anyone, some, nobody; None where a rule that is not decided counts.

    A rule that blocks wins over one that allows. `is_open`: what no rule names is let in.
    """
    answers = [(one, one.fits(asked)) for one in rules]
    about = [(one, answer) for one, answer in answers if answer != "no"]
    blocks = [(one, answer) for one, answer in about if one.action == "block"]
    if any(answer == "yes" and not _REMOTE_WORDS.intersection(one.words) for one, answer in blocks):
        return "nobody"
    allows = [(one, answer) for one, answer in about if one.action != "block"]
    sure = [one for one, answer in allows if answer == "yes" and one.action == "allow"]
    if is_open or any(one.remote == "anyone" for one in sure):
        return None if blocks else "anyone"
    if len(sure) < len(allows) or any(one.remote == "unsure" for one in sure):
        return None
    if sure:
        return None if blocks else "some"
    return None if asked.is_packaged else "nobody"


def _holds(told: str, port: int) -> Answer:
    """Whether a port, a range of ports or a word for one is this port."""
    first, dash, last = told.partition("-")
    if first.isdecimal() and (not dash or last.isdecimal()):
        return "yes" if int(first) <= port <= int(last or first) else "no"
    known = KNOWN_PORTS.get(told.lower())
    if known is not None:
        return "yes" if known == port else "no"
    return "unsure"


def _is_program(app: str, asked: Asked) -> Answer:
    """A path with %variables% is compared by what follows them, a bare name (System) as the process's."""
    name = app.rpartition("\\")[2]
    if asked.process is None:
        return "unsure"
    if name not in (asked.process.lower(), asked.process.lower().removesuffix(".exe")):
        return "no"
    if "\\" not in app:
        return "yes"
    tail = app.rpartition("%")[2]
    fits = {one.endswith(tail) if "%" in app else one == app for one in asked.programs}
    return "unsure" if len(fits) != 1 else "yes" if True in fits else "no"


def _is_half_of_all(told: str) -> bool:
    """Addresses that are so many that nearly everybody is meant."""
    first, dash, last = told.partition("-")
    try:
        if dash:
            low, high = ip_address(first), ip_address(last)
            return int(high) - int(low) >= _HALF_OF_ALL * (1 if low.version == 4 else 2**96)
        return ip_network(told, strict=False).prefixlen <= 1
    except ValueError:
        return False
