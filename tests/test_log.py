"""The log that is written while a recording runs, and what is made of it: exact to the sample, honest about it."""

import dataclasses
import errno
import json
import os
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hipdrive as hd
from hipdrive import cli, disk, store
from hipdrive.acquisition import logwriter, rawlog, recovery
from hipdrive.acquisition.rawlog import DATA, FACT, HEAD, MAGIC, Damage, Frame, Log
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.replay import ReplaySource
from hipdrive.acquisition.source import Block, SourceEnd, SourceGap
from hipdrive.errors import UsageError
from hipdrive.trial import Edges, Raw, Trial

RATE = 1000.0


def counts(samples: int = 3000, channels: int = 2, seed: int = 1) -> Raw:
    """Counts that are different everywhere, as a device with a scaling gives them."""
    values = np.random.default_rng(seed).integers(-30000, 30000, (samples, channels)).astype(np.int16)
    names, roles = ("ai0", "ai1")[:channels], ("left.fz", "right.fz")[:channels]
    return Raw(device="ni0", values=values, channels=names, roles=roles, units=("N",) * channels,
               rate=RATE, scaling=np.tile([0.0, 0.1, 0.0, 0.0], (channels, 1)))  # fmt: skip


class Slow(ReplaySource):
    """Goes on when it is told to."""

    def __init__(self, raw: Raw, pause: float) -> None:
        super().__init__(raw, speed=0.0)
        self.pause = pause

    def read(self, out: Any, timeout: float) -> Block:
        time.sleep(self.pause)
        return super().read(out, timeout)


def logged(path: Path, raw: Raw | None = None, **facts: Any) -> Trial:
    """A recording of it whose log is left behind, as after a crash at the very end."""
    recorder = Recorder(None, [Slow(counts() if raw is None else raw, 0.0005)], log=path)
    recorder.begin(**{"test": "cmj", **facts})
    with recorder:
        assert recorder.finished.wait(20.0)
    return recorder.end("done")


def same(one: Trial, other: Trial) -> bool:
    return len(one.raw) == len(other.raw) and all(
        np.array_equal(a.values, b.values) and a.values.dtype == b.values.dtype and a.gaps == b.gaps
        for a, b in zip(one.raw, other.raw, strict=True)
    )


def frames(path: Path) -> list[Frame | Damage]:
    log = Log(path)
    found = list(log.frames())
    log.close()
    return found


# --- what is written can be read ---


def test_a_log_gives_the_recording_back(tmp_path: Path) -> None:
    raw = counts()
    trial = logged(tmp_path / "a.hiplog", raw, athlete="a7", box_height=0.4)
    assert np.array_equal(trial.raw[0].values, raw.values)
    (saved,) = recovery.recover(tmp_path / "a.hiplog")
    back = store.load_trial(saved.path)
    assert (saved.path, saved.new) == (tmp_path / "a.h5", True)
    assert same(back, trial)
    assert np.array_equal(back.fz, trial.fz)
    assert (back.test, back.athlete, back.box_height, back.end_reason) == ("cmj", "a7", 0.4, "")
    assert np.array_equal(back.raw[0].scaling, raw.scaling)  # type: ignore[arg-type]
    assert [json.loads(line)["code"] for line in back.log][:2] == ["begin", "opened"] or back.log
    assert not (tmp_path / "a.hiplog").exists(), "all of it is in the file"


