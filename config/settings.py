"""Every limit as a named default with its unit in the name, and the typed settings of agent and server."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from config.errors import InputError

# What the parties accept from each other.
ENVELOPE_MAX_BYTES = 1 << 20
UPLOAD_MAX_BYTES = 8 << 20  # after decompression
SECTION_MAX_BYTES = 2 << 20
SECTIONS_MAX = 200
SIGNATURES_MAX = 16  # C2SP signed-note demands that at least 16 are accepted
NOTE_MAX_BYTES = 64 << 10
TEXT_MAX_CHARACTERS = 4096
JSON_MAX_DEPTH = 32
INTEGER_MAX = 2**53 - 1  # what every JSON reader keeps exact

# What the server grants one client, and all of them.
BODY_DEADLINE_SECONDS = 20
REQUESTS_IN_FLIGHT_MAX = 256
REPORTS_PER_HOST_PER_MINUTE_MAX = 60
SUBJECTS_PER_OBSERVER_MAX = 500

# Time.
CLOCK_SKEW_MAX_SECONDS = 600
EVIDENCE_MAX_AGE_DAYS = 7
TOKEN_MAX_AGE_DAYS = 30

# Criteria, and what a verdict shows of the facts.
CRITERIA_FILE_MAX_BYTES = 256 << 10
CRITERIA_FILES_MAX = 64
OBSERVED_MAX = 20  # elements of a list
OBSERVED_MAX_CHARACTERS = 120  # of any one text
NAMED_MAX = 3  # elements that one line names
FEED_MAX_BYTES = 32 << 20  # as reduced
PENDING_MAX = 2000  # updates of one host that are joined with feeds

# Looking.
READ_MAX_BYTES = 1 << 20
COMMAND_TIMEOUT_SECONDS = 20
COLLECT_BUDGET_SECONDS = 120

OBSERVE_MAX = 100  # subjects of one agent

# The agent's outbox.
SPOOL_MAX_BYTES = 256 << 20
BACK_OFF_MAX_SECONDS = 3600
REQUEST_TIMEOUT_SECONDS = 30

# A bundle, sizes after decompression.
BUNDLE_MEMBER_MAX_BYTES = 128 << 20
BUNDLE_MAX_BYTES = 4 << 30
BUNDLE_MEMBERS_MAX = 65_534  # one more would need the zip64 form

_Settings = TypeVar("_Settings")


def _setting(default: Any, doc: str, pattern: str = "", least: int = 0) -> Any:
    return field(default=default, metadata={"doc": doc, "pattern": pattern, "least": least})


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_DAY = r"|(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_NAME = r"[a-z0-9][a-z0-9._-]*"
_READING = r"text|conference"
_READING_DOC = "MFA as the published criteria have it, or as CBP's conference presented it"
_LOG_LEVEL = r"debug|info|warning|error"


OBSERVED_KINDS: Mapping[str, str] = {
    "ssh": "host",
    "device": "device",
    "network": "network",
    "directory": "directory",
    "tenant": "tenant",
    "mail": "network",
}
"""By what a subject is reached, and which kind of subject it is."""


@dataclass(frozen=True)
class Observe:
    """One `[[observe]]` table of `agent.toml`: a subject that the agent observes beside its own host."""

    kind: str = _setting("", "by what it is reached", "|".join(OBSERVED_KINDS))
    address: str = _setting("", "what `boltseal scan --KIND` takes", r"[^\s-].*")
    name: str = _setting(
        "", "what it is called for good; another name is another subject", r"[a-z0-9][a-z0-9._-]{0,62}"
    )
    schedule: str = _setting(
        "nightly", "nightly, or manual: when somebody runs `boltseal once`", "nightly|manual"
    )
    options: Mapping[str, str | bool | list[str]] = field(default_factory=dict)
    """The other lines: options of `boltseal scan --KIND`, such as files with credentials."""

    @property
    def part(self) -> str:
        """What the subject's id has after its observer's: `kind.name`."""
        return f"{OBSERVED_KINDS[self.kind]}.{self.name}"


@dataclass(frozen=True)
class AgentSettings:
    """The agent's settings, `agent.toml`; every one has a default."""

    night_start: str = _setting("01:00", "local time at which the nightly window opens", _CLOCK)
    night_end: str = _setting("05:00", "local time at which the nightly window closes", _CLOCK)
    collect_budget_seconds: int = _setting(COLLECT_BUDGET_SECONDS, "time that all collectors share", least=1)
    spool_max_bytes: int = _setting(SPOOL_MAX_BYTES, "disk space for reports that wait", least=1 << 20)
    profile: str = _setting("nist", "thresholds that `boltseal scan` judges by", _NAME)
    mfa_reading: str = _setting("text", _READING_DOC, _READING)
    observe: tuple[Observe, ...] = _setting(
        (), "[[observe]] tables: subjects that are observed beside the own host"
    )


