"""The door to Windows: what its answers mean, and how its questions end on a machine that is none or a made-up one.

The same door runs on the registry, services and COM of Wine in tests/windows.
"""

import ctypes
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import psutil
import pytest

from collectors.door import Unseen
from collectors.door_windows import number, row, service, subkeys, truth, value, whole
from collectors.doors import (
    running,
    windows_answers,
    windows_cim,
    windows_events,
    windows_net,
    windows_registry,
    windows_tools,
)
from collectors.doors.windows import Windows
from tests.collectors.twin_windows import twin


def reason(ask: Callable[[], object]) -> str:
    """Why a question had no answer."""
    with pytest.raises(Unseen) as caught:
        ask()
    return caught.value.reason


@pytest.mark.parametrize(
    ("told", "kind", "wanted"),
    [
        (None, 8, None),
        (True, 11, True),
        (7, 19, 7),
        ("512105932800", 21, 512105932800),
        ("512105932800", windows_answers.NO_KIND, "512105932800"),
        ("20261124045956.123000+060", 101, "2026-11-24T03:59:56Z"),
        ("20261124045956.000000-480", 101, "2026-11-24T12:59:56Z"),
        ("00000008000000.000000:000", 101, None),
        ((3, 4, "x"), 18, (3, 4, "x")),
        ("管理员", 8, "管理员"),
    ],
)
def test_cells(told: object, kind: int, wanted: object) -> None:
    """Numbers are numbers whatever they travel as, times are RFC 3339 in UTC, intervals are no times."""
    assert wanted == windows_answers.cell(told, kind, "x")


def test_cells_that_are_none() -> None:
    """What is no number, no time, or without end is an answer of nothing."""
    assert reason(lambda: windows_answers.cell("many", 20, "x")) == "malformed"
    assert reason(lambda: windows_answers.cell("20269924045956.123000+060", 101, "x")) == "malformed"
    assert reason(lambda: windows_answers.cell("x" * 100_000, 8, "x")) == "too_large"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [(5, "permission_denied"), (2, "not_found"), (2140, "unsupported"), (87, "malformed")],
)
def test_numbers_of_errors(error: int, wanted: str) -> None:
    """Error numbers say why; one that nobody knows is malformed."""
    assert windows_answers.unseen(error, "x").reason == wanted


def test_numbers_of_com() -> None:
    """COM's numbers come with a sign; an unknown namespace or class is not found."""
    assert windows_answers.unseen_com(-2147217394, "x").reason == "not_found"
    assert windows_answers.unseen_com(0x80041003, "x").reason == "permission_denied"
    assert windows_answers.unseen_com(0, "x").reason == "malformed"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_policy_text(encoding: str) -> None:
    """An exported policy in both encodings; a tool that wrote nothing has told nothing."""
    assert "Gast" in windows_answers.policy_text('NewGuestName = "Gast"'.encode(encoding), "x")
    assert reason(lambda: windows_answers.policy_text(b"", "x")) == "malformed"


def test_elsewhere() -> None:
    """On a machine that is no Windows every question ends with a reason, and none with an error."""
    host = Windows()
    asked = [host.password_rules, host.lockout_rules, host.users, lambda: host.members("S-1-5-32-544")]
    asked += [lambda: host.audited(()), host.updates, lambda: host.rows("root/CIMV2", "X", ("A",))]
    if sys.platform != "win32":
        assert {reason(ask) for ask in asked} == {"unsupported", "tool_missing"}


def test_budget() -> None:
    """Nothing is asked once the budget is spent; what was answered before is kept, and so is why something was not."""
    host = Windows(budget_seconds=60)
    if sys.platform != "win32":
        assert [reason(host.users), reason(host.users)] == ["unsupported", "unsupported"]
    assert reason(Windows(budget_seconds=0).users) == "budget_spent"


