"""RainerScript's conditions, as they stand between `if` and `then`, decided for one message.

What is not understood, or hangs on something that is not known here, is MAYBE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collectors.readers.rsyslog_message import COMPARISONS, MAYBE, NO, SURE, TESTS, carries, sure

Value = str | int | list[str] | None

_TOKEN: Final = re.compile(
    r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|==|!=|<>|<=|>=|[<>()\[\],&+*/%-]|\$[!./]?[\w.!-]*\w|\d+|\w+)"""
)
_FOLDED: Final = ("$syslogfacility-text", "$syslogseverity-text")  # rsyslog makes selectors of these
_NEST_MAX: Final = 40


def meets(properties: Mapping[str, str | None], condition: str) -> int:
    """An expression, as it stands between `if` and `then`."""
    try:
        return _Expression(properties, condition).answer()
    except _NotUnderstood:
        return MAYBE


class _NotUnderstood(Exception):
    """An expression that is not read here."""


@dataclass(frozen=True)
class _Decided:
    """What a comparison came to, where a value is asked for."""

    answer: int


class _Expression:
    """One expression, read from left to right: or, and, not, comparisons, values."""

    def __init__(self, properties: Mapping[str, str | None], text: str) -> None:
        self.properties = properties
        self.tokens = _tokens(text)
        self.at = 0
        if sum(token.lower() in ("(", "[", "not") for token in self.tokens) > _NEST_MAX:
            raise _NotUnderstood

    def answer(self) -> int:
        """The whole of it; what is left over was not understood."""
        found = self._either()
        if self.at < len(self.tokens):
            raise _NotUnderstood
        return found

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, *words: str) -> str:
        """The next token if it is one of these words, else ""."""
        found = self._next() if self._next().lower() in words else ""
        self.at += bool(found)
        return found.lower()

    def _either(self) -> int:
        found = self._both()
        while self._take("or"):
            found = max(self._both(), found)
        return found

    def _both(self) -> int:
        found = self._compared()
        while self._take("and"):
            found = min(self._compared(), found)
        return found

    def _compared(self) -> int:
        folds = self._next().lower() in _FOLDED
        left = self._value()
        operator = self._take(*TESTS)
        if not operator:
            return left.answer if isinstance(left, _Decided) else _truth(left)
        right = self._value()
        if folds and isinstance(right, str):
            right = right.lower()
        return _compare(operator, _plain(left), _plain(right))

    def _value(self) -> Value | _Decided:
        token = self._next()
        self.at += 1
        if token.lower() == "not":  # it binds more tightly than a comparison
            found = self._value()
            return _Decided(SURE - (found.answer if isinstance(found, _Decided) else _truth(found)))
        if token == "(":
            inside = self._either()
            self._closed(")")
            return _Decided(inside)
        if token == "[":
            return self._list()
        if token[:1] in "\"'" and token:
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.isdecimal():
            return int(token)
        if token.startswith("$"):
            return self.properties.get(token[1:].lower())
        if re.fullmatch(r"[A-Za-z_]\w*", token) and self._take("("):
            return self._called(token.lower())
        raise _NotUnderstood

    def _list(self) -> list[str]:
        found = []
        while self._next()[:1] in ('"', "'"):
            found.append(re.sub(r"\\(.)", r"\1", self._next()[1:-1]))
            self.at += 1
            self._take(",")
        self._closed("]")
        return found

    def _called(self, name: str) -> Value | _Decided:
        """A function: two are known, others may say anything."""
        given: list[Value | _Decided] = []
        while self._next() not in (")", ""):
            given.append(self._value())
            self._take(",")
        self._closed(")")
        match name, given:
            case "prifilt", [str(selector)]:
                return _Decided(sure(carries(selector)))
            case "tolower", [str(text)]:
                return text.lower()
        return None

    def _closed(self, bracket: str) -> None:
        if not self._take(bracket):
            raise _NotUnderstood


def _tokens(text: str) -> list[str]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _NotUnderstood
        found.append(match[1])
        at = match.end()
    return found


def _plain(value: Value | _Decided) -> Value:
    """What a comparison came to is a number."""
    if isinstance(value, _Decided):
        return {NO: 0, SURE: 1}.get(value.answer)
    return value


def _compare(operator: str, left: Value, right: Value) -> int:
    if left is None or right is None or isinstance(left, list):
        return MAYBE
    if isinstance(right, list):
        return max((_compare(operator, left, one) for one in right), default=NO)
    if operator in COMPARISONS and str(left).isdecimal() and str(right).isdecimal():
        return sure(COMPARISONS[operator](int(left), int(right)))
    return sure(TESTS[operator](str(left), str(right)))


def _truth(value: Value) -> int:
    if value is None or isinstance(value, list):
        return MAYBE
    return sure(str(value).isdecimal() and int(value) != 0)
