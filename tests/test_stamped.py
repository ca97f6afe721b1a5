"""The clock behind time stamps: rate, uncertainty, jitter and gaps against clocks that are known exactly."""

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hipdrive.acquisition.stamped import interval, missing, regular
from hipdrive.acquisition.stampedsource import HOLD_S, ClockBack, Watch
from hipdrive.errors import UsageError

Floats = NDArray[np.float64]
Rng = np.random.Generator
RATE = 997.3


def even(n: int, rng: Rng) -> Floats:
    return 12.0 + np.arange(n) / RATE


def jitter(size: float) -> Callable[[int, Rng], Floats]:
    return lambda n, rng: even(n, rng) + rng.normal(0.0, size, n)


def late(size: float) -> Callable[[int, Rng], Floats]:
    """Stamped by a computer that is late by a random time."""
    return lambda n, rng: even(n, rng) + rng.exponential(size, n)


def bursts(n: int, rng: Rng) -> Floats:
    """20 samples at a time, all stamped when they arrive over a network."""
    last = np.minimum((np.arange(n) // 20 + 1) * 20 - 1, n - 1)
    return even(n, rng)[last] + np.repeat(rng.exponential(2e-3, n // 20 + 1), 20)[:n]


def whole_us(n: int, rng: Rng) -> Floats:
    """A board's µs."""
    return np.floor(even(n, rng) * 1e6) * 1e-6


STEADY = (even, whole_us, jitter(1e-4))
CLOCKS = {"even": even, "µs": whole_us, "jitter 0.1 ms": STEADY[2], "jitter 0.3 ms": jitter(3e-4),
          "late 2 ms": late(2e-3), "bursts": bursts}  # fmt: skip


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize(("n", "runs"), [(60, 100), (5000, 50), (30_000, 5)])
def test_the_rate_lies_within_its_uncertainty(clock: Callable[[int, Rng], Floats], n: int, runs: int) -> None:
    """95 % of the intervals hold the true rate (a binomial spread allowed), and none invents a gap."""
    if n < 1000 and clock not in STEADY:
        pytest.skip("three bursts tell nothing")
    hits, widths = 0, []
    for seed in range(runs):
        found = regular(clock(n, np.random.default_rng(seed)), 1000.0)
        assert found.ok, found.why
        assert found.gaps == ()
        hits += abs(found.rate - RATE) <= found.u95
        widths.append(found.u95)
    least = 0.95 * runs - 3.0 * math.sqrt(0.95 * 0.05 * runs)
    assert hits >= (least if clock is not even else 0.0), f"{hits} of {runs}"
    if clock is even:
        assert abs(regular(even(n, np.random.default_rng(0)), 1000.0).rate - RATE) < 1e-9
    assert float(np.median(widths)) < {60: 400.0, 5000: 0.5, 30_000: 0.02}[n]


def test_offset_and_jitter_are_those_that_were_put_in() -> None:
    found = regular(jitter(1e-4)(20_000, np.random.default_rng(1)), 1000.0)
    assert found.offset == pytest.approx(12.0, abs=1e-5)
    assert found.jitter_sd == pytest.approx(1e-4, rel=0.03)
    assert 3e-4 < found.largest < 6e-4


@pytest.mark.parametrize("ppm", [-200.0, -20.0, 0.0, 50.0, 300.0])
def test_a_constant_drift_is_a_rate(ppm: float) -> None:
    true = 1000.0 * (1.0 + ppm * 1e-6)
    found = regular(np.arange(60_000) / true + np.random.default_rng(3).normal(0.0, 1e-4, 60_000), 1000.0)
    assert abs(found.rate - true) <= 2.0 * found.u95 < 1e-3


# --- gaps ---


@pytest.mark.parametrize("clock", [even, whole_us, jitter(1e-4)], ids=["even", "µs", "jitter"])
@settings(max_examples=40)
@given(st.data())
def test_every_gap_of_a_board_is_found(clock: Callable[[int, Rng], Floats], data: st.DataObject) -> None:
    """Any number of samples at any places, single ones too, a few samples apart at least."""
    n = 1500
    stamps = clock(n, np.random.default_rng(7))
    kept, expected, place = np.ones(n, bool), [], 0
    while place < n - 60:
        place += data.draw(st.integers(12, 400))
        lost = data.draw(st.integers(1, 40))
        if place + lost < n - 20:
            kept[place : place + lost] = False
            expected.append((int(kept[:place].sum()), lost))
            place += lost
    found = regular(stamps[kept], 1000.0)
    assert list(found.gaps) == expected
    assert found.rate == pytest.approx(RATE, abs=0.05)


def test_gaps_among_bursts() -> None:
    """60 samples among bursts of 20 ms are found; the rate is not bent by them."""
    stamps = np.delete(bursts(60_000, np.random.default_rng(5)), np.s_[20_000:20_060])
    found = regular(stamps, 1000.0)
    assert sum(lost for _, lost in found.gaps) == 60
    assert all(abs(place - 20_000) <= 20 for place, _ in found.gaps)
    assert abs(found.rate - RATE) < 0.01


def test_a_cheap_converter_that_is_off_by_15_per_cent() -> None:
    stamps = np.delete(np.arange(8000) / 92.0, [5, 6, 700])
    found = regular(stamps, 80.0)
    assert found.gaps == ((5, 2), (698, 1))
    assert found.rate == pytest.approx(92.0)


def test_a_board_that_loses_every_ninth_sample() -> None:
    kept = [i for i in range(3000) if i % 9]
    found = regular(np.array(kept) / 80.0, 80.0)
    assert len(found.gaps) == 332
    assert found.rate == pytest.approx(80.0)


# --- no clock ---


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (np.cumsum(np.random.default_rng(1).uniform(0.0, 0.002, 4000) ** 2 * 600.0), "not those of a regular clock"),
        (np.arange(20_000) / 1000.0 * (1.0 + np.arange(20_000) * 1e-7), "not those of a regular clock"),
        (np.arange(500) / 300.0, "tell 300 Hz where 1000 Hz were said"),
        (np.array([0.0, 0.001, 0.002]), "too few"),
        (np.zeros(100), "do not go on"),
        (np.arange(100.0)[::-1], "do not go on"),
        (np.r_[np.arange(50.0), np.nan], "no number"),
        (np.r_[np.arange(50.0), np.inf], "no number"),
        (np.empty(0), "too few"),
    ],
)
def test_what_is_no_regular_clock_is_said(stamps: Floats, words: str) -> None:
    found = regular(stamps, 1000.0)
    assert not found.ok or found.gaps
    assert words in found.why or found.gaps, found


def test_random_arrivals_are_no_clock() -> None:
    """Events at random: what looks like gaps, or a line that wanders; never a clean clock."""
    for seed in range(50):
        found = regular(np.cumsum(np.random.default_rng(seed).exponential(1e-3, 5000)), 1000.0)
        assert not found.ok or found.gaps


@pytest.mark.parametrize("nominal", [0.0, -5.0, math.nan, math.inf])
def test_a_nominal_rate_that_is_none(nominal: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        regular(np.arange(100.0), nominal)


def test_stamps_of_the_wrong_shape() -> None:
    with pytest.raises(UsageError, match="not one for each sample"):
        regular(np.zeros((3, 3)), 100.0)


@settings(max_examples=60)
@given(st.lists(st.floats(-1e12, 1e12), max_size=60), st.floats(1e-3, 1e6))
def test_any_stamps(stamps: list[float], nominal: float) -> None:
    """Nothing breaks it, and nothing is said without a reason."""
    found = regular(np.array(stamps), nominal)
    assert found.why or (math.isfinite(found.rate) and found.u95 >= 0.0)


@pytest.mark.slow
@pytest.mark.timed
def test_an_hour_is_quick() -> None:
    stamps = bursts(3_600_000, np.random.default_rng(1))
    began = time.process_time()
    found = regular(stamps, 1000.0)
    assert found.ok and found.gaps == ()
    assert time.process_time() - began < 20.0


# --- as they come ---


def watched(stamps: Floats, rate: float = 1000.0, *, back: float = 0.0, seed: int = 0) -> list[tuple[int, int]]:
    """The gaps that a watch tells when stamps come in pieces: number of samples before, and how many are missing."""
    watch, waiting, given, found = Watch(rate, back=back), np.empty(0), 0, []
    pieces = np.split(stamps, np.sort(np.random.default_rng(seed).integers(0, len(stamps), len(stamps) // 7)))
    for number, piece in enumerate(pieces):
        waiting = np.concatenate([waiting, piece])
        while len(waiting):
            verdict = watch.look(waiting, final=number == len(pieces) - 1)
            if verdict.lost:
                found.append((given, verdict.lost))
                watch.jumped()
                continue
            if not verdict.ready and not verdict.bad:
                break
            if verdict.ready:
                watch.passed(waiting[: verdict.ready])
            given += verdict.ready
            waiting = waiting[verdict.ready or 1 :]
    assert not len(waiting)
    return found


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_no_gap_is_told_where_there_is_none(clock: Callable[[int, Rng], Floats]) -> None:
    for seed in range(20):
        stamps = clock(3000, np.random.default_rng(seed))
        assert watched(stamps, back=0.1, seed=seed) == []


def test_chunks_that_their_sender_stamps_late_and_early() -> None:
    """LSL: 10 samples a chunk, the last stamped when it is pushed, so that chunks overlap or stand apart."""
    rng = np.random.default_rng(3)
    pushed = np.repeat(np.arange(1, 301) * 0.01 + rng.uniform(0.0, 0.008, 300), 10)
    stamps = pushed - np.tile(np.arange(9, -1, -1) * 0.001, 300)
    assert (np.diff(stamps) < 0.0).any() and np.diff(stamps).max() > 0.005
    assert watched(stamps, back=0.1) == []
    assert regular(stamps, 1000.0).gaps == ()


def test_watching_and_looking_back_find_the_same() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        stamps = np.delete(jitter(5e-5)(3000, rng), rng.choice(np.arange(50, 2900), 12, replace=False))
        assert watched(stamps, seed=seed) == list(regular(stamps, 1000.0).gaps)


def test_a_long_gap_among_bursts_is_told_as_it_comes() -> None:
    stamps = np.delete(bursts(4000, np.random.default_rng(2)), np.s_[3000:3200])
    (found,) = watched(stamps, back=0.1)
    assert found[0] == 3000 and abs(found[1] - 200) <= 25


def test_a_clock_that_goes_back() -> None:
    watch = Watch(1000.0)
    watch.passed(np.arange(10) / 1000.0)
    with pytest.raises(ClockBack):
        watch.look(np.array([0.0, 0.001]), final=False)
    assert watch.look(np.array([0.0]), final=False).ready == 0  # one stamp may be wrong: wait for the next
    assert watch.look(np.array([0.0, 0.011]), final=False).bad


def test_samples_are_held_back_for_a_tenth_of_a_second_at_most() -> None:
    watch = Watch(1000.0)
    watch.passed(np.arange(50) / 1000.0)
    behind = 0.060 + np.arange(200) / 1000.0
    needed = next(n for n in range(1, 200) if watch.look(behind[:n], final=False).lost)
    assert needed == 16  # even ones decide sooner
    assert watch.look(behind[:3], final=True).lost == 10
    assert HOLD_S > 0.1


def test_missing_says_nothing_below_the_noise() -> None:
    ticks: Floats = np.arange(20, dtype=np.float64) * 0.001
    assert missing(ticks, ticks + 0.022, 0.001, noise=0.005) == 0
    assert missing(ticks, ticks + 0.032, 0.001, noise=0.005) == 12


def test_the_interval_of_a_few_stamps() -> None:
    assert interval(np.array([0.0, 0.1]), 0.001) == (0.001, False)
    period, steady = interval(np.arange(100, dtype=np.float64) * 0.0125, 0.01)
    assert steady and period == pytest.approx(0.0125)


@pytest.mark.parametrize("origin", [0.0, 0.3, 586.026687001, 86_400.1, 1.79e9 + 0.7])
def test_a_gap_after_a_tenth_of_a_second_is_told_whatever_the_clock_shows(origin: float) -> None:
    """The last bits of large times make an interval a little short, and a stretch one sample too long."""
    watch = Watch(1000.0, back=0.1)
    before = origin + np.arange(100) / 1000.0
    assert watch.look(before, final=False).ready == 100
    watch.passed(before)
    assert watch.look(origin + 0.112 + np.arange(300) / 1000.0, final=False).lost == 12
