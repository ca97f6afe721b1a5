"""The decimator against the plain minimum and maximum of everything, and what it costs."""

import sys
from types import FrameType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipdrive.gui.decimate import MinMax
from hipdrive.trial import Floats


def plain(samples: Floats, columns: int, size: int) -> Floats:
    """Smallest and largest value of the last columns, counted from the first sample; zeros where there are none."""
    pieces = [samples[:, a : a + size] for a in range(0, samples.shape[1], size)][-columns:]
    ends = [np.stack([p.min(axis=1), p.max(axis=1)], axis=1) for p in pieces]
    empty = [np.zeros((len(samples), 2))] * (columns - len(ends))
    return np.concatenate([*empty, *ends], axis=1)


@given(
    lengths=st.lists(st.integers(0, 90), max_size=25), columns=st.integers(1, 12), size=st.integers(1, 17),
    channels=st.integers(1, 3),
)  # fmt: skip
def test_columns_are_those_of_all_samples(lengths: list[int], columns: int, size: int, channels: int) -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.normal(0.0, 1.0, (channels, n)) for n in lengths]
    peaks = MinMax(channels, columns, size)
    for block in blocks:
        peaks.add(block)
    whole = np.concatenate([np.zeros((channels, 0)), *blocks], axis=1)
    np.testing.assert_array_equal(peaks.values, plain(whole, columns, size))
    assert peaks.samples == whole.shape[1]


def test_a_single_sample_peak_is_never_lost() -> None:
    peaks = MinMax(1, 100, 10)
    for i in range(1000):
        peaks.add([[5000.0 if i == 537 else 0.0]])
    assert peaks.values.max() == 5000.0
    assert int(peaks.values.argmax()) // 2 == 53


def test_what_is_no_number_is_shown_as_lost() -> None:
    peaks = MinMax(2, 4, 3)
    block = np.ones((2, 12))
    block[1, 4], block[0, 11] = np.nan, np.inf
    for part in np.split(block, [5, 6], axis=1):
        peaks.add(part)
    assert peaks.lost.tolist() == [False, True, False, True]
    assert np.isfinite(peaks.values).all()
    peaks.add(np.ones((2, 12)))
    assert not peaks.lost.any()


@pytest.mark.parametrize("block", [np.zeros((1, 3)), np.zeros(3)])
def test_wrong_shapes_are_refused(block: Floats) -> None:
    with pytest.raises(ValueError, match="do not fit 2 channels"):
        MinMax(2, 4, 3).add(block)
    with pytest.raises(ValueError, match="at least one"):
        MinMax(0, 4, 3)


def test_new_samples_cost_the_same_however_many_there_were() -> None:
    peaks = MinMax(8, 1200, 83)
    block = np.random.default_rng(1).normal(0.0, 1.0, (8, 100))

    def calls() -> int:
        count = 0

        def seen(frame: FrameType, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(seen)
        try:
            peaks.add(block)
        finally:
            sys.setprofile(None)
        return count

    for _ in range(50):
        peaks.add(block)
    early, held = max(calls() for _ in range(2000)), peaks.nbytes
    for _ in range(20_000):
        peaks.add(block)
    assert max(calls() for _ in range(2000)) <= early
    assert peaks.nbytes == held
