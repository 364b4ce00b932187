"""Strict reading of TOML into dataclasses."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from config import schema
from config.errors import InputError
from config.settings import CRITERIA_FILE_MAX_BYTES


@dataclass(frozen=True)
class Wheel:
    """A thing inside another."""

    id: Annotated[str, "[a-z]+"]
    size: Annotated[int, "[1-9][0-9]?"]


@dataclass(frozen=True)
class Cart:
    """One field of each type."""

    name: str
    wheels: tuple[Wheel, ...] = ()
    flag: bool = False
    load: Any = None
    note: str | None = None
    kind: Annotated[str, "big|small"] | None = None
    prices: Mapping[Annotated[str, "[a-z]+"], int] = dataclasses.field(default_factory=dict)
    made: int = dataclasses.field(default=0, metadata=schema.DERIVED)


def read(text: str | bytes) -> Cart:
    """The cart in this text."""
    data = text if isinstance(text, bytes) else text.encode()
    cart: Cart = schema.read(Cart, data, "cart.toml", "cart")
    return cart


def test_read() -> None:
    """Every type of field is read; what the file leaves out has its default."""
    got = read(
        """
        name = "n"
        flag = true
        load = [1, "a", true, { b = 2 }]
        note = "x"
        kind = "big"
        prices = { a = 1 }
        wheels = [{ id = "w", size = 3 }]
        """
    )
    expected = Cart("n", (Wheel("w", 3),), True, [1, "a", True, {"b": 2}], "x", "big", {"a": 1})

    assert expected == got
    assert Cart("n") == read('name = "n"')


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (b'name = "\xff"', "malformed", "not TOML"),
        ("name = ", "malformed", "not TOML"),
        ('name = "a"\nname = "b"', "malformed", "not TOML"),
        ("load = " + "[" * 5_000, "malformed", "not TOML"),
        ("#" + " " * CRITERIA_FILE_MAX_BYTES, "too_large", "262145 bytes"),
        ('name = "n"\nnam = 1', "unknown_key", "'nam'"),
        ('name = "n"\nmade = 1', "unknown_key", "'made'"),
        ("flag = true", "missing_key", "name is missing"),
        ('name = "n"\nwheels = [{ id = "w" }]', "missing_key", "wheels, wheel w: size is missing"),
        ('name = ""', "wrong_type", "name: '' is not text that is not empty"),
        ("name = 1", "wrong_type", "name: '1' is not text"),
        ('name = "n"\nflag = 1', "wrong_type", "flag: '1' is not bool"),
        ('name = "n"\nwheels = {}', "wrong_type", "wheels: '{}' is not list"),
        ('name = "n"\nwheels = [1]', "wrong_type", "wheels: '1' is not dict"),
        (
            'name = "n"\nwheels = [{ id = "w", size = true }]',
            "wrong_type",
            "wheel w, size: 'True' is not int",
        ),
        ('name = "n"\nwheels = [{ id = "W", size = 1 }]', "wrong_value", "wheel W, id: 'W'"),
        ('name = "n"\nwheels = [{ id = "w", size = 100 }]', "wrong_value", "wheel w, size: '100'"),
        ('name = "n"\nwheels = [{ id = 3, size = 1 }]', "wrong_type", "wheels, id: '3' is not text"),
        ('name = "n"\nkind = "huge"', "wrong_value", "kind: 'huge'"),
        ('name = "n"\nprices = { A = 1 }', "wrong_value", "prices: 'A'"),
        ('name = "n"\nprices = { a = "1" }', "wrong_type", "prices, a: '1' is not int"),
        ('name = "n"\nload = 1.0', "wrong_type", "load: 1.0"),
        ('name = "n"\nload = [{ a = nan }]', "wrong_type", "load: nan"),
        ('name = "n"\nload = 9007199254740992', "wrong_type", "load: 9007199254740992"),
        ('name = "n"\nload = 2026-11-24', "wrong_type", "load: 2026-11-24"),
        ('name = "n"\nload = 12:00:00', "wrong_type", "load: 12:00:00"),
    ],
)
def test_refused(text: str | bytes, code: str, words: str) -> None:
    """Whatever no field declares gets one error that names the file and the place."""
    with pytest.raises(InputError) as caught:
        read(text)

    assert f"cart_{code}" == caught.value.code
    assert caught.value.message.startswith("cart.toml")
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('name = "n"\nx = 1', "Known are: name, wheels, flag, load, note, kind, prices."),
        ('name = "n"\nkind = "huge"', "It must match big|small."),
        ('name = "n"\nload = 2026-11-24T00:00:00Z', "Write times in quotes."),
        ('name = "n"\nload = 0.5', "Write an int or a text."),
    ],
)
def test_hint(text: str, hint: str) -> None:
    """The hint says what would do."""
    with pytest.raises(InputError) as caught:
        read(text)

    assert hint == caught.value.hint
