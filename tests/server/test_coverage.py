"""How much of the fleet was seen, counted without a look at each host."""

from contextlib import closing

from server import coverage, database
from server.home import Home
from tests.server.twin import NOW


def test_no_walk(home: Home) -> None:
    """Each question is answered by an index that leaves out the many hosts that were heard of lately."""
    asked: list[str] = []
    with closing(database.connect(home.database)) as connection:
        connection.set_trace_callback(asked.append)
        coverage.coverage(connection, NOW)
        connection.set_trace_callback(None)
        plans = {
            each: [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {each}")]
            for each in asked
            if " host " in each
        }
    assert len(plans) > 3
    for question, plan in plans.items():
        assert not [line for line in plan if line.startswith("SCAN")], (question, plan)
