"""CIM classes and the update agent through COM, as pywin32 speaks it; every question in a thread with a time limit.

COM is asked rather than PowerShell: no child process a question, no text to parse, and it works where policies forbid
scripts. A question that takes too long is left alone in its thread, which dies with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, TypeVar

from collectors.door import Unseen
from collectors.door_windows import QUERY_MAX_SECONDS, ROWS_MAX, Cell, Row, Update, Updates
from collectors.doors import windows_answers

_T = TypeVar("_T")
_FORWARD_ONLY: Final = 0x30
_PRIVATE: Final = 6
"""Authentication level that BitLocker's provider demands: packets are encrypted, even on the same machine."""
_ENGLISH: Final = "MS_409"
SEARCH_MAX_SECONDS: Final = 60.0
AGENT: Final = "Microsoft.Update.Session"
_DONE: Final = 2
"""An update search that ended without any error."""
_WANTED: Final = "IsInstalled=0 and Type='Software'"


def rows(
    namespace: str,
    name: str,
    properties: tuple[str, ...],
    where: str,
    context: Mapping[str, str] | None,
    seconds: float = QUERY_MAX_SECONDS,
) -> tuple[Row, ...]:
    """The instances of a class."""
    source = f"{namespace}:{name}"

    def ask(dispatch: Callable[[str], Any]) -> tuple[Row, ...]:
        service = dispatch("WbemScripting.SWbemLocator").ConnectServer(
            ".", namespace.replace("/", "\\"), "", "", _ENGLISH
        )
        service.Security_.AuthenticationLevel = _PRIVATE
        words = ["SELECT", ", ".join(properties), "FROM", name, *(["WHERE", where] if where else [])]
        query = " ".join(words)
        if context:
            told = dispatch("WbemScripting.SWbemNamedValueSet")
            for key, one in context.items():
                told.Add(key, one)
            found = service.ExecQuery(query, "WQL", _FORWARD_ONLY, told)
        else:
            found = service.ExecQuery(query, "WQL", _FORWARD_ONLY)
        return _taken(found, properties, source)

    return within(ask, source, seconds)


def _taken(found: Any, properties: tuple[str, ...], source: str) -> tuple[Row, ...]:
    taken: list[Row] = []
    for one in found:
        if len(taken) >= ROWS_MAX:
            raise Unseen("too_large", source, f"more than {ROWS_MAX} instances")
        taken.append({each: _cell(one.Properties_.Item(each), source) for each in properties})
    return tuple(taken)


def _cell(told: Any, source: str) -> Cell:
    try:
        kind = told.CIMType
    except import_module("pythoncom").com_error:  # not every system that speaks COM tells it
        kind = windows_answers.NO_KIND
    return windows_answers.cell(told.Value, kind, source)


def updates(seconds: float = SEARCH_MAX_SECONDS) -> Updates:
    """What the update agent found at its last search. It is kept from asking a server now."""
    source = AGENT

    def ask(dispatch: Callable[[str], Any]) -> Updates:
        searcher = dispatch(source).CreateUpdateSearcher()
        searcher.Online = False
        result = searcher.Search(_WANTED)
        if result.ResultCode != _DONE:
            raise Unseen("malformed", source, f"the search ended with {result.ResultCode}")
        dates = dispatch("Microsoft.Update.AutoUpdate").Results
        return Updates(
            tuple(_update(one) for one in result.Updates),
            _date(dates.LastSearchSuccessDate),
            _date(dates.LastInstallationSuccessDate),
        )

    return within(ask, source, min(seconds, SEARCH_MAX_SECONDS))


def _update(one: Any) -> Update:
    numbers = [f"KB{number}" for number in one.KBArticleIDs]
    return Update(
        numbers[0] if numbers else str(one.Identity.UpdateID),
        tuple(str(each.CategoryID).lower() for each in one.Categories),
        tuple(str(each) for each in one.CveIDs),
        bool(one.IsHidden),
    )


def _date(told: Any) -> str:
    """A COM date, which is UTC here; empty where there is none (the year 1899)."""
    return "" if told is None or told.year < 2000 else str(told.strftime("%Y-%m-%dT%H:%M:%SZ"))


def within(ask: Callable[[Callable[[str], Any]], _T], source: str, seconds: float) -> _T:
    """Ask in a thread of its own that has COM, and wait no longer than this."""
    try:
        com, client = import_module("pythoncom"), import_module("win32com.client")
    except ImportError:
        raise Unseen("tool_missing", source, "pywin32 is not installed") from None
    answers: list[_T] = []
    reasons: list[Unseen] = []

    def run() -> None:
        com.CoInitialize()
        try:
            answers.append(ask(client.Dispatch))
        except Unseen as unseen:
            reasons.append(unseen)
        except com.com_error as error:
            inner = error.excepinfo[5] if error.excepinfo else 0
            reasons.append(windows_answers.unseen_com(inner or error.hresult, source))
        except (AttributeError, TypeError, ValueError) as error:
            reasons.append(Unseen("malformed", source, str(error)[:200]))
        finally:
            com.CoUninitialize()

    thread = threading.Thread(target=run, name=source, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Unseen("timeout", source)
    if reasons:
        raise Unseen(reasons[0].reason, source, reasons[0].detail)
    if not answers:
        raise Unseen("malformed", source, "no answer")
    return answers[0]
