"""Boards at serial ports: what is torn, garbled, late, unplugged or silent is said, and nothing is made up."""

import errno
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boards
import numpy as np
import pytest
from boards import Emulator, MemoryPort
from hypothesis import given
from hypothesis import strategies as st
from test_sources import (
    CHRONOJUMP,
    FRAMES,
    FZ,
    LINES,
    POSIX,
    TICKS,
    N,
    four,
    frames_board,
    lines_board,
    newtons,
    sensor,
    serial_rig,
)

from hipdrive.acquisition import serialboard
from hipdrive.acquisition.conformance import Gathered, gather, refuses
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.serialboard import SerialSource
from hipdrive.acquisition.serialprotocols import Frames, Lines, Unwrap
from hipdrive.acquisition.source import SourceLost, open_sources, sources
from hipdrive.errors import UsageError


def source_of(device: str, emulator: Emulator, plate: str = FZ) -> SerialSource:
    made = serial_rig(device, plate)
    return SerialSource(made.devices[0], made.channels("b0"), port=lambda: MemoryPort(emulator))


def read_all(device: str, emulator: Emulator, samples: int, plate: str = FZ) -> Gathered:
    one = source_of(device, emulator, plate)
    one.open()
    try:
        one.start()
        got = gather(one, samples)
        one.stop()
    finally:
        one.close()
    return got


def sent(lines: list[bytes]) -> Emulator:
    return Emulator(b"".join(lines), start=b"s\n", stop=b"x\n")


def all_lines(n: int = N, step: int = 1000, first: int = 0) -> list[bytes]:
    ticks = first + step * np.arange(n, dtype=np.int64)
    return boards.text_lines(ticks, newtons(n)[:, np.newaxis]).splitlines(keepends=True)


FOUR_COUNTS = FZ.replace('fz = "fz"', 'fz = "a"')


# --- what is lost on the way ---


@pytest.mark.parametrize(
    "torn",
    [b"100000;8", b"1000;\r\n", b"100000;81.0\x00\xfe\r\n", b"1000\r\n", b"nonsense\r\n", b"100000;81.00;5\r\n",
     b"100000;nan\r\n", b"100000;inf\r\n", b"100000;1_0\r\n", b";;;;\r\n", b"\xff\xfe\xfd\r\n"],
)  # fmt: skip
def test_a_torn_line_is_a_missing_sample(torn: bytes) -> None:
    """The line of sample 100 is spoilt; the end of a line that is lost spoils the next one, too."""
    lines = all_lines()
    lines[100] = torn
    lost = 1 if torn.endswith(b"\n") else 2
    got = read_all(LINES, sent(lines), N - lost)
    assert got.gaps == [(100, lost)]
    assert got.values[0].tolist() == np.delete(newtons(), np.s_[100 : 100 + lost]).tolist()
    assert got.numbers.tolist() == [i for i in range(N) if not 100 <= i < 100 + lost]


def test_lines_that_never_came_are_told_by_their_stamps() -> None:
    lines = all_lines()
    got = read_all(LINES, sent(lines[:50] + lines[53:150] + lines[151:]), N - 4)
    assert got.gaps == [(50, 3), (150, 1)]
    assert got.stamps.tolist() == pytest.approx([i / 1000.0 for i in range(N) if i not in (50, 51, 52, 150)])


def test_a_board_that_is_slower_than_it_says_loses_nothing() -> None:
    """An HX711 that gives 80.6 Hz and 92 Hz where 80 are said; at 92 Hz two lines are lost, too."""
    slow = LINES.replace("1000", "80")
    assert read_all(slow, sent(all_lines(step=12407)), N).gaps == []
    lines = all_lines(step=10870)
    del lines[7], lines[100]
    assert read_all(slow, sent(lines), N - 2).gaps == [(7, 1), (101, 1)]


def test_stamps_that_jitter_lose_nothing() -> None:
    rng = np.random.default_rng(4)
    ticks = np.cumsum(rng.integers(700, 1300, 2000)).astype(np.int64)
    data = boards.text_lines(ticks, newtons(2000)[:, np.newaxis])
    assert read_all(LINES, Emulator(data, start=b"s\n"), 2000).gaps == []


def test_a_sample_that_comes_late_is_no_gap() -> None:
    """The board was busy: one stamp is 1.4 ms late, the next ones are in time again."""
    ticks = 1000 * np.arange(N, dtype=np.int64)
    ticks[100] += 700
    ticks[101] += 400
    assert read_all(LINES, Emulator(boards.text_lines(ticks, newtons()[:, np.newaxis]), start=b"s\n"), N).gaps == []


