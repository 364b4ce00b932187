"""What PAM really demands of a new password: the rules in force at the moment when it is stored.

Each module of the `passwd` service's password stack may accept or refuse; where a new password is stored on
some way through the stack without a rule having accepted it, that rule is not enforced. So a quality module
that is required counts for nothing when pam_unix behind it asks for another password of its own (no
use_authtok): the change is reported as failed, and the weak password is stored all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host
from collectors.readers import pam, pam_unix, quality
from collectors.readers.pam import Outcome, Step

QUALITY: Final = ("pwquality", "cracklib", "passwdqc")
_STORED: Final = "stored with: "
_TOKEN: Final = "token"
_MEANS_TOKEN: Final = frozenset({"use_authtok", "use_first_pass"})
_CHOICES: Final = frozenset("usertype succeed_if listfile time access exec".split())


@dataclass(frozen=True)
class Rules:
    """Each rule with its source. `module` is "none" where no quality module is enforced."""

    length: tuple[int, str]
    classes: tuple[int, str]
    history: tuple[int, str]
    dictionary: tuple[bool, str]
    enforced: tuple[bool, str]
    module: tuple[str, str]
    stored_by: Step | None


def rules(host: Host, service: str = "passwd") -> Rules:
    """The rules on the weakest way to a stored password. Raises `Unseen`."""
    steps = pam.stack(host, service, "password")
    ways = [
        way
        for ended in pam.ways(steps, lambda step, proven: _outcomes(host, steps, step, proven))
        for way in ended
    ]
    stored = sorted({note for way in ways for note in way.notes if note.startswith(_STORED)})
    passed = [_passed(note, steps) for note in stored] or [[]]
    checks = [[_check(host, step) for step in one] for one in passed]
    demanded = [[step for step in one if step.module.removeprefix("pam_") in QUALITY] for one in passed]
    where = steps[0].source.rsplit(":", 1)[0]
    enforced = all(_enforces(host, step) for one in demanded for step in one[-1:]) and all(demanded)
    return Rules(
        _weakest([[one.length for one in way] for way in checks], where),
        _weakest([[one.classes for one in way] for way in checks], where),
        _weakest([[one.history for one in way] for way in checks], where),
        _all_say([[one.dictionary for one in way] for way in checks], where),
        (enforced, demanded[0][0].source if enforced else where),
        (demanded[0][0].module, demanded[0][0].source) if enforced else ("none", where),
        next((step for step in steps if step.module == "pam_unix"), None),
    )


@dataclass(frozen=True)
class _Check:
    """What one module demands."""

    length: tuple[int, str] = (0, "")
    classes: tuple[int, str] = (0, "")
    history: tuple[int, str] = (0, "")
    dictionary: tuple[bool, str] = (False, "")


def _check(host: Host, step: Step) -> _Check:
    name = step.module.removeprefix("pam_")
    if name in QUALITY and not _enforces(host, step):
        return _Check()
    if name == "pwquality":
        found = quality.pwquality(host, step)
        words, source = quality.number(found, "dictcheck", 1, "libpwquality")
        return _Check(
            quality.pwquality_length(found), quality.pwquality_classes(found), dictionary=(words != 0, source)
        )
    if name == "cracklib":
        return _cracklib(step)
    if name == "passwdqc":
        return _Check(quality.passwdqc_length(quality.passwdqc(host, step)), dictionary=(True, step.source))
    if name == "pwhistory":
        return _Check(history=quality.remembered(host, step))
    return _Check(pam_unix.length(host, step), history=pam_unix.remembered(step))


def _cracklib(step: Step) -> _Check:
    """pam_cracklib(8), gone since Linux-PAM 1.5: as pwquality, but each credit is 1 and minlen is 9."""
    arguments = {
        name: (value, step.source) for name, _, value in (one.partition("=") for one in step.arguments)
    }
    settings = {**dict.fromkeys(quality.CREDITS, ("1", "pam_cracklib default")), **arguments}
    settings.setdefault("minlen", ("9", "pam_cracklib default"))
    lengths, classes = quality.pwquality_length(settings), quality.pwquality_classes(settings)
    return _Check(lengths, classes, dictionary=(True, step.source))


def _enforces(host: Host, step: Step) -> bool:
    """Whether a module's refusal refuses: not with enforcing=0 (pwquality) or enforce=none (passwdqc)."""
    name = step.module.removeprefix("pam_")
    if name == "pwquality":
        return quality.number(quality.pwquality(host, step), "enforcing", 1, "")[0] != 0
    if name == "passwdqc":
        return quality.passwdqc(host, step).get("enforce", ("", ""))[0] != "none"
    return True


