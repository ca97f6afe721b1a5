"""Sounds, light and digital lines by what happens: when, how, and that none of them delays or breaks a recording."""

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hipdrive.acquisition.lines import Lines, lines_of
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import ManualClock
from hipdrive.acquisition.simulated.source import sources
from hipdrive.analysis.said import STATES, Warned
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.outputs import LASTING, OCCASIONS, Output
from hipdrive.occasions import LASTS, SIGNALS, Occurred, of_state, signal_of
from hipdrive.session import Event, Session

SIMULATED = (rigs.FOLDER / "simulated.toml").read_text("utf-8")
OUTPUTS = """
[[outputs]]
id = "lamp"
device = "ni0"
line = "port0/line0"
on = "contact"

[[outputs]]
id = "buzzer"
device = "ni0"
line = "port0/line3"
on = "takeoff"
hold_s = 0.2
active_low = true
"""


# --- occasions ---


def test_every_occasion_of_a_rig_is_known_here() -> None:
    assert set(OCCASIONS) == set(LASTS) | set(SIGNALS)
    assert set(LASTS) == set(LASTING)
    assert all(state in STATES for states in LASTS.values() for state in states)


def test_signals_differ_in_sign_and_word_and_not_only_in_colour() -> None:
    for part in ("sign", "word", "notes"):
        values = [getattr(one, part) for one in SIGNALS.values()]
        assert len(set(values)) == len(values), part


def test_a_drop_jump_in_occasions() -> None:
    states = ("", "empty", "contact", "flight", "landed", "closed", "armed")
    said = [(one.name, one.active) for a, b in itertools.pairwise(states) for one in of_state(0, a, b)]
    assert said == [
        ("contact", True), ("touchdown", None), ("contact", False), ("flight", True), ("takeoff", None),
        ("contact", True), ("flight", False), ("touchdown", None), ("contact", False), ("ready", True),
    ]  # fmt: skip
    # from standing, the movement begins in contact: nobody touched down
    assert [one.name for one in of_state(0, "armed", "contact")] == ["contact", "ready"]
    assert signal_of(Occurred(0, "ready", False)) is None and signal_of(Occurred(0, "contact", True)) is None
    assert signal_of(Occurred(0, "ready", True)) is SIGNALS["ready"]


# --- the rig ---


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('on = "contact"', 'on = "landing"', "on = 'landing'"),
        ('line = "port0/line3"', 'line = "port0/line0"', "already wired to output 'lamp'"),
        ('line = "port0/line3"', 'line = "ai3"', "line = 'ai3'"),
        ('id = "buzzer"', 'id = "lamp"', "lamp"),
        ('id = "lamp"\ndevice = "ni0"', 'id = "lamp"\ndevice = "ni1"', "no device 'ni1'"),
        ('on = "contact"', 'on = "contact"\nhold_s = 1.0', "lasts as long as it does"),
        ("hold_s = 0.2", "hold_s = 0.0", "hold_s"),
    ],
)
def test_a_wrong_output_is_told_in_one_sentence(old: str, new: str, told: str) -> None:
    text = SIMULATED + OUTPUTS.replace(old, new)
    with pytest.raises(UsageError) as caught:
        rigs.loads(text, "lab.toml")
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_only_devices_of_ni_set_lines() -> None:
    text = """
    schema = "hipdrive-rig/1"
    name = "stream"
    [[devices]]
    id = "net"
    driver = "lsl"
    name = "plates"
    rate_hz = 1000
    unit = "N"
    [[plates]]
    id = "left"
    kind = "fz1"
    device = "net"
    channels = { fz = "left" }
    newton_per_unit = 1.0
    range_n = 5000
    calibration = { id = "x", date = 2026-01-05 }
    """
    assert rigs.loads(text).devices[0].driver == "lsl"
    with pytest.raises(UsageError, match="device 'net' has no lines for it"):
        rigs.loads(f"{text}\n[[outputs]]\nid = 'lamp'\ndevice = 'net'\nline = 'port0/line0'\non = 'contact'\n")