@settings(max_examples=25)
@given(data=st.data())
def test_any_recording_comes_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever type, number of channels, blocks and gaps."""
    path = tmp_path_factory.mktemp("log") / "x.hiplog"
    kind = data.draw(st.sampled_from(["<i2", "<i4", "<f8"]))
    channels, samples = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 400))
    values = np.random.default_rng(samples).integers(-1000, 1000, (samples, channels)).astype(kind)
    raw = Raw(device="d", values=values, channels=tuple(map(str, range(channels))),
              roles=tuple(f"p{c}.fz" for c in range(channels)), units=("N",) * channels, rate=RATE)  # fmt: skip
    trial = logged(path, raw)
    with recovery.opened(path) as found:
        (back,) = recovery.trials(found)
    assert same(back, trial)
    assert np.array_equal(back.raw[0].values, values)


def test_edges_and_truth_come_back(tmp_path: Path) -> None:
    path = tmp_path / "jump.hiplog"
    recorder = Recorder("simulated", log=path, limit_seconds=6.0, options={"test": "dj", "seed": 3, "free_run": True})
    recorder.begin(test="dj")
    with recorder:
        assert recorder.finished.wait(60.0)
    trial = recorder.end()
    assert trial.truth is not None
    with recovery.opened(path) as found:
        (back,) = recovery.trials(found)
        assert back.truth is not None
        assert dict(back.truth.values) == dict(trial.truth.values)
        found.devices["ni0"].edges.append(Edges(name="cam", ticks=np.array([1, 2], np.uint64), rate=1e6))
    assert same(back, trial)
    assert hd.analyse(back).reps[0]["contact_time"].value == hd.analyse(trial).reps[0]["contact_time"].value


def test_a_longer_recording_than_the_ring_is_whole(tmp_path: Path) -> None:
    """The ring holds a tenth; the trial is made of what is on the disk."""
    raw = counts(20_000)
    source = ReplaySource(raw, speed=0.0)
    read = source.read

    def breathe(out: Any, timeout: float) -> Block:
        time.sleep(0.0005)
        return read(out, timeout)

    source.read = breathe  # type: ignore[method-assign]
    recorder = Recorder(None, [source], ring_seconds=2.0, log=tmp_path / "long.hiplog")
    recorder.begin()
    with recorder:
        assert recorder.finished.wait(30.0)
    trial = recorder.end()
    assert trial.samples == 20_000
    assert np.array_equal(trial.raw[0].values, raw.values)
    assert not trial.notes
    blocks = trial.raw[0].blocks
    assert blocks is not None
    assert blocks[0, 0] == 0
    assert blocks[:, 1].sum() == 20_000


def test_gaps_are_gaps_again_and_what_comes_behind_is_kept(tmp_path: Path) -> None:
    source = ReplaySource(counts(1000), speed=0.0)
    read, shift = source.read, [0]

    def holed(out: Any, timeout: float) -> Block:
        if source._place == 400 and not shift[0]:
            shift[0] = 50
            raise SourceGap(50, "-200279", "fifty samples were lost")
        block = read(out, timeout)
        return dataclasses.replace(block, first_sample=block.first_sample + shift[0])

    source.read = holed  # type: ignore[method-assign]
    path = tmp_path / "holed.hiplog"
    recorder = Recorder(None, [source], log=path)
    recorder.begin(test="cmj")
    with recorder:
        assert recorder.finished.wait(20.0)
    trial = recorder.end()
    assert trial.samples == 400
    first, second = recovery.recover(path)
    assert same(first.trial, trial)
    (gap,) = first.trial.gaps
    assert (gap.first_sample, gap.samples, gap.code, gap.text) == (400, 50, "-200279", "fifty samples were lost")
    assert first.trial.end_reason == "fifty samples were lost"
    assert second.path.name == "holed-2.h5"
    assert np.array_equal(second.trial.raw[0].values, source.raw.values[400:][: second.trial.samples])
    assert first.trial.samples + second.trial.samples >= 990


# --- damage ---


def torn(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(bytes(content))
    return path


def test_a_truncated_log_gives_every_whole_frame(tmp_path: Path) -> None:
    """At every length: exactly the samples of the frames that are whole, and the truth about the rest."""
    raw = counts(300)
    path = tmp_path / "a.hiplog"
    logged(path, raw)
    whole, content = frames(path), path.read_bytes()
    data = [one for one in whole if isinstance(one, Frame) and one.kind == DATA]
    first = next(one for one in whole if isinstance(one, Frame) and one.kind == FACT)
    for end in [*range(0, first.end, 97), *range(first.end, len(content), 53), *(one.end for one in data)]:
        path.write_bytes(content[:end])
        there = sum(one.length // 4 for one in data if one.end <= end)
        try:
            with recovery.opened(path) as found:
                assert found.unread == end - max(
                    [one.end for one in whole if isinstance(one, Frame) and one.end <= end]
                )
                if not there:
                    with pytest.raises(UsageError, match="not one sample"):
                        recovery.trials(found)
                    continue
                (trial,) = recovery.trials(found)
                assert np.array_equal(trial.raw[0].values, raw.values[:there])
                assert trial.end_reason == ("" if found.ended else recovery.BROKEN)
                assert bool(found.unread) == any("could not be read" in note for note in trial.notes)
        except UsageError as why:
            assert end < first.end, why


@settings(max_examples=60)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), width=st.integers(1, 200))
def test_flipped_bytes_are_never_taken_for_samples(at: int, bit: int, width: int,
                                                   tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip
    """Wherever a log is damaged: what is told is what was recorded, at its place."""
    folder = tmp_path_factory.mktemp("log")
    raw = counts(500)
    path = folder / "a.hiplog"
    logged(path, raw)
    size = path.stat().st_size

    def flip(content: bytearray) -> None:
        for place in range(at % size, min(size, at % size + width)):
            content[place] ^= 1 << bit

    torn(path, flip)
    try:
        with recovery.opened(path) as found:
            made = recovery.trials(found)
            assert found.unread or sum(trial.samples for trial in made) == 500
    except UsageError as why:
        assert why.code in ("no_log", "nothing_recorded")
        return
    rows = {row.tobytes() for row in raw.values}
    for trial in made:
        values = trial.raw[0].values
        assert {row.tobytes() for row in values} <= rows
        place = int(np.flatnonzero((raw.values == values[0]).all(axis=1))[0])
        assert np.array_equal(values, raw.values[place : place + len(values)])


def test_a_hole_of_the_disk_ends_one_trial_and_begins_another(tmp_path: Path) -> None:
    raw = counts(1000)
    path = tmp_path / "a.hiplog"
    logged(path, raw)
    data = [one for one in frames(path) if isinstance(one, Frame) and one.kind == DATA]
    assert len(data) > 4
    bad = data[len(data) // 2]

    def erase(content: bytearray) -> None:
        content[bad.begin : bad.end] = bytes(bad.end - bad.begin)

    torn(path, erase)
    one, two = recovery.recover(path)
    lost = bad.length // 4
    assert (one.trial.samples, two.trial.samples) == (bad.first, 1000 - bad.first - lost)
    assert np.array_equal(two.trial.raw[0].values, raw.values[bad.first + lost :])
    assert one.trial.gaps[0].code == "log_damaged"
    assert f"{lost} samples are missing in the log" in one.trial.end_reason
    assert path.exists(), "a log that was not read whole is kept"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "another file": lambda: b"\x89HDF\r\n\x1a\n" + bytes(100),
    "only the name": lambda: MAGIC,
    "no header": lambda: MAGIC + rawlog.fact(line={"code": "x"}),
    "header of no object": lambda: MAGIC + rawlog.frame(FACT, b"[1, 2]"),
    "header that is no JSON": lambda: MAGIC + rawlog.frame(FACT, b"{" * 100_000),
    "no devices": lambda: MAGIC + rawlog.fact(header={"utc": "2026-01-01", "monotonic_ns": 1, "devices": []}),
    "a million channels": lambda: MAGIC + header(channels=[{"role": "a", "terminal": "b", "unit": "V",
                                                            "range": [0, 1]}] * 5000),
    "object dtype": lambda: MAGIC + header(dtype="|O"),
    "a rate of nothing": lambda: MAGIC + header(rate=0.0),
    "a rate of infinity": lambda: MAGIC + header(rate=float("inf")),
    "a scaling of one": lambda: MAGIC + header(scaling=[[1, 2, 3]]),
    "a time of nobody": lambda: MAGIC + header(utc="yesterday"),
}  # fmt: skip


def header(utc: str = "2026-01-01T00:00:00+00:00", **change: Any) -> bytes:
    info = {"id": "d", "channels": [{"role": "p.fz", "terminal": "a", "unit": "N", "range": [0, 1]}], "rate": 1000.0,
            "dtype": "<f8", "scaling": None, "block": 10, "buffer": 10, "clock": "sample", "identity": {}}  # fmt: skip
    return rawlog.fact(header={"utc": utc, "monotonic_ns": 1, "rig": "", "devices": [{**info, **change}]})


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_log_is_refused_in_one_sentence(tmp_path: Path, name: str,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "x.hiplog"
    path.write_bytes(HOSTILE[name]())
    assert cli.run(["recover", str(path)]) in (1, 2)
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert told.strip()
    assert not list(tmp_path.glob("*.h5"))
    assert cli.run(["check", str(path)]) in (1, 2)


@pytest.mark.parametrize("frame", [
    rawlog.frame(DATA, bytes(80), device=7),
    rawlog.frame(DATA, bytes(81)),
    rawlog.frame(DATA, b""),
    rawlog.frame(DATA, bytes(80), first=-5),
    rawlog.fact(gap=[0, -1, 5, "x", "y"]),
    rawlog.fact(gap=[9, 1, 5, "x", "y"]),
    rawlog.fact(gap="what"),
    rawlog.fact(edges=[{"name": "a", "rate": 0, "ticks": [1]}], device=0),
    rawlog.fact(begin={"places": {"d": 10**400}, "facts": {}, "tare": []}),
    rawlog.fact(begin={"places": {}, "facts": {"mass": "heavy"}, "tare": []}),
    rawlog.fact(begin={"places": {}, "facts": {"fz": [1, 2]}, "tare": [{"plate": "p", "mean": [1], "sd": []}]}),
    rawlog.fact(truth={"values": {"a": "b"}}, device=0),
    rawlog.frame(FACT, b"\xff\xfe"),
])  # fmt: skip
def test_frames_that_make_no_sense_are_left_out(tmp_path: Path, frame: bytes) -> None:
    path = tmp_path / "x.hiplog"
    rows = np.arange(100.0)
    path.write_bytes(MAGIC + header() + frame + rawlog.frame(DATA, rows.tobytes()) + frame)
    with recovery.opened(path) as found:
        trials = recovery.trials(found)
    assert np.array_equal(np.concatenate([trial.raw[0].values[:, 0] for trial in trials]), rows)


def test_a_log_full_of_marks_is_not_searched_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "x.hiplog"
    fake = rawlog._HEAD.pack(rawlog.MARK, DATA, 0, 0, 1 << 20, 0, 0) + bytes(4)
    path.write_bytes(MAGIC + header() + rawlog.frame(DATA, bytes(800)) + fake * 200_000)
    begin = time.process_time()
    with recovery.opened(path) as found:
        (trial,) = recovery.trials(found)
    assert trial.samples == 100
    assert time.process_time() - begin < 20.0


def test_a_log_full_of_gaps_is_not_cut_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "x.hiplog"
    rows = np.arange(10.0).tobytes()
    holes = b"".join(rawlog.frame(DATA, rows, first=20 * k) for k in range(20_000))
    lies = b"".join(rawlog.fact(gap=[0, 7 * k, 3, "x", "y"]) for k in range(20_000))
    path.write_bytes(MAGIC + header() + lies + holes)
    begin = time.process_time()
    with recovery.opened(path) as found:
        made = recovery.trials(found)
        assert found.unread > 0
    assert len(made) <= recovery.MOST_TRIALS
    assert time.process_time() - begin < 20.0


def test_the_checksum_covers_head_and_payload() -> None:
    one = rawlog.frame(DATA, b"payload", device=1, first=5, host_ns=9)
    assert len(one) == HEAD + 7
    assert one[28:32] == zlib.crc32(b"payload", zlib.crc32(one[:28])).to_bytes(4, "little")


# --- the disk ---


class Disk:
    """Stands between the log and the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.append, self.room, self.error = disk.append, 10**12, errno.ENOSPC
        self.hold = threading.Event()
        self.hold.set()
        monkeypatch.setattr(disk, "append", self.write)
        monkeypatch.setattr(logwriter, "RETRY_S", 0.05)

    def write(self, handle: int, content: bytes) -> None:
        if not content.startswith(MAGIC):
            self.hold.wait(30.0)
        if len(content) > self.room:
            self.append(handle, content[: self.room])  # a part of it fits
            self.room = 0
            raise OSError(self.error, os.strerror(self.error))
        self.room -= len(content)
        self.append(handle, content)


