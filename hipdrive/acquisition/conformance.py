"""What every source has to keep to, as functions: for the sources in here, and for those of other packages.

Each law takes a function that makes a `Case`, a source whose samples are known, and raises AssertionError with a
sentence where the source does otherwise. A plug-in's own test is two lines:

    @pytest.mark.parametrize("law", conformance.LAWS, ids=lambda law: law.__name__)
    def test_my_source(law): law(my_case)
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.source import (
    Block,
    Source,
    SourceEnd,
    SourceFault,
    SourceGap,
    SourceInfo,
    SourceLost,
    SourceTimeout,
)
from hipdrive.errors import HipdriveError

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

PATIENCE_S = 15.0
"""s without a sample after which one that should come counts as missing."""

AFTER_S = 0.05
"""s for which more samples are waited for that should not come."""

SLACK_S = 1.0
"""s by which a read may be longer than its time-out, on a busy machine."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A source that is not open yet, and what it will deliver after each start.

    values : (channels, n), exactly as they will be in the array. gaps : number of the first sample that is missing, and
    how many, as (first, samples). code : of the loss behind the last sample, "end" for an agreed end, "" where the
    source goes on without samples. feed : makes the device send; it runs beside `start` in a thread of its own.
    rig : for a recording; None where the channels are newtons of plates already.
    """

    source: Source
    values: NDArray[Any]
    gaps: tuple[tuple[int, int], ...] = ()
    code: str = ""
    feed: Callable[[], None] = lambda: None
    rig: Rig | None = None


Make = Callable[[], AbstractContextManager[Case]]


@dataclass(eq=False)
class Gathered:
    """What reading gave: numbers and values of samples, gaps, their own times, arrivals, and how it ended."""

    numbers: NDArray[np.int64]
    values: NDArray[Any]
    stamps: NDArray[np.float64]
    gaps: list[tuple[int, int]]
    host_ns: list[int]
    fault: SourceFault | None


@contextlib.contextmanager
def started(case: Case, opened: Callable[[], None] = lambda: None) -> Iterator[Source]:
    """The source, open and started, its device sending; closed in the end. opened : called before it is started."""
    source = case.source
    source.open()
    try:
        opened()
        feeding = threading.Thread(target=case.feed, daemon=True)
        feeding.start()
        source.start()
        try:
            yield source
        finally:
            source.stop()
            feeding.join(PATIENCE_S)
            assert not feeding.is_alive(), "the device of this case does not come to an end"
    finally:
        source.close()


def gather(source: Source, samples: int, *, width: int | None = None, timeout: float = 0.05) -> Gathered:
    """Read until so many samples are there, and what ends them, as the recorder does."""
    width = width or source.info.block
    numbers: list[NDArray[np.int64]] = []
    values: list[NDArray[Any]] = []
    stamps: list[NDArray[np.float64]] = []
    gaps: list[tuple[int, int]] = []
    arrived: list[int] = []
    fault: SourceFault | None = None
    count, heard = 0, time.monotonic()
    have = 0
    while fault is None and time.monotonic() - heard < (PATIENCE_S if have < samples else AFTER_S):
        out = np.full((len(source.info.channels), width), 111, source.info.dtype)
        try:
            block = source.read(out, timeout)
            assert 1 <= block.n <= width, f"a block of {block.n} samples where {width} were asked for"
        except (SourceTimeout, SourceEnd) as short:
            assert 0 <= short.n <= width, f"{short.n} samples at a time-out where {width} were asked for"
            block = Block(count, short.n, short.host_ns, short.stamps)
            fault = short if isinstance(short, SourceEnd) else None
        except SourceGap as gap:
            assert gap.samples > 0, "a gap of no samples"
            gaps.append((count, gap.samples))
            count += gap.samples
            continue
        except SourceLost as lost:
            fault = lost
            continue
        assert block.first_sample == count, f"sample {block.first_sample} came where {count} was next"
        if block.n:
            heard = time.monotonic()
            numbers.append(np.arange(count, count + block.n))
            values.append(out[:, : block.n])
            stamps.append(np.empty(0) if block.stamps is None else np.asarray(block.stamps))
            arrived.append(block.host_ns)
            count, have = count + block.n, have + block.n
    empty = np.empty((len(source.info.channels), 0), source.info.dtype)
    return Gathered(np.concatenate([np.empty(0, np.int64), *numbers]), np.concatenate([empty, *values], axis=1),
                    np.concatenate([np.empty(0), *stamps]), gaps, arrived, fault)  # fmt: skip


def _same(got: Gathered, case: Case) -> None:
    """All samples, once, in order, with their numbers; gaps where they are, the end that is meant."""
    n = case.values.shape[1]
    assert got.values.shape[1] == n, f"{got.values.shape[1]} samples came, {n} were sent"
    assert got.values.dtype == case.values.dtype, f"values of {got.values.dtype} where {case.values.dtype} were sent"
    wrong = np.flatnonzero((got.values != case.values).any(axis=0))
    assert not len(wrong), f"sample {wrong[0]} is {got.values[:, wrong[0]]}, and {case.values[:, wrong[0]]} was sent"
    assert tuple(got.gaps) == case.gaps, f"gaps {got.gaps} were told, and {list(case.gaps)} are there"
    code = "" if got.fault is None else got.fault.code
    assert code == case.code, f"it ended with {code!r}, and not with {case.code!r}"


# --- the laws ---


def info_is_final(make: Make) -> None:
    """Rate, type, scaling and channels are known once it is open, and stay."""
    with make() as case:
        source = case.source
        names = [one.role for one in source.info.channels]
        opened: list[SourceInfo] = []
        with started(case, lambda: opened.append(source.info)):
            info = source.info
            assert repr(opened[0]) == repr(info), "info changed when it was started"
            assert isinstance(info, SourceInfo), "info is no SourceInfo"
            assert [one.role for one in info.channels] == names, "the channels changed when it was opened"
            assert np.isfinite(info.rate) and info.rate > 0.0, f"a rate of {info.rate} Hz"
            assert np.dtype(info.dtype) in (np.int16, np.int32, np.float64), f"{info.dtype} does not go into a trial"
            assert info.block >= 1 and info.buffer >= info.block, "block and buffer do not hold a sample"
            assert info.clock in ("sample", "stamped"), f"a clock of the kind {info.clock!r}"
            whole = np.dtype(info.dtype).kind == "i"
            assert (info.scaling is not None) == whole, "counts need a scaling, and other values have none"
            if info.scaling is not None:
                assert np.shape(info.scaling) == (len(names), 4), f"a scaling of shape {np.shape(info.scaling)}"
            assert len(info.identity) > 0, "it does not say what it is"
            gather(source, case.values.shape[1])
            after = source.info
            assert after is info or repr(after) == repr(info), "info changed while it was read"


def every_sample_once(make: Make) -> None:
    """What was sent comes once, in order, numbered, with its gaps and its end; nothing is filled in."""
    with make() as case, started(case) as source:
        got = gather(source, case.values.shape[1])
        _same(got, case)
        missing = {first + i for first, samples in case.gaps for i in range(samples)}
        sent = [number for number in range(case.values.shape[1] + len(missing)) if number not in missing]
        assert got.numbers.tolist() == sent, "the samples behind a gap are not numbered so that it shows"


def reads_of_any_width(make: Make) -> None:
    """One sample at a time, an odd number, more than a block: the same samples."""
    for width in (1, 7, 1000):
        with make() as case, started(case) as source:
            _same(gather(source, case.values.shape[1], width=width, timeout=0.05), case)


def a_read_that_does_not_wait(make: Make) -> None:
    """With a time-out of 0 it takes what is there, and the rest comes later."""
    with make() as case, started(case) as source:
        _same(gather(source, case.values.shape[1], timeout=0.0), case)


def the_time_out_is_kept(make: Make) -> None:
    """When nothing comes any more it says so in time, or that it has ended, and goes on saying so."""
    with make() as case, started(case) as source:
        got = gather(source, case.values.shape[1])
        out = np.empty((len(source.info.channels), source.info.block), source.info.dtype)
        for _ in range(2):
            began = time.monotonic()
            try:
                block = source.read(out, 0.1)
            except SourceTimeout as short:
                assert short.n == 0, f"{short.n} samples that nobody sent"
            except (SourceEnd, SourceLost) as fault:
                assert not isinstance(fault, SourceEnd) or fault.n == 0, "samples behind the end"
            else:
                raise AssertionError(f"{block.n} samples that nobody sent")
            took = time.monotonic() - began
            assert took < 0.1 + SLACK_S, f"a read of 0.1 s took {took:.2f} s"
        assert got.values.shape[1] == case.values.shape[1], "not all samples came"


def stopping_ends_a_read(make: Make) -> None:
    """Stopped from another thread, a read that waits is over within its time-out."""
    with make() as case, started(case) as source:
        gather(source, case.values.shape[1])
        out = np.empty((len(source.info.channels), source.info.block), source.info.dtype)
        stopping = threading.Timer(0.1, source.stop)
        stopping.start()
        began = time.monotonic()
        with contextlib.suppress(SourceFault):
            source.read(out, 0.5)
        took = time.monotonic() - began
        stopping.join()
        assert took < 0.5 + SLACK_S, f"a read of 0.5 s took {took:.2f} s although the source was stopped"


def closing_is_harmless(make: Make) -> None:
    """Closed before it was opened, twice, and without being stopped."""
    with make() as case:
        source = case.source
        source.close()
        source.open()
        source.close()
        source.close()


def it_opens_again(make: Make) -> None:
    """A second time, after it was closed, it begins with sample 0."""
    with make() as case:
        for _ in range(2):
            with started(case) as source:
                _same(gather(source, case.values.shape[1]), case)


def the_array_is_respected(make: Make) -> None:
    """It writes into the array that it was given, and nowhere else."""
    with make() as case, started(case) as source:
        rows, width, kind = len(source.info.channels), source.info.block, np.dtype(source.info.dtype)
        memory = np.full(rows * width + 2 * width, 77, kind)
        out = memory[width : width + rows * width].reshape(rows, width)
        got: list[NDArray[Any]] = []
        began = time.monotonic()
        while sum(part.shape[1] for part in got) < case.values.shape[1] and time.monotonic() - began < PATIENCE_S:
            try:
                n = source.read(out, 0.05).n
            except (SourceTimeout, SourceEnd) as short:
                n = short.n
            except SourceGap:
                n = 0
            except SourceLost:
                break
            got.append(out[:, :n].copy())
        assert (memory[:width] == 77).all(), "it writes before the array"
        assert (memory[width + rows * width :] == 77).all(), "it writes behind the array"
        assert np.array_equal(np.concatenate(got, axis=1), case.values), "the array does not hold what was sent"


def times_belong_to_samples(make: Make) -> None:
    """Arrivals do not go back; a stamped source has a finite stamp for each sample, another one has none."""
    with make() as case, started(case) as source:
        before = time.monotonic_ns()
        got = gather(source, case.values.shape[1])
        now = time.monotonic_ns()
        assert all(one <= two for one, two in zip(got.host_ns, got.host_ns[1:], strict=False)), "arrivals go back"
        assert all(before - 60e9 < one <= now for one in got.host_ns), "arrivals are not times of this computer's clock"
        if source.info.clock == "stamped":
            assert len(got.stamps) == len(got.numbers), f"{len(got.stamps)} stamps for {len(got.numbers)} samples"
            assert np.isfinite(got.stamps).all(), "a stamp is no number"
        else:
            assert not len(got.stamps), "stamps from a source whose clock is its sample counter"


def a_recording_is_exact(make: Make) -> None:
    """`Recorder` makes a trial of it whose raw values are those that were sent, up to the first gap."""
    from hipdrive.acquisition.recorder import Recorder

    with make() as case:
        first = case.gaps[0][0] if case.gaps else case.values.shape[1]
        recorder = Recorder(case.rig, [case.source], 60.0)
        recorder.begin(test="auto")
        feeding = threading.Thread(target=case.feed, daemon=True)
        feeding.start()
        with recorder:
            end = time.monotonic() + PATIENCE_S
            while time.monotonic() < end and not recorder.finished.is_set():
                if recorder.seconds * case.source.info.rate >= first - 0.5 and (not case.gaps or recorder.broken):
                    break
                time.sleep(0.01)
        trial = recorder.end()
        feeding.join(PATIENCE_S)
        assert len(trial.raw) == 1, f"{len(trial.raw)} devices in the trial"
        values = trial.raw[0].values
        assert values.dtype == case.values.dtype, f"{values.dtype} in the trial, {case.values.dtype} sent"
        assert np.array_equal(values, case.values[:, :first].T), "the trial does not hold what was sent"
        assert bool(trial.gaps) == bool(case.gaps or case.code not in ("", "end")), f"gaps in the trial: {trial.gaps}"


LAWS: tuple[Callable[[Make], None], ...] = (
    info_is_final, every_sample_once, reads_of_any_width, a_read_that_does_not_wait, the_time_out_is_kept,
    stopping_ends_a_read, closing_is_harmless, it_opens_again, the_array_is_respected, times_belong_to_samples,
    a_recording_is_exact,
)  # fmt: skip
"""All of them."""


def refuses(source: Source, code: str) -> str:
    """A source that cannot be opened or started says so in one sentence; the sentence."""
    try:
        source.open()
        try:
            source.start()
        finally:
            source.stop()
    except HipdriveError as error:
        said = str(error)
        assert said.isprintable(), f"no single line: {said!r}"
        assert ";" in said or ":" in said, f"no sentence that says what to do: {said}"
        assert error.code == code, f"the code is {error.code!r}, not {code!r}: {said}"
        return said
    finally:
        source.close()
    raise AssertionError("it opened")