@pytest.mark.parametrize("wrong", [b"10000;81.00\r\n", b"1000000000;81.00\r\n", b"99000;81.00\r\n"])
def test_a_single_wrong_stamp_is_a_missing_sample(wrong: bytes) -> None:
    lines = all_lines()
    lines[100] = wrong
    got = read_all(LINES, sent(lines), N - 1)
    assert got.gaps == [(100, 1)]


def test_a_clock_that_begins_anew_is_a_loss() -> None:
    """The board started again: nobody knows how long it was away."""
    lines = all_lines(first=5_000_000)
    one = read_all(LINES, sent(lines[:100] + all_lines()[:100]), 100)
    assert one.values.shape[1] == 100
    assert isinstance(one.fault, SourceLost) and one.fault.code == "clock_back"
    assert one.fault.text == ("b0: the clock of its time stamps went back, as if the device had begun anew; "
                              "check its power and cable")  # fmt: skip


def test_a_jump_of_the_clock_is_no_gap_of_hours() -> None:
    lines = all_lines()
    one = read_all(LINES, sent(lines[:100] + all_lines(first=900_000_000)), 100)
    assert isinstance(one.fault, SourceLost) and one.fault.code == "clock_jump"
    assert one.values.shape[1] == 100


def test_the_clock_of_32_bits_goes_on() -> None:
    got = read_all(LINES, lines_board(), N)
    assert np.diff(got.stamps) == pytest.approx(0.001)
    assert got.stamps[0] == pytest.approx(TICKS[0] * 1e-6)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50), st.integers(0, 2**32 - 1), st.data())
def test_unwrapping_gives_back_the_steps(steps: list[int], first: int, data: st.DataObject) -> None:
    whole = first + np.cumsum([0, *steps])
    place = data.draw(st.integers(0, len(whole)))
    clock, ticks = Unwrap(32, 1.0), (whole % 2**32).astype(np.float64)
    found = np.concatenate([clock(ticks[:place]), clock(ticks[place:])])
    assert (found - found[0]).tolist() == (whole - whole[0]).tolist()


def test_lost_bytes_of_frames_are_missing_samples() -> None:
    """A byte of frame 100 and all of frame 150; the numbers hold the header now and then."""
    data = boards.frames(TICKS, four())
    size = len(data) // N
    spoilt = data[: 100 * size + 9] + data[100 * size + 10 : 150 * size] + data[151 * size :]
    got = read_all(FRAMES, Emulator(spoilt, start=b"s\n"), N - 2, FOUR_COUNTS)
    assert got.gaps == [(100, 1), (150, 1)]
    assert got.values[0].tolist() == np.delete(four()[:, 0], [100, 150]).tolist()


def test_garbage_between_frames_is_passed_over() -> None:
    data = boards.frames(TICKS, four())
    size = len(data) // N
    spoilt = b"\x01\xff\xff\x02" + data[: 80 * size] + b"\xff" * 13 + b"junk" + data[80 * size :]
    got = read_all(FRAMES, Emulator(spoilt, start=b"s\n"), N - 1, FOUR_COUNTS)
    assert got.gaps in ([], [(79, 1)])  # the frame before it cannot be told to be whole
    assert got.values.shape[1] == N - sum(lost for _, lost in got.gaps)


@pytest.mark.parametrize("constant", [-1, 0, 255])
def test_where_frames_begin_is_told_from_numbers_that_look_like_headers(constant: int) -> None:
    values = np.full((N, 4), constant, np.int16)
    for skipped in range(0, 17):  # the port was opened in the middle of a frame
        data = boards.frames(TICKS, values)[skipped:]
        got = Frames(("stamp", "a", "b", "c", "d"), b"\xff" * 4, step=1000.0).feed(data, quiet=True)
        expected = TICKS if not skipped else TICKS[1:] if skipped <= 16 else TICKS[2:]
        assert got.ticks is not None
        assert got.ticks.tolist() == (expected % 2**32).tolist(), skipped
        assert (got.values == constant).all()


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    """No bytes break a parser, and pieces give what the whole gives."""
    makers: list[Callable[[], Any]] = [
        lambda: Lines(("stamp", "fz"), ";", fresh=False, marked=True),
        lambda: Frames(("stamp", "a"), b"\xff\xff", step=10.0),
        lambda: Frames(("a",), b"\xaa", step=1.0, value_type="float32", byte_order="big"),
    ]
    ends = sorted({0, *(min(place, len(data)) for place in cuts), len(data)})
    for make in makers:
        whole = make().feed(data)
        parser = make()
        parts = [parser.feed(data[a:b]) for a, b in itertools.pairwise(ends)]
        assert sum(len(part.values) for part in parts) == len(whole.values)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    parser = Lines(("fz",), ";", fresh=False)
    for _ in range(100):
        parser.feed(b"7" * 10_000)
    assert len(parser._rest) <= 10_512
    assert parser.feed(b"\n5\n").values.tolist() == [[5.0]]