def codes(trial: Trial) -> dict[str, int | None]:
    lines = [json.loads(line) for line in trial.log]
    return {line["code"]: line.get("sample") for line in lines}


def test_a_full_disk_loses_nothing_while_the_program_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Disk(monkeypatch)
    raw, path = counts(2000), tmp_path / "a.hiplog"
    recorder = Recorder(None, [Slow(raw, 0.001)], log=path)
    recorder.begin(test="cmj")
    recorder.start()
    full.room = 2000
    recorder.finished.wait(30.0)
    recorder.stop()
    trial = recorder.end()
    assert np.array_equal(trial.raw[0].values, raw.values)
    sample = codes(trial)["disk_full"]
    with recovery.opened(path) as found:
        assert found.unread == 0, "the frame that did not fit was taken back"
        (rest,) = recovery.trials(found)
    assert rest.samples == sample
    assert np.array_equal(rest.raw[0].values, raw.values[:sample])
    assert rest.end_reason == recovery.BROKEN


def test_room_on_the_disk_again_and_the_log_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Disk(monkeypatch)
    raw, path = counts(2000), tmp_path / "a.hiplog"
    recorder = Recorder(None, [Slow(raw, 0.002)], log=path)
    recorder.begin(test="cmj")
    recorder.start()
    full.room = 2000
    while "disk_full" not in "".join(recorder._log):
        time.sleep(0.005)
    full.room = 10**12
    recorder.finished.wait(30.0)
    recorder.stop()
    trial = recorder.end()
    assert {"disk_full", "log_resumed"} <= set(codes(trial))
    with recovery.opened(path) as found:
        assert (found.ended, found.unread) == (True, 0)
        (back,) = recovery.trials(found)
    assert np.array_equal(back.raw[0].values, raw.values)


