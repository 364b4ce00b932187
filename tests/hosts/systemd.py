"""What systemd itself says of its units: the truth that our reader is held to."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.hosts.booted import Booted

KINDS = (".service", ".socket", ".timer", ".path", ".target")
_PULLS = ("Wants", "Requires", "BindsTo", "Upholds")
_SHOWN = ("Id", "Names", "LoadState", "UnitFileState", "ActiveState", "FragmentPath", "DropInPaths", *_PULLS)


@dataclass(frozen=True)
class Told:
    """One unit as `systemctl show` tells it."""

    name: str
    names: tuple[str, ...]
    load: str
    file_state: str
    active: str
    fragment: str
    pulls: tuple[str, ...]
    drop_ins: tuple[str, ...]

    @property
    def masked(self) -> bool:
        """Masked now, or an alias of what is: systemd does not load such a one."""
        return self.load == "masked" or (self.load == "error" and self.file_state.startswith("masked"))


class Systemd:
    """Every unit of a host, by each of its names, and which of them a boot starts.

    `files` are all that have a file, `asked` further names to be asked for.
    """

    def __init__(self, host: Booted, asked: Sequence[str] = ()) -> None:
        self.asked = sorted(asked)
        listed = host.says("systemctl", "list-unit-files", "--no-legend", "--no-pager").splitlines()
        names = [line.split()[0] for line in listed]
        self.files = sorted(name for name in names if name.endswith(KINDS) and "@." not in name)
        self.by_name = {name: told for told in _shown(host, [*self.files, *asked]) for name in told.names}
        loaded = {name: told for told in _shown(host, ["*"]) for name in told.names}
        self.by_name = {**self.by_name, **loaded}
        in_run = host.says("sh", "-c", "ls /run/systemd/*/*.wants /run/systemd/*/*.requires").split()
        self._booted = {True: _reached(loaded, ()), False: _reached(loaded, in_run)}

    def starts(self, name: str, volatile: bool = True) -> bool:
        """Whether the default target pulls it in, as systemd itself has loaded it.

        Without `volatile`, what links in /run alone ask for is not counted.
        """
        told = self.by_name[name]
        return told.name in self._booted[volatile] and told.load == "loaded"


def attempted(host: Booted) -> set[str]:
    """The units that were started since the boot, or whose conditions were looked at for that."""
    text = host.says(
        "systemctl", "show", "--all", "--no-pager", "-p",
        "Id,Names,InactiveExitTimestampMonotonic,ConditionTimestampMonotonic", "--", "*",
    )  # fmt: skip
    found: set[str] = set()
    for block in text.split("\n\n"):
        said = dict(line.partition("=")[::2] for line in block.splitlines())
        if any(said.get(key, "0") != "0" for key in said if key.endswith("Monotonic")):
            found |= set(said["Names"].split())
    return found


def triggered(host: Booted, name: str) -> bool:
    """Whether something other than the default target starts a unit: a timer, a socket, the bus, another unit."""
    text = host.says("systemctl", "show", "--no-pager", "-p", "TriggeredBy,BusName,RequiredBy,WantedBy", name)
    return any(line.partition("=")[2] for line in text.splitlines())


def _shown(host: Booted, names: Sequence[str]) -> list[Told]:
    text = host.says("systemctl", "show", "--all", "--no-pager", "-p", ",".join(_SHOWN), "--", *names)
    found = []
    for block in text.split("\n\n"):
        said = dict(line.partition("=")[::2] for line in block.splitlines())
        pulls = tuple(name for key in _PULLS for name in said.get(key, "").split())
        names_of = tuple(said.get("Names", "").split()) or (said["Id"],)
        found.append(
            Told(said["Id"], names_of, said["LoadState"], said["UnitFileState"], said["ActiveState"],
                 said["FragmentPath"], pulls, tuple(said.get("DropInPaths", "").split()))
        )  # fmt: skip
    return found


def _reached(loaded: dict[str, Told], left_out: Sequence[str]) -> set[str]:
    waiting, seen = ["default.target"], set[str]()
    while waiting:
        told = loaded.get(waiting.pop())
        if told is not None and told.name not in seen and told.name not in left_out:
            seen.add(told.name)
            waiting += told.pulls if told.load == "loaded" else ()
    return seen