class _Key(SimpleNamespace):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up winreg with one key and one that may not be read."""
    made: Any = ModuleType("winreg")
    values = [("Start", 2, 4), ("Many", ["a", "b"], 7), ("Raw", b"\1", 3), ("None", None, 0), ("T", "x", 1)]

    def open_key(hive: str, path: str, reserved: int, access: int) -> _Key:
        assert (hive, reserved, access) == ("machine", 0, 0x20119)
        if path == "denied":
            raise PermissionError(13, "denied", None, 5)
        if "here" not in path.lower():
            raise FileNotFoundError(2, "gone", None, 2)
        return _Key(path=path)

    made.HKEY_LOCAL_MACHINE, made.HKEY_USERS = "machine", "users"
    made.KEY_READ, made.KEY_WOW64_64KEY, made.OpenKey = 0x20019, 0x100, open_key
    made.QueryInfoKey = lambda key: (99_999 if key.path.endswith("big") else 2, len(values), 0)
    made.EnumValue, made.EnumKey = lambda key, at: values[at], lambda key, at: f"key{1 - at}"
    monkeypatch.setitem(sys.modules, "winreg", made)


@pytest.mark.usefixtures("registry")
def test_registry() -> None:
    """Values have types, keys are sorted and bounded, and why a key was not read is told."""
    host = Windows()
    found = host.values(r"HKLM\here")
    assert found == {"Start": 2, "Many": ("a", "b"), "Raw": b"\1", "None": b"", "T": "x"}
    assert host.subkeys(r"HKLM\here") == ("key0", "key1")
    assert reason(lambda: host.subkeys(r"HKLM\here\big")) == "too_large"
    assert reason(lambda: host.values(r"HKLM\gone")) == "not_found"
    if sys.platform == "win32":
        assert reason(lambda: host.values(r"HKLM\denied")) == "permission_denied"


@pytest.mark.usefixtures("registry")
def test_registry_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose values are too long together is too large, whatever their number."""
    monkeypatch.setattr(windows_registry, "KEY_MAX_BYTES", 4)
    assert len(windows_registry.values(r"HKLM\here")) == 5
    monkeypatch.setattr(windows_registry, "KEY_MAX_BYTES", 3)
    assert reason(lambda: windows_registry.values(r"HKLM\here")) == "too_large"


class _LogError(Exception):
    def __init__(self, number: int) -> None:
        self.winerror = number


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A made-up event log: `events` as XML, `asked` what was asked, `error` what is raised."""
    made = SimpleNamespace(events=[], asked=[], error=0)

    def query(*words: object) -> str:
        made.asked.append(words)
        if made.error:
            raise _LogError(made.error)
        return "query"

    library: Any = ModuleType("win32evtlog")
    library.EvtQuery, library.EvtNext = query, lambda handle, count, *rest: made.events[:count]
    library.EvtRender = lambda event, kind: event
    types: Any = ModuleType("pywintypes")
    types.error = _LogError
    monkeypatch.setitem(sys.modules, "win32evtlog", library)
    monkeypatch.setitem(sys.modules, "pywintypes", types)
    return made


def test_events(log: SimpleNamespace) -> None:
    """The newest event is asked for by number and level; none, no channel and an event without a time differ."""
    assert Windows().newest_event("Veeam Agent", (190,), (4,)) is None
    wanted = "*[System[(EventID=190) and (Level=4)]]"
    assert log.asked == [("Veeam Agent", 0x201, wanted)]
    log.events = ["<Event><System><TimeCreated SystemTime='2026-11-24T01:10:00.1234567Z'/></System></Event>"]
    assert windows_events.newest("X", (4, 5), ()) == "2026-11-24T01:10:00Z"
    assert log.asked[-1][2] == "*[System[(EventID=4 or EventID=5)]]"
    log.events = ["<Event/>"]
    assert reason(lambda: windows_events.newest("X", (4,), ())) == "malformed"
    log.error = 15007
    assert reason(lambda: windows_events.newest("X", (4,), ())) == "not_found"
    log.error = 5
    assert reason(lambda: windows_events.newest("X", (4,), ())) == "permission_denied"
    log.error = 259
    assert windows_events.newest("X", (4,), ()) is None


def test_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that writes nothing, fails, takes too long or is not there has told nothing."""
    ends = SimpleNamespace(returncode=0, stdout=b"Pr\x84zision: -23")
    monkeypatch.setattr(subprocess, "run", lambda *words, **settings: ends)
    assert windows_tools.clock_status(10) == "Pr\ufffdzision: -23"
    assert reason(lambda: windows_tools.security_policy(10)) == "malformed"
    ends.stdout = b"\r\n"
    assert reason(lambda: windows_tools.clock_status(10)) == "malformed"
    ends.returncode = -2147024891
    assert reason(lambda: windows_tools.clock_status(10)) == "permission_denied"
    assert reason(lambda: windows_tools.security_policy(10)) == "permission_denied"

    def late(*words: object, **settings: Any) -> None:
        raise subprocess.TimeoutExpired("w32tm", settings["timeout"])

    monkeypatch.setattr(subprocess, "run", late)
    assert reason(Windows().clock_status) == "timeout"