@dataclass(frozen=True)
class ServerSettings:
    """The server's settings, `server.toml` in its home folder; every one has a default."""

    host: str = _setting("0.0.0.0", "address to listen on", r"\S+")  # noqa: S104 - agents are elsewhere
    port: int = _setting(8443, "port to listen on", least=1)
    public_url: str = _setting(
        "", "address for agents and people; empty: made from host and port", r"|https://\S+"
    )
    origin: str = _setting("", "name of the log in its checkpoints, set once by init", r"[^\s+]*")
    company: str = _setting("", "the company's name, as bundles show it")
    anniversary: str = _setting("", "day of the yearly CTPAT review, MM-DD", _DAY)
    profile: str = _setting("nist", "thresholds that reports are judged by", _NAME)
    mfa_reading: str = _setting("text", _READING_DOC, _READING)
    log_level: str = _setting("info", "how much the server says", _LOG_LEVEL)


def agent_settings(toml: bytes) -> AgentSettings:
    """Read `agent.toml`.

    Raises InputError `settings_malformed`, `settings_unknown_key`, `settings_wrong_type` or
    `settings_wrong_value`, which name the setting and say what it is for.
    """
    table = _table(toml)
    observe = table.pop("observe", [])
    if not isinstance(observe, list) or len(observe) > OBSERVE_MAX:
        hint = f"Write at most {OBSERVE_MAX} tables, each under a line [[observe]]."
        raise InputError("settings_wrong_type", "observe is no list of tables", hint)
    found = tuple(_observe(each) for each in observe)
    if len({each.part for each in found}) < len(found):
        raise InputError(
            "settings_wrong_value", "observe: two have the same name", "Give each a name of its own."
        )
    return replace(_read(AgentSettings, table), observe=found)


def server_settings(toml: bytes) -> ServerSettings:
    """Read `server.toml`. Raises as `agent_settings` does."""
    return _read(ServerSettings, _table(toml))


def _table(toml: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(toml.decode())
    except ValueError as error:  # covers UnicodeDecodeError and TOMLDecodeError
        raise InputError(
            "settings_malformed", f"not TOML: {error}", "Write one `name = value` a line."
        ) from error


def _observe(table: object) -> Observe:
    """One table. What is no setting of ours is an option for whoever opens the door."""
    if not isinstance(table, dict):
        raise InputError(
            "settings_wrong_type", "observe is no list of tables", "Write [[observe]] over each."
        )
    named = {"name": _slug(str(table.get("address", ""))), **table}
    own = {name: named.pop(name, "") for name in ("kind", "address", "name")}
    own["schedule"] = named.pop("schedule", "nightly")
    for each in fields(Observe):
        if each.name in own:
            _check(each.name, own[each.name], str, each.metadata, "observe: ")
    for name, value in named.items():
        texts = value if isinstance(value, list) else [value]
        if value is not True and not (texts and all(isinstance(each, str) for each in texts)):
            hint = "An option is a text, a list of texts, or true."
            raise InputError("settings_wrong_type", f"observe: {name} = {value!r} is no option", hint)
    return Observe(**own, options=named)


def _slug(address: str) -> str:
    """A name out of an address: who logs in does not name what is looked at."""
    plain = address.rpartition("@")[2].rpartition("://")[2].lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[:63]


def _read(kind: type[_Settings], table: Mapping[str, Any]) -> _Settings:
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for name, value in table.items():
        if name not in known:
            hint = f"Known are: {', '.join(sorted(known))}."
            raise InputError("settings_unknown_key", f"there is no setting {name!r}", hint)
        _check(name, value, type(known[name].default), known[name].metadata)
    return kind(**table)


def _check(name: str, value: object, wanted: type, metadata: Mapping[str, Any], where: str = "") -> None:
    hint = f"{name}: {metadata['doc']}."
    if type(value) is not wanted:
        words = {str: "text in quotes", int: "a whole number"}[wanted]
        raise InputError("settings_wrong_type", f"{where}{name} = {value!r} is not {words}", hint)
    if isinstance(value, int) and value < metadata["least"]:
        raise InputError("settings_wrong_value", f"{name} = {value} is below {metadata['least']}", hint)
    if isinstance(value, str) and metadata["pattern"] and not re.fullmatch(metadata["pattern"], value):
        message = f"{where}{name} = {value!r} is not of the form {metadata['pattern']}"
        raise InputError("settings_wrong_value", message, hint)