def test_a_disk_that_stands_still_for_less_than_the_ring_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = Disk(monkeypatch)
    monkeypatch.setattr(logwriter, "STALLED_S", 0.05)
    raw, path = counts(2000), tmp_path / "a.hiplog"
    recorder = Recorder(None, [Slow(raw, 0.001)], log=path)
    recorder.begin(test="cmj")
    recorder.start()
    while recorder.seconds < 0.3:
        time.sleep(0.001)
    stalled.hold.clear()
    recorder.finished.wait(30.0)
    assert recorder.seconds == 2.0, "nobody waits for the disk"
    time.sleep(0.1)
    stalled.hold.set()
    recorder.stop()
    with recovery.opened(path) as found:
        (back,) = recovery.trials(found)
    assert np.array_equal(back.raw[0].values, raw.values)
    sample = codes(back)["disk_stalled"]
    assert sample is not None
    assert 290 <= sample < 2000


def test_a_disk_that_stands_still_for_longer_says_what_the_log_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = Disk(monkeypatch)
    raw, path = counts(5000), tmp_path / "a.hiplog"
    recorder = Recorder(None, [Slow(raw, 0.003)], ring_seconds=1.0, log=path)
    recorder.begin(test="cmj")
    recorder.start()
    while recorder.seconds < 0.5:
        time.sleep(0.001)
    stalled.hold.clear()
    recorder.finished.wait(30.0)
    stalled.hold.set()
    recorder.stop()
    made = recovery.recover(path, keep=True)
    first = made[0].trial
    (gap,) = first.gaps
    assert gap.code == "log_overrun"
    assert gap.first_sample == first.samples
    assert np.array_equal(first.raw[0].values, raw.values[: first.samples])
    behind = gap.first_sample + gap.samples
    assert np.array_equal(made[1].trial.raw[0].values, raw.values[behind:])
    assert f"begins {behind / RATE:.3f} s into the recording" in made[1].trial.notes[0]
    trial = recorder.end()
    assert "are not kept" in trial.notes[0]
    assert recorder.partial, "so the log stays"


