"""Costs beside one another: by turns, so that a machine that becomes slower meanwhile slows both."""

import gc
import statistics
import time
from collections.abc import Callable


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of one round; what earlier rounds left behind is collected before."""
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def ratio(work: Callable[[], object], other: Callable[[], object], *, rounds: int = 9) -> float:
    """How many times the other's CPU time a piece of work takes: the median of rounds, after one that warms both up."""
    spent(work), spent(other)
    return statistics.median(spent(work) / spent(other) for _ in range(rounds))