# --- other boards ---


def test_columns_delimiters_and_decimals() -> None:
    text = 'driver = "serial"\nname = "COM1"\nrate_hz = 100\nunit = "kg"\n' \
           'board = { protocol = "lines", columns = ["-", "fz", "stamp"], delimiter = "space", decimal = ",", ' \
           'stamp_unit = "ms", start = "g" }'  # fmt: skip
    lines = b"".join(f"x {i},5  {10 * i}\r\n".encode() for i in range(50))
    plate = FZ.replace("1.0", "9.80665")
    one = source_of(text.replace("{", "{{").replace("}", "}}"), Emulator(lines, start=b"g"), plate)
    recorder = Recorder(serial_rig(text.replace("{", "{{").replace("}", "}}"), plate), [one])
    recorder.begin()
    with recorder:
        while recorder.seconds < 0.495:
            time.sleep(0.01)
    trial = recorder.end()
    assert trial.fz[0] == pytest.approx([(i + 0.5) * 9.80665 for i in range(50)])
    assert trial.raw[0].units == ("kg",)
    assert trial.raw[0].identity["stamps"] == "board"


def test_a_board_without_a_clock_is_stamped_on_arrival() -> None:
    """And a line that cannot be read is one sample less, since no stamp tells how many."""
    device = LINES.replace('"stamp", "fz"', '"fz"')
    lines = [b"%d.5\r\n" % i for i in range(N)]
    lines[60] = b"6*.5\r\n"
    before = time.monotonic()
    got = read_all(device, sent(lines), N - 1)
    assert got.gaps == [(60, 1)]
    assert got.values[0].tolist() == [i + 0.5 for i in range(N) if i != 60]
    assert (np.diff(got.stamps) >= 0.0).all() and before < got.stamps[0] < time.monotonic()
    one = source_of(device, sent(lines))
    one.open()
    assert one.info.identity["stamps"] == "arrival"
    one.close()


def test_a_board_that_sends_all_the_time_begins_with_a_whole_line() -> None:
    device = LINES.replace(', start = "s\\n", stop = "x\\n"', "")
    got = read_all(device, Emulator(b"3;20.0\r\n" + b"".join(all_lines())), N)
    assert got.values[0].tolist() == newtons().tolist()


@pytest.mark.parametrize(
    ("value_type", "dtype", "kept"),
    [
        ("int16", "<i2", np.int16),
        ("uint16", "<u2", np.int32),
        ("int32", "<i4", np.int32),
        ("float32", "<f4", np.float64),
    ],
)
def test_frames_of_other_numbers(value_type: str, dtype: str, kept: Any) -> None:
    device = FRAMES.replace(
        'protocol = "frames"', f'protocol = "frames", header = "AA 55", value_type = "{value_type}"'
    )
    values = (np.arange(4 * N).reshape(N, 4) * 50 % 60000).astype(dtype)
    data = b"".join(b"\xaa\x55" + np.array([t % 2**32], "<u4").tobytes() + row.tobytes()
                    for t, row in zip(TICKS.tolist(), values, strict=True))  # fmt: skip
    got = read_all(device, Emulator(data, start=b"s\n"), N, FOUR_COUNTS)
    assert got.values.dtype == kept
    assert got.values[0].tolist() == values[:, 0].tolist()


# --- Chronojump's ---


def test_a_chronojump_sensor_is_asked_started_and_stopped() -> None:
    emulator = sensor()
    one = source_of(CHRONOJUMP, emulator)
    one.open()
    one.tare()
    one.start()
    got = gather(one, N)
    edges = one.edges()
    one.stop()
    one.close()
    assert emulator.heard == [b"get_version:", b"tare:", b"start_capture:", b"end_capture:"]
    assert one.info.identity["version"] == "Force_Sensor-0.7"
    assert got.gaps == [] and got.fault is None
    assert [(edge.name, edge.ticks.tolist(), edge.rate) for edge in edges] == [("trigger", [149_600], 1e6)]
    assert one.edges() == ()