def test_a_disk_that_never_answers_ends_the_recording_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = Disk(monkeypatch)
    monkeypatch.setattr(logwriter, "GRACE_S", 0.3)
    raw = counts(500)
    recorder = Recorder(None, [Slow(raw, 0.001)], log=tmp_path / "a.hiplog")
    recorder.begin(test="cmj")
    stalled.hold.clear()
    recorder.start()
    recorder.finished.wait(30.0)
    recorder.stop()
    trial = recorder.end()
    stalled.hold.set()
    assert codes(trial)["disk_stalled"] is not None
    assert np.array_equal(trial.raw[0].values, raw.values)


def test_a_folder_that_takes_no_log_is_refused_before_anybody_jumps(tmp_path: Path) -> None:
    source = ReplaySource(counts(100), speed=0.0)
    with pytest.raises(UsageError, match="the log of the recording cannot be written"):
        Recorder(None, [source], log=tmp_path / "none" / "a.hiplog").start()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a small tmpfs")
@pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="needs root to mount one")
def test_a_really_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """64 kB of tmpfs, from the command line: the recording is whole, elsewhere, and everything is said."""
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        code = cli.run(["record", "simulated", str(small / "a.h5"), "--test", "dj", "--seconds", "5"])
        told = capsys.readouterr()
        assert code == 1
        assert "the recording is in" in told.err
        kept = Path(told.out.split(": 5.00 s")[0].strip())
        trial = store.load_trial(kept)
        assert trial.samples == 5000
        assert codes(trial)["disk_full"] is not None
        assert hd.analyse(trial).status in ("ok", "flagged")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


