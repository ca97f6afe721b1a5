"""Where a still stretch is looked for is one thing, said once."""

import inspect
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from hipdrive.analysis import weighing
from hipdrive.analysis.profile import load_profile
from hipdrive.analysis.signal import Block
from hipdrive.analysis.weighing import Where, calmest_before, still_after, still_before
from hipdrive.trial import Trial

WEIGHT, RATE = 700.0, 1000.0


def block() -> Block:
    """Six seconds: still, moving for one second from 2.5 s on, still again but heavier."""
    t = np.arange(6000) / RATE
    force = np.where(t < 3.5, WEIGHT, WEIGHT + 5.0) + np.where((t > 2.5) & (t < 3.5), 200.0 * np.sin(20.0 * t), 0.0)
    return Block.of([Trial.from_forces(force + 0.5 * np.sin(997.0 * t), RATE)])


def whole(first: int = 0, last: int = 6000) -> Where:
    """Part of the only record, with an empty plate that reads nothing."""
    return Where(np.array([0]), np.array([first]), np.array([last]), np.zeros(1), np.ones(1))


@np.errstate(invalid="ignore")  # as `analyse` does
def test_the_searches_look_where_they_are_told() -> None:
    profile = load_profile("hipdrive")
    before = still_before(block(), whole(last=2500), profile, limit=0.006)
    assert before.found.all() and before.end[0] == pytest.approx(2500, abs=60)
    assert before.mean[0] == pytest.approx(WEIGHT, abs=0.5)
    after = still_after(block(), whole(first=3500), profile, limit=0.006)
    assert after.start[0] == pytest.approx(3500, abs=300) and after.mean[0] == pytest.approx(WEIGHT + 5.0, abs=0.5)
    calm = calmest_before(block(), whole(last=2500), profile, limit=0.006)
    assert calm.end[0] - calm.start[0] == RATE and calm.mean[0] == pytest.approx(WEIGHT, abs=0.5)
    assert not still_before(block(), whole(2500, 3500), profile, limit=0.006).found.any()


def test_where_is_a_fact() -> None:
    assert [field.name for field in fields(Where)] == ["record", "first", "last", "level", "noise"]
    with pytest.raises(FrozenInstanceError):
        whole().first = np.array([0])  # type: ignore[misc]
    for search in (weighing.still_before, weighing.calmest_before, weighing.still_after):
        assert list(inspect.signature(search).parameters) == ["block", "where", "profile", "limit"]