def test_files() -> None:
    """Only plain files on a drive are looked at: never another machine's, which would be asked with our rights."""
    host = Windows()
    for path in (r"\\server\share\x", r"\\?\C:\x", r"C:x", "x", r"C:\x:stream", r"\\.\pipe\x"):
        assert reason(partial(host.modified_at, path)) == "unsupported"
    assert reason(lambda: host.modified_at(r"C:\nowhere\x")) == "not_found"


def test_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket at all is no answer: Windows' endpoint mapper always waits."""
    monkeypatch.setattr(running, "sockets", lambda: ())
    assert reason(Windows().sockets) == "malformed"


def test_time_is_asked_between_rounds() -> None:
    """What loops is ended by the budget too."""
    Windows(budget_seconds=60).in_time("x")
    assert reason(lambda: Windows(budget_seconds=0).in_time("x")) == "budget_spent"


@pytest.mark.usefixtures("registry")
def test_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start type is the registry's number, the state its manager's word, which is not translated."""
    state = SimpleNamespace(status=lambda: "running")
    monkeypatch.setitem(vars(psutil), "win_service_get", lambda name: state)
    assert Windows().service("here") == (True, "automatic")
    assert reason(lambda: Windows().service("gone")) == "not_found"


class _Error(Exception):
    def __init__(self, number: int) -> None:
        self.hresult, self.excepinfo = -2147352567, (0, None, None, None, 0, number)


@pytest.fixture
def com(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A made-up COM: what Dispatch gives, by name."""
    given: dict[str, Any] = {}
    pythoncom: Any = ModuleType("pythoncom")
    pythoncom.com_error, pythoncom.CoInitialize, pythoncom.CoUninitialize = _Error, lambda: None, lambda: None
    client: Any = ModuleType("win32com.client")
    client.Dispatch = lambda name: given[name]()
    monkeypatch.setitem(sys.modules, "pythoncom", pythoncom)
    monkeypatch.setitem(sys.modules, "win32com", ModuleType("win32com"))
    monkeypatch.setitem(sys.modules, "win32com.client", client)
    return given


def _class(rows: list[dict[str, tuple[object, int]]], asked: list[object]) -> Callable[[], Any]:
    def query(*words: object) -> list[Any]:
        asked.extend(words)
        cells = (
            {name: SimpleNamespace(Value=told, CIMType=kind) for name, (told, kind) in one.items()}
            for one in rows
        )
        return [SimpleNamespace(Properties_=SimpleNamespace(Item=cell.__getitem__)) for cell in cells]

    service = SimpleNamespace(ExecQuery=query, Security_=SimpleNamespace(AuthenticationLevel=0))
    return lambda: SimpleNamespace(ConnectServer=lambda *words: service)


def test_classes(com: dict[str, Any]) -> None:
    """A class is asked for named properties, and its provider is told the context beside the query."""
    asked: list[object] = []
    com["WbemScripting.SWbemLocator"] = _class([{"A": ("1", 21), "B": (None, 8)}], asked)
    com["WbemScripting.SWbemNamedValueSet"] = lambda: SimpleNamespace(Add=lambda *words: asked.append(words))
    found = windows_cim.rows("root/X", "Y", ("A", "B"), "C=1", {"PolicyStore": "ActiveStore"})
    assert found == ({"A": 1, "B": None},)
    assert asked[0] == ("PolicyStore", "ActiveStore")
    assert asked[1] == "SELECT A, B FROM Y WHERE C=1"


