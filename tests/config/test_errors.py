"""The one error for bad input."""

from config.errors import InputError


def test_input_error() -> None:
    """An error says code, message and hint, to programs and to people."""
    error = InputError("too_large", "9 bytes, where 8 are allowed", "Send less.")

    expected = {"code": "too_large", "message": "9 bytes, where 8 are allowed", "hint": "Send less."}
    assert expected == error.to_dict()
    assert "too_large: 9 bytes, where 8 are allowed" == str(error)


def test_input_error_without_a_hint() -> None:
    """A hint may be empty, and is there all the same."""
    assert "" == InputError("not_json", "no").to_dict()["hint"]
