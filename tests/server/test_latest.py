"""What subjects said last: which facts may be asked for, and how much of them stays in memory."""

from config import shipped
from server.latest import FACTS, Memory


def test_facts() -> None:
    """Each is a fact of the catalogue, so that its type is known."""
    assert shipped.catalogue().facts.keys() >= FACTS


def test_memory() -> None:
    """What is kept is not read again; the oldest are forgotten first; what is larger than all is not kept."""
    memory: Memory[str] = Memory(10)
    read: list[str] = []

    def asked(key: str, size: int = 4) -> str:
        def reading() -> tuple[str, int]:
            read.append(key)
            return key.upper(), size

        return memory.recall(key, reading)

    assert ["A", "B", "A"] == [asked("a"), asked("b"), asked("a")]
    assert ["a", "b"] == read
    asked("c")
    assert "B" == asked("b")
    assert ["a", "b", "c"] == read
    asked("a")
    assert ["a", "b", "c", "a"] == read
    assert "BIG" == asked("big", 11)
    assert "BIG" == asked("big", 11)
    assert ["big", "big"] == read[4:]