def test_classes_that_fail(com: dict[str, Any]) -> None:
    """An error of COM is told by its inner number, a slow provider by time, a strange answer as malformed."""

    def fail() -> Any:
        raise _Error(-2147217392)

    com["WbemScripting.SWbemLocator"] = fail
    assert reason(lambda: windows_cim.rows("root/X", "Y", ("A",), "", None)) == "not_found"
    com["WbemScripting.SWbemLocator"] = SimpleNamespace
    assert reason(lambda: windows_cim.rows("root/X", "Y", ("A",), "", None)) == "malformed"
    com["WbemScripting.SWbemLocator"] = lambda: time.sleep(0.5)
    assert reason(lambda: windows_cim.rows("root/X", "Y", ("A",), "", None, 0.05)) == "timeout"
    started = time.monotonic()
    assert reason(lambda: Windows(budget_seconds=0.05).rows("root/X", "Y", ("A",))) == "timeout"
    assert time.monotonic() - started < 0.4


def test_updates(com: dict[str, Any]) -> None:
    """The agent is kept from asking a server; a search with errors is no answer, a date of 1899 is none."""
    update = SimpleNamespace(
        KBArticleIDs=["5046633"],
        Categories=[SimpleNamespace(CategoryID="AB")],
        CveIDs=["CVE-1"],
        IsHidden=False,
    )
    result = SimpleNamespace(ResultCode=2, Updates=[update])
    searcher = SimpleNamespace(Online=True, Search=lambda words: result)
    moment = SimpleNamespace(year=2026, strftime=lambda form: "2026-11-24T05:00:00Z")
    dates = SimpleNamespace(
        LastSearchSuccessDate=moment, LastInstallationSuccessDate=SimpleNamespace(year=1899)
    )
    com["Microsoft.Update.Session"] = lambda: SimpleNamespace(CreateUpdateSearcher=lambda: searcher)
    com["Microsoft.Update.AutoUpdate"] = lambda: SimpleNamespace(Results=dates)
    found = windows_cim.updates()
    assert (found.searched_at, found.installed_at, searcher.Online) == ("2026-11-24T05:00:00Z", "", False)
    assert found.waiting == (("KB5046633", ("ab",), ("CVE-1",), False),)
    result.ResultCode = 3
    assert reason(windows_cim.updates) == "malformed"


def test_structures() -> None:
    """The structures are laid out as in lmaccess.h and ntsecapi.h on a 64-bit Windows."""
    sizes = {"_User3": 184, "_Member2": 24, "_Modals0": 20, "_Modals3": 12, "_Audit": 36}
    assert {name: ctypes.sizeof(getattr(windows_net, name)) for name in sizes} == sizes


def test_helpers() -> None:
    """Names of values have no case; what is not there is None or the default, a wrong type is malformed."""
    host = twin({"registry": {r"HKLM\a": {"Name": 1, "Text": "x"}, r"HKLM\b": "!timeout"}})
    assert (value(host, r"HKLM\A", "nAME"), value(host, r"HKLM\no", "x")) == (1, None)
    assert (number(host, r"HKLM\a", "no", 7), subkeys(host, r"HKLM\no"), service(host, "no")) == (7, (), None)
    assert reason(lambda: number(host, r"HKLM\a", "Text")) == "malformed"
    assert reason(lambda: value(host, r"HKLM\b", "x")) == "timeout"
    assert reason(lambda: subkeys(host, r"HKLM\b")) == "timeout"
    assert reason(lambda: row(host, "root/X", "Y", ("A",))) == "not_found"
    assert reason(lambda: whole({"A": True}, "A", "x")) == "malformed"
    assert reason(lambda: truth({"A": 1}, "A", "x")) == "malformed"
