"""Opening a vendor's file: strict, bounded, and with one error that says what the file is instead.

Vendors' JSON is not ours: it may hold floats and fields that nobody here reads. Everything that is read is checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BufferedReader, BytesIO
from typing import Any, NoReturn

from config import canonical
from config.errors import InputError

# A release date in another time zone is no date of the future.
AHEAD_MAX = timedelta(days=1)
WHERE = "See: boltseal-server feed import --help"

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}")
_PLAIN = re.compile(r"[ -~]+")
_BOM = b"\xef\xbb\xbf"
_STARTS = (
    (b"<", "a web page, perhaps of an error or a login"),
    (b"PK\3\4", "a zip archive"),
    (b"PK\5\6", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"cveID,", "CISA's KEV catalogue as CSV: take the JSON file"),
)


@dataclass(frozen=True)
class Source:
    """A downloaded file: the last part of its name, and the open file, at its beginning."""

    name: str
    file: BufferedReader | BytesIO

    def read(self, limit: int) -> bytes:
        """Return the whole of it; InputError ``feed_too_large``."""
        data = self.file.read(limit + 1)
        if len(data) > limit:
            raise refused("too_large", self.name, f"more than {limit >> 20} MiB")
        return data


@dataclass(frozen=True)
class Reduced:
    """A feed as it is kept and judged by."""

    name: str
    version: str
    published_at: str
    data: bytes
    told: str
    """What is in it, in words."""


def refused(code: str, where: str, what: str, hint: str = "") -> InputError:
    """An error about a file, to be raised."""
    return InputError(f"feed_{code}", f"{where}: {what}.", hint)


def wrong_kind(where: str, found: str, wanted: str) -> InputError:
    """An error that names what the file is, and what is wanted."""
    return refused("wrong_kind", where, f"this is {found}, not {wanted}", WHERE)


def document(data: bytes, where: str, wanted: str) -> Any:
    """Read JSON; InputError ``feed_empty``, ``feed_wrong_kind``, ``feed_cut_off`` or ``feed_malformed``."""
    data = data.removeprefix(_BOM).strip()
    if not data:
        raise refused("empty", where, "the file is empty", "Download it again.")
    for start, found in _STARTS:
        if data.startswith(start):
            raise wrong_kind(where, found, wanted)
    try:
        text = data.decode()
        return _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise refused("malformed", where, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        if error.pos >= len(text) - 1 or error.msg.startswith("Unterminated"):
            hint = "Download it again."
            raise refused("cut_off", where, "the file ends before it is complete", hint) from error
        raise refused("malformed", where, f"not JSON: {error.msg} at character {error.pos}") from error
    except _DuplicateError as error:
        raise refused("malformed", where, f"an object names {str(error)[:64]!r} twice") from error
    except (ValueError, RecursionError) as error:  # thousands of digits, or nested without end
        raise refused("malformed", where, "JSON that no vendor writes") from error


def kind(value: Any) -> str:
    """What a JSON document looks like, in words."""
    match value:
        case {"format": str(form)}:
            return f"a file that was reduced already ({form[:20]})"
        case {"vulnerabilities": _, "catalogVersion": _}:
            return "CISA's KEV catalogue"
        case {"schema_version": _, "result": _}:
            return "data of endoflife.date (API version 1)"
        case [{"cycle": _}, *_]:
            return "data of endoflife.date (API version 0)"
        case {"id": str(), "modified": str()}:
            return "an OSV advisory"
        case [{"id": str(), "modified": str()}, *_]:
            return "a list of OSV advisories"
    return "JSON of another kind"


def text(value: Any, where: str, name: str, limit: int = 256) -> str:
    """Return a text in ASCII that is neither empty nor long; InputError ``feed_malformed``."""
    if not isinstance(value, str) or not 0 < len(value) <= limit or not _PLAIN.fullmatch(value):
        raise refused("malformed", where, f"{name} is {str(value)[:64]!r}, not a text")
    return value


def day(value: Any, where: str, name: str) -> str:
    """Return a date like 2026-11-24 that exists; InputError ``feed_malformed``."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass  # the form is right, the day does not exist
    raise refused("malformed", where, f"{name} is {str(value)[:64]!r}, not a date like 2026-11-24")


def time(value: Any, where: str, name: str) -> datetime:
    """Return an RFC 3339 time in UTC, whole seconds; InputError ``feed_malformed``."""
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return canonical.decode_time(canonical.encode_time(datetime.fromisoformat(value)))
    except (ValueError, OverflowError, InputError):
        pass  # the form is right, the day or hour does not exist
    raise refused("malformed", where, f"{name} is {str(value)[:64]!r}, not a time like 2026-11-24T12:00:00Z")


def published(then: datetime, moment: datetime, where: str) -> str:
    """Return when a file was published, as it is kept; InputError ``feed_in_future``."""
    if then - moment > AHEAD_MAX:
        told = canonical.encode_time(then)
        raise refused("in_future", where, f"it says it is of {told}, which is still to come")
    return canonical.encode_time(min(then, moment))


def midnight(day_text: str) -> datetime:
    """Return the beginning of a day, UTC."""
    return datetime.fromisoformat(day_text).replace(tzinfo=UTC)


def cve(value: Any) -> str:
    """Return a CVE id, or nothing where the text is none."""
    return value if isinstance(value, str) and _CVE.fullmatch(value) else ""


class _DuplicateError(Exception):
    """A key stands twice in one object; what counts then is anybody's guess."""


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateError(next(name for name in names if names.count(name) > 1))
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Floats stay texts: nobody reads them, and none must be rounded.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_constant=_no_constant)