def _outcomes(host: Host, steps: list[Step], step: Step, proven: frozenset[str]) -> list[Outcome]:
    """What a module of a password stack may do. Factors are the password at hand and who accepted it."""
    name = step.module.removeprefix("pam_")
    refusal = Outcome("authtok_err")
    if name == "pwhistory" and quality.remembered(host, step)[0] == 0:
        return [Outcome("ignore")]
    if name in (*QUALITY, "pwhistory", "unix"):
        if _TOKEN not in proven and _MEANS_TOKEN & set(step.arguments):
            return [refusal]
        return _unix(host, step, proven, steps) if name == "unix" else _checked(host, step, name, proven)
    if name == "deny":
        return [refusal]
    if name in ("permit", "localuser"):  # these rules are those of local users
        return [Outcome("success")]
    if name in _CHOICES:
        return [Outcome("success"), Outcome("auth_err"), Outcome("perm_denied")]
    return [Outcome("success"), Outcome("ignore"), refusal, Outcome("user_unknown")]


def _checked(host: Host, step: Step, name: str, proven: frozenset[str]) -> list[Outcome]:
    """A module that accepts a password, or drops it: the next one then asks for another.

    pam_pwhistory with more than one try asks itself, and nobody else looks at what it is told then.
    """
    tries = quality.tries(host, step)
    if tries == 0:
        return [Outcome("maxtries")]
    accepted = Outcome("success", frozenset({_TOKEN, step.source}))
    refused = "maxtries" if name == "pwhistory" or tries > 1 else "authtok_err"
    found = [accepted, Outcome(refused, drops=proven)]
    older = name == "pwhistory" and quality.remembered(host, step)[0] > 1  # the first is the present one
    if older and tries > 1 and _TOKEN in proven and not _MEANS_TOKEN & set(step.arguments):
        found.append(Outcome("success", accepted.factors, drops=proven))
    return found


def _unix(host: Host, step: Step, proven: frozenset[str], steps: list[Step]) -> list[Outcome]:
    """pam_unix stores what was accepted before; without use_authtok it asks for another where it refuses that."""
    known = [proven]
    if _TOKEN in proven and not _MEANS_TOKEN & set(step.arguments):
        taken = [_check(host, one).length[0] for one in steps if one.source in proven]
        if pam_unix.refuses(host, step, max(taken, default=0)):
            known.append(frozenset())
    notes = [_STORED + " ".join(sorted({*one, step.source} - {_TOKEN})) for one in known]
    stored = [Outcome("success", frozenset({_TOKEN}), frozenset({note})) for note in notes]
    return [*stored, Outcome("authtok_err"), Outcome("user_unknown")]


def _passed(note: str, steps: list[Step]) -> list[Step]:
    accepted = note.removeprefix(_STORED).split(" ")
    return [step for step in steps if step.source in accepted]


def _weakest(ways: list[list[tuple[int, str]]], where: str) -> tuple[int, str]:
    """Of each way the strictest rule, of those the least."""
    best = [max(way, key=lambda rule: rule[0], default=(0, "")) for way in ways]
    number, source = min(best, key=lambda rule: rule[0])
    return number, source or where


def _all_say(ways: list[list[tuple[bool, str]]], where: str) -> tuple[bool, str]:
    """Whether some rule of every way says yes."""
    yes = [[rule for rule in way if rule[0]] for way in ways]
    if all(yes):
        return True, yes[0][0][1]
    said = [rule[1] for way in ways for rule in way if rule[1]]
    return False, said[0] if said else where
