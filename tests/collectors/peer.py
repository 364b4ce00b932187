"""The real tools on a private copy of /etc: a child in a mount namespace of its own, asked over a pipe.

Nothing outside the child is changed: it lays a copy of /etc over /etc, for itself alone. Needs root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.collectors import libpam

USER = "boltsealpeer"
UID = 64123
OLD = "Old-Correct-Horse-42"


class Peer:
    """A running child; a context manager. `module` is what the child runs: one that calls `serve`."""

    module = "tests.collectors.peer"
    namespaces: tuple[str, ...] = ("--mount",)

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            ["unshare", *self.namespaces, sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.close()
        self._child.wait(timeout=30)
        self._child.stdout.close()

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files below the private /etc; None takes one away."""
        self.ask("write", files=dict(files))

    def run(self, *argv: str) -> str:
        """What a tool prints; fails when it returns anything but 0."""
        told: str = self.ask("run", argv=argv)
        return told

    def pam(self, service: str, user: str, answers: Sequence[str] = (), act: str = "authenticate") -> int:
        """What libpam returns."""
        code: int = self.ask("pam", call=[service, user, list(answers), act])
        return code

    def change_password(self, service: str, new: str) -> bool:
        """Whether the user's own attempt to change to `new` (asked for as often as it likes) stores it."""
        stored: bool = self.ask("change", service=service, new=new)
        return stored

    def ask(self, act: str, **request: Any) -> Any:
        """What an act of the child gives back."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(json.dumps({"act": act, **request}) + "\n")
        self._child.stdin.flush()
        answer = json.loads(self._child.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]


def serve(acts: Mapping[str, Callable[..., Any]], prepare: Callable[[], None] = lambda: None) -> None:
    """The child's side: a private /etc, then one act after another until nobody asks any more."""
    private = Path("/etc/.boltseal-private")
    subprocess.run(["mount", "-t", "tmpfs", "peer", "/mnt"], check=True)
    subprocess.run(["cp", "-a", "/etc", "/mnt/"], check=True)
    subprocess.run(["mount", "--bind", "/mnt/etc", "/etc"], check=True)
    private.touch()
    subprocess.run(["useradd", "-M", "-u", str(UID), USER], check=True, stdout=sys.stderr)
    prepare()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"value": acts[request.pop("act")](**request)}
        except (subprocess.CalledProcessError, OSError) as error:
            answer = {"error": f"{error}: {getattr(error, 'stderr', '')}"}
        print(json.dumps(answer), flush=True)


def _write(files: dict[str, str | None]) -> None:
    for name, text in files.items():
        path = Path("/etc") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)


def _run(argv: list[str]) -> str:
    return subprocess.run(
        argv, check=True, capture_output=True, text=True, env={"LC_ALL": "C", **os.environ}
    ).stdout


def _pam(call: list[Any]) -> int:
    return libpam.call(*call)


def _change(service: str, new: str) -> bool:
    subprocess.run(["chpasswd", "-c", "SHA512"], input=f"{USER}:{OLD}\n", text=True, check=True)
    Path("/etc/security/opasswd").unlink(missing_ok=True)
    before = _hash()
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        os.setresuid(UID, 0, 0)  # as the setuid passwd runs: a user asks, root acts
        os._exit(min(libpam.call(service, USER, [OLD] + [new] * 12, "chauthtok"), 255))
    os.waitpid(child, 0)
    return _hash() != before


def _hash() -> str:
    return next(line for line in Path("/etc/shadow").read_text().splitlines() if line.startswith(f"{USER}:"))


ACTS: Mapping[str, Callable[..., Any]] = {"write": _write, "run": _run, "pam": _pam, "change": _change}

if __name__ == "__main__":
    serve(ACTS)