# --- recover ---


def test_recover_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "a.hiplog"
    logged(path)
    (tmp_path / "a.h5").write_bytes(b"somebody's")
    (saved,) = recovery.recover(path)
    assert saved.path.name == "a-2.h5"
    assert (tmp_path / "a.h5").read_bytes() == b"somebody's"


def test_recover_twice_makes_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hiplog"
    logged(path)
    assert cli.run(["recover", str(path), "--keep"]) == 0
    assert path.exists()
    assert cli.run(["recover", str(tmp_path)]) == 0
    assert "there already" in capsys.readouterr().out
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.h5"]
    assert cli.run(["recover", str(tmp_path)]) == 2
    assert "no recording was left unfinished there" in capsys.readouterr().err


def test_a_log_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.hiplog"
    with Recorder(None, [Slow(counts(), 0.01)], log=path) as recorder:
        with pytest.raises(UsageError, match="is being recorded right now"):
            recovery.recover(path)
        recorder.halt()
    assert not list(tmp_path.glob("*.h5"))


def test_another_log_gets_another_name(tmp_path: Path) -> None:
    """A log that a crash left behind is never in the way of the next recording, nor taken from it."""
    left = recovery.beside(tmp_path / "a.h5")
    logged(left)
    content = left.read_bytes()
    trial = record("simulated", test="dj", seconds=0.3, file=tmp_path / "a.h5")
    assert trial.samples == 300
    assert left.read_bytes() == content
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.h5", "a.hiplog"]


