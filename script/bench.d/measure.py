"""What the benches share: CPU time of a call, medians, and one way to print a figure beside its limit."""

import gc
import statistics
import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the median CPU seconds of one call, over some rounds after one that is not counted."""
    work()
    taken = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def figure(name: str, value: float, limit: float, unit: str, aim: str) -> None:
    """Print one figure, the limit measured in the same run, their ratio and what we aim at."""
    held = f"limit {limit:10.3f} {unit:<4} ratio {value / limit:6.2f}"
    print(f"{name:<44} {value:10.3f} {unit:<4} {held}  aim {aim}")


def reading(name: str, value: float, unit: str, aim: str) -> None:
    """Print one figure that is held to a fixed size instead of a limit of the same run."""
    print(f"{name:<44} {value:10.3f} {unit:<4} {'':>29}  aim {aim}")
