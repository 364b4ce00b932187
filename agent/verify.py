"""`boltseal verify`: doubt a bundle, offline. Works with the base install: cryptography alone."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent import exits
from agent.console import Style, plain, style_of
from config import bundle_check
from config.checked import BundleError, Checked
from config.errors import InputError
from config.settings import BUNDLE_MAX_BYTES

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Verified:
    """What the check found; `difference` is the first thing that is wrong, None when nothing is."""

    file: str
    server_key: str
    checked: Checked
    difference: InputError | None

    def to_dict(self) -> dict[str, Any]:
        """The shape of `verify --json`."""
        checked = self.checked
        return {
            "file": self.file,
            "server_key": self.server_key,
            "ok": checked.ok and self.difference is None,
            "difference": self.difference.to_dict() if self.difference is not None else None,
            "proven": list(checked.proven),
            "not_proven": list(checked.not_proven),
            "warnings": list(checked.warnings),
            "counts": dict(checked.counts),
            "manifest": dict(checked.manifest),
            "criteria": checked.standing.to_dict()["criteria"] if checked.standing is not None else None,
        }


def main(arguments: argparse.Namespace) -> int:
    """Verify and tell; FAILED at the first difference, USAGE when there is nothing that could be checked."""
    fingerprint = arguments.server_key.lower().replace(":", "").strip()
    if not _FINGERPRINT.fullmatch(fingerprint):
        hint = "it is 64 hex digits; boltseal-server prints it when it is set up"
        raise InputError("fingerprint_malformed", "not the fingerprint of a server's key", hint)
    verified = verify(arguments.file, fingerprint)
    if arguments.json:
        json.dump(verified.to_dict(), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_told(verified, style_of(sys.stdout)))
    return exits.OK if verified.to_dict()["ok"] else exits.FAILED


def verify(file: str, fingerprint: str) -> Verified:
    """Check a bundle file. InputError `file_unreadable` when there is none to check."""
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(BUNDLE_MAX_BYTES + 1)
    except OSError as error:
        raise InputError("file_unreadable", f"{file}: {error.strerror}") from None
    if len(data) > BUNDLE_MAX_BYTES:
        raise InputError("file_unreadable", f"{file}: larger than any bundle")
    try:
        return Verified(file, fingerprint, bundle_check.check(data, fingerprint), None)
    except BundleError as error:
        return Verified(file, fingerprint, error.checked, error)


def _told(verified: Verified, style: Style) -> str:
    """Every text of the bundle is made plain: it is a stranger's."""
    checked, lines = verified.checked, []
    good, bad, doubt = style.status("ok", 3), style.status("bad", 3), style.status("warn", 3)
    lines += [f"{good} {plain(sentence)}" for sentence in checked.proven]
    lines += [f"{doubt} not proven: {plain(sentence)}" for sentence in checked.not_proven]
    lines += [f"{doubt} {plain(sentence)}" for sentence in checked.warnings]
    difference = verified.difference
    if difference is not None:
        lines += ["", f"{bad} {plain(difference.message)} [{difference.code}]"]
        lines += [f"    {plain(difference.hint)}"] if difference.hint else []
        lines += ["", style.paint("The bundle is not what the server wrote.", "bad")]
        return "\n".join(lines) + "\n"
    lines += ["", f"Judged as of {plain(checked.manifest.get('moment'))}, found again by this program:"]
    if checked.standing is not None:
        for level in ("must", "should"):
            told = "   ".join(
                f"{style.status(status)} {count}"
                for status, count in checked.standing.tally(level).items()
                if count
            )
            lines.append(f"  {level.title():<7} {told}")
    lines += ["", style.paint("The bundle is proven.", "good")]
    return "\n".join(lines) + "\n"