def test_a_trigger_after_the_clock_began_anew() -> None:
    """More than 71.6 minutes after the first sample, or as its µs pass 2**32."""
    lines = boards.text_lines(TICKS, newtons()[:, np.newaxis]).splitlines(keepends=True)
    mark = f"{(TICKS[180] + 250) % 2**32};R\r\n".encode()
    one = source_of(CHRONOJUMP, sensor(b"".join([*lines[:181], mark, *lines[181:]])))
    one.open()
    one.start()
    assert gather(one, N).gaps == []
    assert [edge.ticks.tolist() for edge in one.edges()] == [[180_250]]
    one.stop()
    one.close()


def test_its_trigger_is_in_the_trial() -> None:
    emulator = sensor()
    made = serial_rig(CHRONOJUMP, FZ)
    one = SerialSource(made.devices[0], made.channels("b0"), port=lambda: MemoryPort(emulator))
    trial = record(made, sources=[one], seconds=0.2)
    assert [(edge.name, edge.ticks.tolist()) for edge in trial.edges] == [("trigger", [149_600])]
    assert trial.fz[0].tolist() == newtons()[:200].tolist()


def test_a_sensor_that_still_captures_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was left capturing: its first answer to a command is lines of force."""
    from hipdrive.acquisition import serialprotocols

    monkeypatch.setattr(serialprotocols, "ANSWER_S", 0.1)
    emulator = sensor()
    emulator.answers[b"get_version:"] = b"".join(all_lines(30)) + b"Not a valid command\r\n"
    one = source_of(CHRONOJUMP, emulator)
    send = one.send

    def second(text: str) -> None:
        send(text)
        emulator.answers[b"get_version:"] = b"".join(all_lines(30)) + b"Force_Sensor-0.6\r\n"

    monkeypatch.setattr(one, "send", second)
    one.open()
    assert one.info.identity["version"] == "Force_Sensor-0.6"
    one.close()


def test_other_boards_than_a_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    from hipdrive.acquisition import serialprotocols

    monkeypatch.setattr(serialprotocols, "ANSWER_S", 0.05)
    silent = Emulator(b"", start=b"start_capture:")
    assert "no Chronojump sensor answers at 115200 baud" in refuses(source_of(CHRONOJUMP, silent), "silent")
    four_cells = sensor()
    four_cells.answers[b"get_version:"] = b"Force_Platform-0.1\r\n"
    said = refuses(
        source_of(CHRONOJUMP.replace('"chronojump"', '"chronojump", columns = ["fz"]'), four_cells), "other_device"
    )
    assert "Force_Platform-0.1 sends 4 values, and the rig file has 1 columns" in said
    kilograms = CHRONOJUMP.replace('"N"', '"kg"')
    said = refuses(source_of(kilograms, sensor(), FZ.replace("1.0", "9.8")), "unit")
    assert "this board sends N, and the rig file says kg" in said


# --- what is wrong from the start ---


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialboard, "FIRST_S", 0.2)


def test_a_wrong_baud_rate_is_said(hasty: None) -> None:
    noise = np.random.default_rng(1).integers(128, 256, 4000).astype(np.uint8).tobytes()
    said = refuses(source_of(LINES, Emulator(noise, start=b"s\n")), "garbage")
    assert said == ("b0 (COM1): what comes cannot be read as lines at 115200 baud; check `baud`, `protocol` and "
                    "`columns` in the rig file")  # fmt: skip
    assert "as frames at" in refuses(source_of(FRAMES, Emulator(noise, start=b"s\n"), FOUR_COUNTS), "garbage")


def test_a_silent_board_is_said(hasty: None) -> None:
    assert "nothing comes; check cable and power" in refuses(source_of(LINES, Emulator(b"", start=b"s\n")), "silent")


def test_another_rate_than_the_rig_says(hasty: None) -> None:
    said = refuses(source_of(LINES, sent(all_lines(step=12500))), "rate")
    assert "the board sends 80 samples a second, and the rig file says 1000; correct rate_hz, or stamp_unit" in said


def test_a_recorder_says_it_in_one_sentence(hasty: None) -> None:
    made = serial_rig(LINES, FZ)
    one = SerialSource(made.devices[0], made.channels("b0"), port=lambda: MemoryPort(Emulator(b"", start=b"s\n")))
    with pytest.raises(UsageError, match="nothing comes"):
        record(made, sources=[one], seconds=0.1)


# --- while it runs ---


@pytest.mark.parametrize(("device", "make", "plate"), [(LINES, lines_board, FZ), (FRAMES, frames_board, FOUR_COUNTS)])
def test_an_unplugged_board_keeps_what_came(device: str, make: Callable[..., Emulator], plate: str) -> None:
    got = read_all(device, make(unplug=True), N, plate)
    assert got.values.shape[1] == N
    assert isinstance(got.fault, SourceLost) and got.fault.code == "unplugged"
    assert "the board is gone" in got.fault.text


@POSIX
@pytest.mark.parametrize(("device", "make", "plate"), [(LINES, lines_board, FZ), (FRAMES, frames_board, FOUR_COUNTS)])
def test_a_board_unplugged_from_the_computer(device: str, make: Callable[..., Emulator], plate: str) -> None:
    """The trial holds every sample, and says after which one the board was gone."""
    with boards.on_a_pty(lambda: make(unplug=True)) as (port, _):
        made = serial_rig(device, plate, port)
        recorder = Recorder(made)
        recorder.begin()
        with recorder:
            assert recorder.finished.wait(10.0)
        trial = recorder.end()
    assert trial.samples == N
    assert [(gap.first_sample, gap.code) for gap in trial.gaps] == [(N, "unplugged")]
    assert "the board is gone" in trial.end_reason


def test_a_board_that_stops_sending_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from hipdrive.acquisition import reader

    monkeypatch.setattr(reader, "PATIENCE_S", 0.3)
    made = serial_rig(LINES, FZ)
    one = SerialSource(made.devices[0], made.channels("b0"), port=lambda: MemoryPort(lines_board()))
    recorder = Recorder(made, [one])
    recorder.begin()
    with recorder:
        assert recorder.finished.wait(10.0)
    trial = recorder.end()
    assert trial.samples == N
    assert [(gap.first_sample, gap.code) for gap in trial.gaps] == [(N, "stalled")]


def test_bytes_that_are_no_samples_any_more_end_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialboard, "GARBLED_S", 0.1)
    emulator = lines_board()
    ports: list[MemoryPort] = []
    made = serial_rig(LINES, FZ)

    def port() -> MemoryPort:
        ports.append(MemoryPort(emulator))
        return ports[-1]

    one = SerialSource(made.devices[0], made.channels("b0"), port=port)
    one.open()
    one.start()
    assert gather(one, N).values.shape[1] == N
    time.sleep(0.15)
    emulator.send(b"\xfe" * 300)
    with pytest.raises(SourceLost, match="cannot be read any more") as caught:
        one.read(np.empty((1, 10)), 0.5)
    assert caught.value.code == "garbage"
    one.stop()
    one.close()
    assert ports[0].closed


# --- into the trial ---


@POSIX
@pytest.mark.parametrize("apart", [False, True], ids=["in a thread", "in a process of its own"])
def test_stamps_and_true_rate_are_in_the_trial_and_its_file(apart: bool, tmp_path: Path) -> None:
    """A board that says 1000 Hz and gives 1010.1: nothing is resampled, the trial has the true rate."""
    from hipdrive import store

    ticks = 990 * np.arange(N, dtype=np.int64) + 2**32 - 50_000
    data = boards.text_lines(ticks, newtons()[:, np.newaxis])
    with boards.on_a_pty(lambda: Emulator(data, start=b"s\n", stop=b"x\n")) as (port, _):
        recorder = Recorder(serial_rig(LINES, FZ, port), log=tmp_path / "a.hiplog", apart=apart)
        recorder.begin(test="auto")
        with recorder:
            end = time.monotonic() + 20.0
            while recorder.seconds * 1000.0 < N - 0.5 and time.monotonic() < end:
                time.sleep(0.01)
        trial = recorder.end()
    (raw,) = trial.raw
    assert raw.values[:, 0].tolist() == newtons().tolist()
    assert raw.stamps is not None
    assert raw.stamps == pytest.approx(ticks * 1e-6, abs=1e-9)
    assert trial.rate == pytest.approx(1e6 / 990.0, rel=1e-9)
    assert raw.identity["nominal_rate_hz"] == 1000.0
    assert trial.gaps == ()
    back = store.load_trial(store.save(tmp_path / "a.h5", trial))
    assert back.raw[0].stamps is not None
    assert back.raw[0].stamps.tobytes() == raw.stamps.tobytes()


# --- ports ---


class Listed:
    """A port as pyserial lists it."""

    def __init__(self, device: str, vid: int | None = None, pid: int = 0, number: str | None = None) -> None:
        self.device, self.vid, self.pid, self.serial_number = device, vid, pid, number
        self.product, self.description = None, "n/a"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Listed]:
    """What is plugged in, for pyserial."""
    from serial.tools import list_ports

    found: list[Listed] = []
    monkeypatch.setattr(list_ports, "comports", lambda: list(found))
    return found


def test_ports_are_listed_with_what_they_are(listed: list[Listed], tmp_path: Path) -> None:
    one, other = tmp_path / "ttyUSB0", tmp_path / "ttyACM0"
    one.touch()
    other.touch()
    listed += [Listed(str(one), 0x0403, 0x6001, "A600"), Listed(str(other), 0x2341, 0x43)]
    found = {item.name: item for item in sources("serial")}
    assert "Chronojump" in found[str(one)].product
    assert 'name = "usb:0403:6001:A600"' in found[str(one)].detail
    assert found[str(other)].product == "Arduino"
    assert all(item.ready for item in found.values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="groups of Linux")
def test_a_port_without_permission_says_what_to_do(listed: list[Listed], monkeypatch: pytest.MonkeyPatch) -> None:
    listed.append(Listed("/dev/null", 0x1A86, 0x7523))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (found,) = sources("serial")
    assert not found.ready
    assert "no permission; `sudo usermod -aG root $USER`, then log out and in again" in found.detail


@POSIX
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_port_that_another_program_has(listed: list[Listed]) -> None:
    import subprocess

    with boards.on_a_pty(lines_board) as (port, _):
        listed.append(Listed(port))
        assert sources("serial")[0].ready
        code = f"import sys; f = open({port!r}, 'rb', 0); print('open', flush=True); sys.stdin.read()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None and other.stdin is not None
            other.stdout.readline()
            (found,) = sources("serial")
            other.stdin.close()
        assert not found.ready and "another program has it" in found.detail


@POSIX
def test_a_port_is_opened_once() -> None:
    with boards.on_a_pty(lines_board) as (port, _):
        made = serial_rig(LINES, FZ, port)
        (one,), (two,) = open_sources(made), open_sources(made)
        one.open()
        assert "another program has" in refuses(two, "port")
        one.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "there is no port COM7"),
        (OSError(errno.EBUSY, "Device or resource busy"), "another program has COM7"),
        (OSError("could not open port 'COM7': FileNotFoundError(2, 'x', None, 2)"), "there is no port COM7"),
        (ValueError("odd"), "COM7 cannot be opened (odd)"),
    ],
)
def test_why_a_port_cannot_be_opened(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import serial

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "Serial", refuse)
    made = serial_rig(LINES, FZ, "COM7")
    (one,) = open_sources(made)
    assert words in refuses(one, "port")


def test_a_board_is_found_by_its_usb_numbers(listed: list[Listed]) -> None:
    import serial

    def resolved(name: str, more: str = "") -> str:
        made = serial_rig(LINES.replace("rate_hz", f"{more}rate_hz"), FZ, name)
        return serialboard._resolved(made.devices[0], "here", serial)[0]

    listed += [Listed("COM3", 0x0403, 0x6001, "A1"), Listed("COM4", 0x0403, 0x6001, "A2"), Listed("COM5", 0x2341, 0x43)]
    assert resolved("usb:2341:0043") == "COM5"
    assert resolved("usb:0403:6001:A2") == "COM4"
    assert resolved("usb:0403:6001", 'serial = "a1"\n') == "COM3"
    with pytest.raises(UsageError, match=r"COM3, COM4; `hipdrive sources` lists the ports"):
        resolved("usb:0403:6001")
    with pytest.raises(UsageError, match="no board of these numbers is plugged in"):
        resolved("usb:1111:2222")
    with pytest.raises(UsageError, match="expects serial zz, but A1 is there"):
        resolved("COM3", 'serial = "zz"\n')
    with pytest.raises(UsageError, match="this is no serial port"):
        resolved("spy://COM3?file=/etc/passwd")


def test_without_pyserial_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    made = serial_rig(LINES, FZ, "COM7")
    (one,) = open_sources(made)
    assert "pip install pyserial" in refuses(one, "no_pyserial")
    (found,) = sources("serial")
    assert not found.ready
