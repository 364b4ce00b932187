"""Units: what our reader says, live and from the files, against what systemd has loaded and does at a boot."""

from collections.abc import Callable
from itertools import product

import pytest

from collectors.doors.root import Root
from collectors.readers.units import Unit
from tests.hosts.booted import Booted
from tests.hosts.questions import drop_ins, unit_states
from tests.hosts.systemd import Systemd, attempted, triggered

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

# Fragments put into a host before its boot. What becomes of each is systemd's word, not ours.
_SLEEP = "[Service]\nExecStart=/bin/sleep infinity\n"
_BOOT = "[Install]\nWantedBy=multi-user.target\n"
FILES = {
    "/etc/systemd/system/plain.service": _SLEEP + _BOOT,
    "/etc/systemd/system/aliased.service": _SLEEP + _BOOT + "Alias=other.service\n",
    "/etc/systemd/system/instance@.service": _SLEEP + _BOOT,
    "/etc/systemd/system/only-graphical.service": _SLEEP + "[Install]\nWantedBy=graphical.target\n",
    "/etc/systemd/system/only-rescue.service": _SLEEP + "[Install]\nWantedBy=rescue.target\n",
    "/etc/systemd/system/of-disabled.service": _SLEEP + "[Install]\nWantedBy=disabled.service\n",
    "/etc/systemd/system/disabled.service": _SLEEP + _BOOT,
    "/etc/systemd/system/of-plain.service": _SLEEP + "[Install]\nRequiredBy=plain.service\n",
    "/etc/systemd/system/by-file.service": _SLEEP,
    "/etc/systemd/system/by-drop-in.service": _SLEEP,
    "/etc/systemd/system/plain.service.d/pulls.conf": "[Unit]\nWants=by-drop-in.service \\\n  by-file.service\n",
    "/etc/systemd/system/plain.service.d/pulls-no-more.conf": "[Unit]\nWants=\n",
    "/usr/local/lib/systemd/system/local.service": _SLEEP + _BOOT,
    "/usr/lib/systemd/system/overridden.service": _SLEEP + _BOOT,
    "/etc/systemd/system/overridden.service": _SLEEP + "[Install]\nWantedBy=rescue.target\n",
    "/usr/lib/systemd/system/masked.service": _SLEEP + _BOOT,
    "/usr/lib/systemd/system/emptied.service": _SLEEP + _BOOT,
    "/usr/lib/systemd/system/masked-now.service": _SLEEP + _BOOT,
    "/usr/lib/systemd/system/enabled-now.service": _SLEEP + _BOOT,
    "/etc/systemd/system/failing.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n" + _BOOT,
    "/etc/systemd/system/conditional.service": "[Unit]\nConditionPathExists=/nowhere\n" + _SLEEP + _BOOT,
    "/etc/systemd/system/ticking.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    "/etc/systemd/system/ticking.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "/etc/systemd/system/stopped.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    "/etc/systemd/system/stopped.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
    "/etc/init.d/ancient": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: ancient\n# Required-Start:\n# Required-Stop:\n"
    "# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\nexit 0\n",
}
# Drop-ins of every name that a unit, an alias of it and an instance have: nearly all hide another, or are hidden.
FILES |= {
    f"/{folder}/systemd/system/{unit}.d/{name}.conf": f"[Service]\nEnvironment=FROM={unit}\n"
    for at, (folder, unit) in enumerate(
        product(
            ("etc", "usr/local/lib", "usr/lib"),
            ("of-plain.service", "of-.service", "plain.service", "other.service", "aliased.service", "service",
             "instance@.service", "instance@one.service", "instance@one-more.service", "instance@one-.service"),
        )
    )
    for name in ("50-same", f"{90 - at}-own")
}  # fmt: skip
LINKS = {
    "/etc/rc2.d/S01ancient": "../init.d/ancient",
    "/etc/rc3.d/S01ancient": "../init.d/ancient",
    "/etc/rc5.d/S01ancient": "../init.d/ancient",
    "/etc/systemd/system/plain.service.d/50-same.conf": "/dev/null",
    # No file is behind it.
    "/etc/systemd/system/multi-user.target.wants/gone.service": "/lib/systemd/system/gone.service",
    # Linked, but masked all the same.
    "/etc/systemd/system/multi-user.target.wants/masked.service": "/usr/lib/systemd/system/masked.service",
    "/etc/systemd/system/multi-user.target.wants/emptied.service": "/usr/lib/systemd/system/emptied.service",
}
ENABLED = (
    "plain aliased instance@one of-plain of-disabled only-graphical only-rescue local overridden failing"
    " conditional masked-now ticking.timer stopped.timer"
).split()
NAMED = (
    "sshd.service other.service instance@one.service instance@one-more.service"
    " instance@two.service ancient.service gone.service never-heard-of.service"
).split()
STARTED = set(
    "plain aliased other of-plain by-file by-drop-in local failing conditional masked-now instance@one ancient"
    " sshd ticking.timer stopped.timer".split()
)


