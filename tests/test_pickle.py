"""Facts and numbers go to another process and come back, equal and read-only."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.table import Table
from hipdrive.results import Analysis, Columns, Results
from hipdrive.trial import ClockMap, Edges, Gap, Raw, Signal, Tare, Track, Trial, Truth


def pickled(level: int) -> Callable[[Any], Any]:
    """There and back by one pickle protocol."""
    return lambda thing: pickle.loads(pickle.dumps(thing, level))


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {level}": pickled(level) for level in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


def trial() -> Trial:
    """A trial with every kind of fact."""
    return Trial.from_forces(
        np.arange(20.0).reshape(2, 10), 1000.0, ("left", "right"),
        components={"left.fx": np.ones(10)},
        signals=(Signal(name="gun", values=np.arange(3.0), rate=1000.0, unit="V"),),
        tracks=(Track(name="pose", kind="points", times=np.arange(2.0), values=np.ones((2, 1, 2)), names=("hip",),
                      unit="m"),),
        clocks={"pose": ClockMap(offset=0.5)},
        gaps=(Gap(first_sample=3, samples=1, code="lost", text="lost"),),
        truth=Truth(values={"a": 1.0}),
        tare=(Tare(plate="left", mean=np.ones(1), sd=np.ones(1), samples=5),),
        edges=(Edges(name="gun", ticks=np.arange(2, dtype=np.uint64), rate=1e6),),
        raw=(Raw(device="import", values=np.ones((10, 1), dtype=np.int16), channels=("a",), roles=("left.fz",),
                 units=("N",), rate=1000.0, scaling=np.ones((1, 4)), blocks=np.ones((1, 3), dtype=np.int64),
                 identity={"serial": "7"}),),
    )  # fmt: skip


def arrays(thing: Any, name: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every array in a fact, by where it is."""
    if isinstance(thing, np.ndarray):
        yield name, thing
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from arrays(getattr(thing, field.name), f"{name}.{field.name}")
    elif isinstance(thing, Mapping):
        for key, part in thing.items():
            yield from arrays(part, f"{name}[{key}]")
    elif isinstance(thing, tuple):
        for i, part in enumerate(thing):
            yield from arrays(part, f"{name}[{i}]")


def same(one: Any, other: Any) -> None:
    """Both hold the same, and no array of the other can be written to."""
    left, right = dict(arrays(one)), dict(arrays(other))
    assert left.keys() == right.keys() and left
    for name, array in left.items():
        assert array.dtype == right[name].dtype and repr(array.tolist()) == repr(right[name].tolist())
        assert not right[name].flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            right[name][...] = 0


@pytest.mark.parametrize("way", WAYS)
def test_a_trial_with_every_fact(way: str) -> None:
    mine = trial()
    other = WAYS[way](mine)
    same(mine, other)
    assert other.clocks == mine.clocks and other.gaps == mine.gaps and other.truth["a"] == 1.0
    assert other.raw[0].identity == {"serial": "7"}
    for view in (other.raw[0].identity, other.components):
        with pytest.raises(TypeError):
            view["x"] = 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fact", ["signals", "tracks", "tare", "edges", "raw"])
def test_each_fact_alone(way: str, fact: str) -> None:
    one = getattr(trial(), fact)[0]
    other = WAYS[way](one)
    assert type(other) is type(one)
    same(one, other)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("test", ["cmj", "dj"])
def test_an_analysis(way: str, test: str) -> None:
    mine = analyse(simulate(test, seed=1))
    other: Analysis = WAYS[way](mine)
    same(mine, other)
    assert repr([r.events for r in other.reps]) == repr([r.events for r in mine.reps])
    assert repr(other.quality) == repr(mine.quality) and repr(other.provenance) == repr(mine.provenance)
    assert repr(dict(other.reps[0])) == repr(dict(mine.reps[0]))
    one: Results = WAYS[way](mine.reps[0])
    assert one["contact_time" if test == "dj" else "jump_height_tov"].value > 0.0
    columns: Columns = WAYS[way](mine.reps[0].columns)
    same(mine.reps[0].columns, columns)


@pytest.mark.parametrize("way", WAYS)
def test_a_table(way: str) -> None:
    mine = analyse_many([simulate("cmj", seed=1), Trial.from_forces(np.zeros(3000), 1000.0)])
    other: Table = WAYS[way](mine)
    assert other["jump_height_tov"].tolist() == mine["jump_height_tov"].tolist()
    assert other.refused == mine.refused and other.refused


def test_numbers_of_a_trial_cannot_be_changed() -> None:
    """What comes back from a process is no safer than what was made here."""
    columns = analyse(simulate("cmj", seed=1)).reps[0].columns
    with pytest.raises(ValueError, match="read-only"):
        columns.values["jump_height_tov"][0] = 9.0


def test_another_process_analyses() -> None:
    mine = simulate("cmj", seed=1)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(analyse, mine).result()
    assert repr(dict(there.reps[0])) == repr(dict(analyse(mine).reps[0]))
