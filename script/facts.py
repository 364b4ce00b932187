"""The vocabulary of facts as files.

The rooms of collectors and of judging do not know each other; this knows both, and the fixtures of the tests, which
show where each fact is read.
"""

from pathlib import Path

from collectors import vocabulary
from collectors.findings import Fact
from config import feeds
from tests.collectors.sources import sources

if __name__ == "__main__":
    derived = {name: Fact(one.type, one.meaning) for name, one in feeds.FACTS.items()}
    vocabulary.write(Path(__file__).parents[1], derived, sources())