@pytest.fixture(scope="module")
def odd(prepared: Callable[[], Booted]) -> Booted:
    """A host with every way to be started, or not, that an administrator may come upon; booted twice."""
    host = prepared()
    for path, text in FILES.items():
        host.write(path, text)
    for path, target in LINKS.items():
        link = host.root / path[1:]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    (host.root / "etc/init.d/ancient").chmod(0o755)
    (host.root / "etc/systemd/system/emptied.service").touch()
    (host.root / "etc/systemd/system/default.target").symlink_to("/lib/systemd/system/multi-user.target")
    host.boot()
    host.run("systemctl", "enable", *ENABLED)
    host.run("systemctl", "mask", "masked.service", "rsyslog.service", "apt-daily-upgrade.timer")
    host.run("systemctl", "disable", "cron.service")
    host.reboot()
    return host


def _compare(host: Booted, told: Systemd, names: list[str], ours: dict[str, Unit], volatile: bool) -> int:
    """How many answers agree; all must. A root holds no /run: units that only generators make are left out."""
    count = 0
    for name in names:
        unit, theirs = ours[name], told.by_name[name]
        if not volatile and theirs.fragment.startswith("/run/"):
            continue
        count += 2
        assert theirs.masked == unit.masked, (name, theirs, unit)
        assert told.starts(name, volatile) == unit.starts, (name, theirs, unit)
    return count


@pytest.mark.parametrize("kind", ["shipped", "odd"])
def test_every_unit(kind: str, request: pytest.FixtureRequest, release: str) -> None:
    """Started at boot, masked: our answer is systemd's for every unit, by each of its names, on both doors."""
    host: Booted = request.getfixturevalue(kind)
    told = Systemd(host, NAMED if kind == "odd" else ["sshd.service"])
    names = [*told.files, *told.asked]
    assert len(names) > 150
    live = _compare(host, told, names, host.ask(unit_states, names), volatile=True)
    files = _compare(host, told, names, unit_states(Root(host.root), names), volatile=False)
    print(f"{release}, {kind}: {live} answers live, {files} from files")


def test_drop_ins(odd: Booted, release: str) -> None:
    """Which drop-ins a unit has, and in which order, is systemd's answer for every unit that it loads."""
    told = Systemd(odd, NAMED)
    names = [name for name in [*told.files, *told.asked] if told.by_name[name].load == "loaded"]
    live, files = odd.ask(drop_ins, names), drop_ins(Root(odd.root), names)
    for name in names:
        theirs = [path.replace("/usr/lib/", "/lib/") for path in told.by_name[name].drop_ins]
        assert theirs == [path.replace("/usr/lib/", "/lib/") for path in live[name]], name
        kept = [path for path in theirs if not path.startswith("/run/")]
        assert kept == [path.replace("/usr/lib/", "/lib/") for path in files[name]], name
    assert len(live["of-plain.service"]) > 9
    print(f"{release}: drop-ins of {len(names)} units")


def test_expected(odd: Booted) -> None:
    """The odd units are what they were made to be: were all of them off, the test above would prove little."""
    told = Systemd(odd, NAMED)
    made = {path.rpartition("/")[2] for path in FILES if path.endswith((".service", ".timer"))}
    started = {name for name in (made | {*NAMED}) & told.by_name.keys() if told.starts(name)}
    assert STARTED == {name.removesuffix(".service") for name in started}


def test_next_boot(odd: Booted) -> None:
    """What was said to start did start, or was held up by what it says itself; nothing else did unasked."""
    told = Systemd(odd, NAMED)
    names = told.files
    said = odd.ask(unit_states, names)
    happened = attempted(odd)
    for name in (each for each in names if each.endswith((".service", ".timer"))):
        if said[name].starts:
            needed = [told.by_name[each].active for each in told.by_name[name].pulls if each in told.by_name]
            assert name in happened or "failed" in needed, (name, said[name])
        elif name in happened:
            assert triggered(odd, name), (name, said[name])


def test_state_of_now_is_not_kept(odd: Booted) -> None:
    """`--runtime`, start and stop change this moment alone: the reader tells the next boot, which then comes."""
    odd.run("systemctl", "mask", "--runtime", "--now", "masked-now.service")
    odd.run("systemctl", "enable", "--runtime", "--now", "enabled-now.service")
    odd.run("systemctl", "stop", "plain.service", "stopped.timer")
    odd.run("systemctl", "start", "disabled.service")
    names = [
        "masked-now.service",
        "enabled-now.service",
        "plain.service",
        "stopped.timer",
        "disabled.service",
    ]
    now = odd.ask(unit_states, names)
    assert now["masked-now.service"].masked
    assert {"masked-now.service", "plain.service", "stopped.timer"} == {n for n in names if now[n].starts}
    odd.reboot()
    active = {name for name in names if odd.says("systemctl", "is-active", name) == "active"}
    assert {"masked-now.service", "plain.service", "stopped.timer"} == active