# --- lines ---


def output(name: str = "contact", *, low: bool = False, hold: float = 0.05) -> Output:
    facts = {"id": "lamp", "device": "ni0", "line": "port0/line0", "on": name, "active_low": low}
    return Output.model_validate(facts if name in LASTING else {**facts, "hold_s": hold})


class Driver:
    """Notes what is set and when; waits for `free` where it is told to hang."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool, float]] = []
        self.free = threading.Event()
        self.free.set()
        self.fails = False

    def __call__(self, line: str, high: bool) -> None:
        self.free.wait(10.0)
        if self.fails:
            raise UsageError("no_line", f"{line}: there is no such line; check the rig file")
        self.calls.append((line, high, time.monotonic()))

    def levels(self, line: str) -> list[bool]:
        return [high for one, high, _ in self.calls if one == line]


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def running(driver: Driver) -> Iterator[Callable[..., Lines]]:
    made: list[Lines] = []

    def run(*outputs: Output) -> Lines:
        lines = Lines([(one, f"Dev1/line{i}") for i, one in enumerate(outputs)], driver)
        lines.start()
        made.append(lines)
        until(lambda: len(driver.calls) >= len(outputs))
        return lines

    yield run
    driver.free.set()
    for lines in made:
        lines.close()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10.0
    while not done():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_line_is_active_as_long_as_what_lasts(driver: Driver, running: Callable[..., Lines]) -> None:
    lines = running(output("contact"), output("flight", low=True))
    assert driver.levels("Dev1/line0") == [False] and driver.levels("Dev1/line1") == [True]  # inactive at first
    lines.occurred("contact", True)
    until(lambda: len(driver.calls) == 3)
    lines.occurred("contact", False)
    lines.occurred("flight", True)
    until(lambda: len(driver.calls) == 5)
    assert driver.levels("Dev1/line0") == [False, True, False] and driver.levels("Dev1/line1") == [True, False]
    lines.close()
    assert driver.levels("Dev1/line0")[-1] is False and driver.levels("Dev1/line1")[-1] is True
    assert not lines.is_alive()


def test_a_moment_is_held_for_its_time_and_again_from_the_last(driver: Driver, running: Callable[..., Lines]) -> None:
    lines = running(output("touchdown", hold=0.12))
    lines.occurred("touchdown", None)
    until(lambda: len(driver.calls) == 2)
    time.sleep(0.06)
    lines.occurred("touchdown", None)  # it is still active: the time begins anew
    until(lambda: driver.levels("Dev1/line0")[-1] is False and len(driver.calls) > 2)
    assert driver.levels("Dev1/line0") == [False, True, True, False]
    again, ended = driver.calls[2][2], driver.calls[3][2]
    assert ended - again >= 0.119


def test_a_driver_that_hangs_delays_nobody_and_old_orders_are_dropped(
    driver: Driver, running: Callable[..., Lines]
) -> None:
    lines = running(output("contact"))
    driver.free.clear()
    lines.occurred("contact", True)
    until(lambda: not lines._wanted)  # the thread hangs in the driver with it
    began = time.monotonic()
    for i in range(10_000):
        lines.occurred("contact", i % 2 == 1)
    assert time.monotonic() - began < 1.0
    assert lines.dropped == 9_999
    driver.free.set()
    until(lambda: len(driver.calls) >= 3)
    time.sleep(0.05)
    assert driver.levels("Dev1/line0") == [False, True, True]  # only the last of them


def test_a_driver_that_hangs_for_good_does_not_keep_a_session_from_closing(driver: Driver) -> None:
    lines = Lines([(output("contact"), "Dev1/line0")], driver)
    driver.free.clear()
    lines.start()
    began = time.monotonic()
    lines.close()
    assert time.monotonic() - began < 3.0
    driver.free.set()
    lines.join(5.0)


def test_a_line_that_is_refused_is_told_once_and_left_alone(driver: Driver, running: Callable[..., Lines]) -> None:
    lines = running(output("contact"))
    driver.fails = True
    lines.occurred("contact", True)
    told: list[str] = []

    def heard() -> bool:
        told.extend(lines.faults())
        return bool(told)

    until(heard)
    lines.occurred("contact", False)
    lines.occurred("contact", True)
    time.sleep(0.05)
    assert told == ["Dev1/line0: there is no such line; check the rig file; it is left alone from now on"]
    assert lines.faults() == () and len(driver.calls) == 1


# --- in a session ---


def test_the_lines_of_a_rig_follow_a_jump(tmp_path: Path) -> None:
    """From the rig file to the stand-in device: contact high, a low pulse at take-off, all inactive at the end."""
    rig, clock = rigs.loads(SIMULATED + OUTPUTS), ManualClock()
    made = tuple(sources(rig, test="dj", clock=clock, lead=0.5, jumps=1))
    device = made[0].room.engine.devices["Dev1"]
    said: list[Event] = []
    levels: list[tuple[str, bool, bool]] = []
    now = 0.0
    with Session(Recorder(rig, made), folder=tmp_path) as session:
        assert session._lines is not None
        while not any(isinstance(one, Occurred) and one.name == "ready" for one in said):
            assert now < 12.0
            clock.advance(0.02)
            now += 0.02
            until(lambda now=now: session.seconds >= now - 1e-9)  # type: ignore[misc]
            fresh = session.poll()
            said += fresh
            if any(isinstance(one, Occurred) for one in fresh):
                until(lambda: not session._lines._wanted)  # type: ignore[union-attr]
                time.sleep(0.02)
                levels.append((session.state, bool(device.outputs & 1), bool(device.outputs & 8)))
    assert not [one for one in said if isinstance(one, Warned) and one.code == "output"]
    by_state: dict[str, tuple[bool, bool]] = {state: (lamp, buzzer) for state, lamp, buzzer in levels}
    assert by_state["contact"] == (True, True) and by_state["flight"] == (False, False)
    assert by_state["landed"][0] is True and by_state["armed"][0] is False
    names = [one.name for one in said if isinstance(one, Occurred) and one.active is None]
    assert names == ["touchdown", "takeoff", "touchdown"]
    assert device.outputs & 1 == 0 and device.outputs & 8 == 8


def test_a_line_that_is_not_there_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    rig, clock = rigs.loads(SIMULATED + OUTPUTS.replace("port0/line3", "port0/line9")), ManualClock()
    made = tuple(sources(rig, test="dj", clock=clock, lead=0.5, jumps=1))
    said: list[Event] = []
    with Session(Recorder(rig, made), folder=tmp_path) as session:
        for step in range(60):
            clock.advance(0.02)
            until(lambda step=step: session.seconds >= 0.02 * (step + 1) - 1e-9)  # type: ignore[misc]
            said += session.poll()
    told = [one.text for one in said if isinstance(one, Warned) and one.code == "output"]
    assert len(told) == 1 and "port0/line9" in told[0] and "left alone" in told[0]


def test_a_rig_without_outputs_has_no_thread() -> None:
    assert lines_of(rigs.load("simulated")) is None and lines_of(None) is None


@pytest.mark.timed
def test_an_order_reaches_its_line_within_milliseconds(driver: Driver, running: Callable[..., Lines]) -> None:
    lines = running(output("contact"))
    late = []
    for i in range(60):
        began, count = time.monotonic(), len(driver.calls)
        lines.occurred("contact", i % 2 == 0)
        until(lambda count=count: len(driver.calls) > count)  # type: ignore[misc]
        late.append(driver.calls[-1][2] - began)
    assert statistics.median(late) < 0.01
    assert np.isfinite(late).all()
