"""The `boltseal` command: parse, call one function, end with a code. Imports nothing heavy by itself."""

from __future__ import annotations

import atexit
import gc
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from agent import exits
from agent.commands import COMMANDS, Command, parser
from agent.console import tell
from config.errors import InputError


def entry(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code. The console script ends the process with it."""
    if sys.platform == "win32":
        _mute()
    arguments = parser().parse_args(argv)
    command = next(each for each in COMMANDS if each.name == arguments.command)
    missing = [name for name in command.needs if importlib.util.find_spec(name) is None]
    if missing:
        print(_missing_extra(command), file=sys.stderr)
        return exits.EXTRA_MISSING
    # At its end Python would search all that a command built for garbage, only to drop it all the same.
    atexit.register(gc.freeze)
    # A service manager's stop is an interruption like Ctrl-C: what runs is ended in order, nothing is torn.
    signal.signal(signal.SIGTERM, _stop)
    try:
        code = importlib.import_module(command.module).main(arguments)
        sys.stdout.flush()
        return int(code)
    except InputError as error:
        tell(error)
        return exits.exit_code(error)
    except KeyboardInterrupt:
        print("boltseal: interrupted; what is spooled is kept", file=sys.stderr)
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough (`| head`). Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FAILED


def _mute() -> None:
    """Windows starts services and installers' actions with no console, or with one that refuses what is written."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__"):
            continue
        try:
            os.write(stream.fileno(), b"")
        except (AttributeError, OSError):
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  until the process ends


def _missing_extra(command: Command) -> str:
    return f"boltseal {command.name} needs the agent extra: pip install 'boltseal[agent]'"


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(entry())
