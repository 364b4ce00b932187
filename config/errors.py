"""The one error for everything that a broken host, a broken file or an adversary can cause.

Programmer's mistakes stay built-in errors (`TypeError`, `ValueError`, …) and are never caught.
"""


class InputError(Exception):
    """Input that is refused: a fixed code for programs, a message and a hint for people."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.hint = hint

    def to_dict(self) -> dict[str, str]:
        """The shape in which every interface shows an error."""
        return {"code": self.code, "message": self.message, "hint": self.hint}
