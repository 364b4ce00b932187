"""What every door to a remote subject says when it cannot be opened at all."""

from __future__ import annotations


class ConnectError(ValueError):
    """A subject that cannot be looked at: a code for programs, words and a hint for people, and no secret."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.hint = hint
