"""Windows' own tools, where no library tells the same: what they write is taken, by full path and for a limited time.

secedit can tell the security policy only into a file, so that one is written into a folder of its own and deleted. It
is asked without changing anything, and its log goes into the same folder.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from collectors.door import Unseen
from collectors.doors import windows_answers

SECEDIT: Final = "secedit /export"
SECEDIT_MAX_SECONDS: Final = 30.0
CLOCK: Final = "w32tm /query /status /verbose"
CLOCK_MAX_SECONDS: Final = 15.0
TOLD_MAX: Final = 64 * 1024


def security_policy(seconds: float) -> str:
    """What `secedit /export` writes."""
    with tempfile.TemporaryDirectory(prefix="boltseal-") as folder:
        told, log = Path(folder) / "policy.inf", Path(folder) / "log"
        words = ["/export", "/areas", "SECURITYPOLICY", "/cfg", str(told), "/log", str(log), "/quiet"]
        code, _ = _run("secedit.exe", words, SECEDIT, min(seconds, SECEDIT_MAX_SECONDS))
        data = told.read_bytes() if told.exists() else b""
    if code != 0:
        raise Unseen("permission_denied" if not data else "malformed", SECEDIT, f"return code {code}")
    return windows_answers.policy_text(data, SECEDIT)


def clock_status(seconds: float) -> str:
    """What w32tm writes, in this system's language and an encoding that nobody names: its digits are ASCII."""
    code, data = _run("w32tm.exe", ["/query", "/status", "/verbose"], CLOCK, min(seconds, CLOCK_MAX_SECONDS))
    if code != 0:
        raise windows_answers.unseen_com(code, CLOCK)
    text = data[:TOLD_MAX].decode("ascii", "replace")
    if not text.strip():
        raise Unseen("malformed", CLOCK, "the tool ended well and wrote nothing")
    return text


def _run(name: str, words: list[str], source: str, seconds: float) -> tuple[int, bytes]:
    tool = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / name
    try:
        done = subprocess.run(
            [str(tool), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(seconds, 0.1),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unseen("timeout", source) from None
    except OSError as error:
        raise windows_answers.unseen(windows_answers.number(error), source) from None
    return done.returncode, done.stdout