def test_check_tells_the_truth_about_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.hiplog"
    recorder = Recorder("simulated", log=path, limit_seconds=6.0, options={"test": "dj", "free_run": True})
    recorder.begin(test="dj")
    with recorder:
        assert recorder.finished.wait(60.0)
    assert cli.run(["check", str(path)]) == 0
    assert "6.00 s of a recording that is in no trial file yet" in capsys.readouterr().out
    torn(path, lambda content: content.__delitem__(slice(len(content) * 2 // 3, None)))
    assert cli.run(["check", str(path)]) in (0, 1)
    told = " ".join(capsys.readouterr().out.split())
    assert "broken off" in told
    assert "bytes cannot be read" in told
    assert cli.run(["analyse", str(path)]) in (0, 1)


def test_several_trials_of_one_log(tmp_path: Path) -> None:
    """What was begun twice becomes two files, each with its own facts."""
    raw, path = counts(2000), tmp_path / "s.hiplog"
    recorder = Recorder(None, [Slow(raw, 0.002)], log=path)
    recorder.begin(test="cmj", athlete="a")
    recorder.start()
    while recorder.seconds < 0.5:
        time.sleep(0.002)
    recorder.begin(test="dj", athlete="b")
    recorder.finished.wait(30.0)
    recorder.stop()
    one, two = recovery.recover(path)
    assert (one.trial.athlete, one.trial.test, two.trial.athlete, two.trial.test) == ("a", "cmj", "b", "dj")
    both = np.concatenate([one.trial.raw[0].values, two.trial.raw[0].values])
    assert np.array_equal(both, raw.values)


def test_a_stamped_device(tmp_path: Path) -> None:
    """Its stamps are in the log, in the trial and in the file, and they tell the rate."""
    raw = counts(3000)

    class Stamped(ReplaySource):
        def __init__(self) -> None:
            super().__init__(raw, speed=0.0)
            self.info = dataclasses.replace(self.info, clock="stamped")

        def read(self, out: Any, timeout: float) -> Block:
            first = self._number
            try:
                block = super().read(out, timeout)
            except SourceEnd as end:
                end.stamps = (first + np.arange(end.n)) / 998.0 + 5.0
                raise
            return dataclasses.replace(block, stamps=(first + np.arange(block.n)) / 998.0 + 5.0)

    path = tmp_path / "s.hiplog"
    recorder = Recorder(None, [Stamped()], log=path)
    recorder.begin(test="cmj")
    with recorder:
        recorder.finished.wait(20.0)
    trial = recorder.end()
    expected = np.arange(trial.samples) / 998.0 + 5.0
    (saved,) = recovery.recover(path)
    back = store.load_trial(saved.path)
    for one in (trial, back):
        assert one.raw[0].stamps is not None
        assert np.array_equal(one.raw[0].stamps, expected)
        assert one.rate == pytest.approx(998.0, rel=1e-6)
        assert one.raw[0].identity["nominal_rate_hz"] == 1000.0


def blocks_of(path: Path) -> Iterator[Frame]:
    return (one for one in frames(path) if isinstance(one, Frame) and one.kind == DATA)


def test_the_log_is_as_large_as_its_samples(tmp_path: Path) -> None:
    """Beside the samples 32 bytes a block, and what is said."""
    path = tmp_path / "a.hiplog"
    logged(path, counts(5000))
    data = list(blocks_of(path))
    assert sum(one.length for one in data) == 5000 * 4
    assert path.stat().st_size < 5000 * 4 + HEAD * (len(data) + 30) + 8000
