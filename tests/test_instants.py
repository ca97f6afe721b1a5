"""Start signal, exposures and lamps on the force clock: to the tick where a counter stamps, within u95 elsewhere."""

import dataclasses
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nidaqmx.errors import DaqError
from test_recorder import Lab
from test_recorder import rig as plain_rig

from hipdrive import cli, store
from hipdrive.acquisition import lampcode, nidaq
from hipdrive.acquisition.nidaq import CodeLine, EdgeLine, Line, NidaqSource, PulseLine, lines_of
from hipdrive.acquisition.recorder import record
from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.engine import MODELS, Engine, ManualClock, Moving, SimDevice
from hipdrive.acquisition.simulated.source import session
from hipdrive.acquisition.source import open_sources
from hipdrive.analysis.instants import OFF, flight, instants
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.devices import Channel, Device
from hipdrive.trial import Edges, Floats, Signal, Trial

TICK = 20e6
SPRINT = rigs.load("sprint_start")


def trial(**facts: Any) -> Trial:
    return Trial(fz=np.zeros((1, 10)), rate=1000.0, **facts)


# --- pulses and lamps, through the driver ---


@pytest.fixture
def engine() -> Iterator[Engine]:
    one = Engine([SimDevice(name="Dev1", model=MODELS["USB-6343"])], clock=ManualClock())
    with installed(one):
        yield one


def source(*lines: Line) -> NidaqSource:
    device = Device(id="ni0", driver="nidaqmx", name="Dev1", rate_hz=1000.0)
    inputs = [Channel(role=f"p.c{i}", terminal=f"ai{i}", kind="voltage", low=-10.0, high=10.0, unit="V")
              for i in range(2)]  # fmt: skip
    return NidaqSource(device, inputs, lines=lines)


def run(one: NidaqSource, engine: Engine, seconds: float, *, before: float = 0.0) -> dict[str, Any]:
    """Sample for so long, and what came: name -> ticks; `volts` -> counts of the second channel."""
    assert isinstance(engine.clock, ManualClock)
    engine.clock.advance(before)
    one.open()
    one.start()
    out, counts = np.empty((2, 10), np.int16), []
    found: dict[str, Any] = {}
    for _ in range(round(100 * seconds)):
        engine.clock.advance(0.01)
        one.read(out, 1.0)
        counts.append(out[1].copy())
        for part in one.edges():
            found.setdefault(part.name, []).extend(part.ticks.tolist())
    one.stop()
    one.close()
    assert not engine.tasks
    return {**found, "volts": np.concatenate(counts)}


@pytest.mark.parametrize("edge", ["rising", "falling"])
@pytest.mark.parametrize(("fps", "width"), [(240.0, None), (240.0, 0.001), (1000.0, 0.0009), (59.94, 0.01)])
def test_pulses_that_trigger_a_camera_are_where_they_are_said_to_be(
    engine: Engine, edge: str, fps: float, width: float | None
) -> None:
    """They come back by a wire and are stamped by another counter: begin and end, for both kinds of camera."""
    engine.wires |= {"/Dev1/PFI1": "/Dev1/PFI12", "/Dev1/PFI2": "/Dev1/PFI12"}
    other = "falling" if edge == "rising" else "rising"
    found = run(
        source(PulseLine(name="out", terminal="PFI12", counter="ctr0", rate=fps, edge=edge, width=width),
               EdgeLine(name="begin", terminal="PFI1", counter="ctr1", edge=edge),
               EdgeLine(name="end", terminal="PFI2", counter="ctr2", edge=other)),
        engine, 3.0, before=1.2345,
    )  # fmt: skip
    period = round(TICK / fps)
    assert found["out"] == [period * (n + 1) for n in range(int(3.0 * TICK) // period)]
    lasting = period // 2 if width is None else round(width * TICK)
    for name, late in (("begin", 0), ("end", lasting)):
        came = min(len(found[name]), len(found["out"]))  # the last one may be at the very end
        assert came >= len(found["out"]) - 1
        # the stand-in's clock is a float: it may round down to the tick before
        assert np.abs(np.subtract(found[name][:came], np.add(found["out"][:came], late))).max() <= 1


def test_a_lamp_shows_the_code_and_every_change_of_it_is_stamped(engine: Engine) -> None:
    """On two counters to the tick, on an input to the sample; and it is off in the end."""
    engine.wires |= {f"/Dev1/{one}": "/Dev1/port0/line3" for one in ("PFI1", "PFI2", "ai1")}
    found = run(
        source(CodeLine(name="lamp", line="port0/line3", bit=0.05, phase=60_000),
               EdgeLine(name="lamp", terminal="PFI1", counter="ctr1"),
               EdgeLine(name="lamp.off", terminal="PFI2", counter="ctr2", edge="falling")),
        engine, 20.0, before=0.75,
    )  # fmt: skip
    device = engine.devices["Dev1"]
    shown = device.shown[3]
    truth = {level: [int((t - 0.75) * TICK + 1e-9) for t, high in shown if high is level] for level in (True, False)}
    assert found["lamp"] == truth[True]
    assert found["lamp.off"] == truth[False][: len(found["lamp.off"])]
    assert len(truth[False]) - len(found["lamp.off"]) <= 1  # it may be put out when the recording is over
    bits = [lampcode.bit(60_000 + n) for n in range(400)]
    level = np.zeros(20_000, bool)
    for t, high in shown:
        level[round((t - 0.75) * 1000) :] = high
    # set at the end of the block in which the bit begins, which is here at once
    assert level[10:].tolist() == np.repeat(bits, 50)[10:].tolist()
    # the sample that is taken at the very instant of a change may be of either side
    wrong = np.flatnonzero((found["volts"] > 8000) != level)
    assert set(wrong.tolist()) <= {round((t - 0.75) * 1000) for t, _ in shown}
    assert device.outputs == 0


def test_a_lamp_begins_by_the_time_of_day(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """So two recordings, one after the other, do not show the same."""
    now = 1_800_000_000.0
    monkeypatch.setattr("hipdrive.acquisition.nidaq.time.time", lambda: now)
    one = source(CodeLine(name="lamp", line="port0/line0", bit=0.05))
    one.open()
    one.start()
    [lamp] = one._lamps
    assert lamp.phase == round(now / 0.05) % lampcode.PERIOD
    one.close()


def test_a_lamp_that_fails_does_not_end_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    text = plain_rig(1).text + '\n[[sync]]\nid = "lamp"\ndevice = "ni0"\nline = "port0/line0"\nterminal = "PFI1"\n'
    lab = Lab(rigs.loads(text + 'counter = "ctr0"\n'))
    shown = nidaq._Lamp.show

    def show(lamp: Any, seconds: float) -> None:
        if seconds > 1.0:
            raise DaqError("The line is gone.", -200587)
        shown(lamp, seconds)

    monkeypatch.setattr(nidaq._Lamp, "show", show)
    lab.recorder.begin()
    with lab.recorder:
        lab.run(2.0)
    found = lab.recorder.end()
    assert (found.samples, found.gaps, found.end_reason) == (2000, (), "")
    assert any("edges are lost: the line is gone (NI -200587)" in note for note in found.notes)


# --- a rig with all of them ---


def test_what_counters_and_outputs_are_for() -> None:
    assert lines_of(SPRINT, "ni0") == (
        EdgeLine(name="side", terminal="PFI0", counter="ctr0", rate=480.0),
        PulseLine(name="back", terminal="PFI12", counter="ctr1", rate=120.0, width=0.002),
        CodeLine(name="lamp", line="port0/line0", bit=0.047),
        EdgeLine(name="lamp", terminal="PFI2", counter="ctr2"),
        EdgeLine(name="lamp.off", terminal="PFI2", counter="ctr3", edge="falling"),
    )
    assert SPRINT.channels("ni0")[-1].role == "gun"


def test_everything_that_keeps_time_is_in_the_file(tmp_path: Path) -> None:
    played = open_sources(SPRINT, test="cmj", seed=3, jumps=1, free_run=True)
    made = record(SPRINT, test="cmj", seconds=6.0, sources=played)
    back = store.load_trial(store.save(tmp_path / "start.h5", made))
    found, again = instants(made), instants(back)
    assert list(found) == list(again) == ["gun", "side", "back", "lamp"]
    for name, one in found.items():
        assert one.times.tobytes() == again[name].times.tobytes()
        assert one.off.tobytes() == again[name].off.tobytes()
        assert (one.kind, one.method, one.u95) == (again[name].kind, again[name].method, again[name].u95)
    assert made.truth is not None
    gun, side, rear, lamp = found.values()
    assert (gun.kind, gun.method, len(gun.times)) == ("start", "sound", 1)
    assert abs(gun.times[0] - made.truth.settings["gun"]) <= 0.5 / made.rate
    assert gun.u95 == pytest.approx(math.hypot(0.475 / 2000.0, flight(2.0, 0.05, 24.0, 5.0)[1]))
    assert (side.kind, side.method, side.width) == ("exposure", "counter", 0.001)
    assert np.diff(side.times) == pytest.approx(1.0 / 240.0, abs=1.01 / TICK)
    assert len(side.times) in (1439, 1440, 1441)
    assert (rear.kind, rear.method, rear.width) == ("exposure", "pulse", 0.002)
    expected = 166_667.0 * np.arange(1, int(6.0 * TICK) // 166_667 + 1) / TICK + 0.05e-3
    assert rear.times == pytest.approx(expected, abs=1e-12)
    assert rear.u95 == pytest.approx(math.hypot(1e-5, 1.0 / TICK))
    assert (lamp.kind, lamp.method, lamp.u95) == ("lamp", "counter", 1.0 / TICK)


def test_a_recording_is_found_again_by_its_lamp() -> None:
    """One place of the code fits what a camera would see; another recording shows another part of it."""
    places = []
    for seed in range(2):
        made = record(SPRINT, seconds=4.0, sources=open_sources(SPRINT, test="cmj", seed=seed, free_run=True))
        lamp = instants(made)["lamp"]
        middles = np.arange(1.5 * 0.047, 3.9, 0.047)
        on = np.searchsorted(lamp.times, middles) > np.searchsorted(lamp.off, middles)
        twice = lampcode.sequence() + lampcode.sequence()[: len(on)]
        wanted = bytes(on.astype(np.uint8))
        found = [at for at in range(lampcode.PERIOD) if twice.startswith(wanted, at)]
        assert len(found) == 1
        places += found
    assert places[0] != places[1]


def test_a_rig_with_everything_is_recorded_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "start.h5"
    assert cli.run(["record", "sprint_start", str(file), "--test", "cmj", "--seconds", "2.5"]) == 0
    capsys.readouterr()
    made = store.load_trial(file)
    assert [edges.name for edges in made.edges] == ["side", "back", "lamp", "lamp.off"]
    assert [signal.name for signal in made.signals] == ["gun"]
    found = instants(made)
    shot = session(["front", "rear"], "cmj", rate=2000.0).shots[0]  # of the athlete whom the command plays
    assert found["gun"].times == pytest.approx([shot], abs=found["gun"].u95)
    assert len(found["side"].times) == pytest.approx(600, abs=1)
    assert len(found["back"].times) == 299
    assert len(found["lamp"].times) >= 4  # in any 2.4 s of the code
    opened = json.loads(next(line for line in made.log if '"opened"' in line))
    assert opened["clock"] == "own"


@pytest.mark.parametrize("edge", ["rising", "falling"])
def test_a_digital_gun_is_stamped_to_the_tick(edge: str) -> None:
    text = rigs.load("simulated").text + f'\n[start_signal]\ndevice = "ni0"\nline = "PFI2"\nedge = "{edge}"\n'
    rig = rigs.loads(text)
    made = record(rig, test="dj", seconds=6.0, sources=open_sources(rig, test="dj", free_run=True, jumps=1))
    assert made.truth is not None
    gun = instants(made)["gun"]
    assert (gun.kind, gun.method, gun.u95) == ("start", "counter", 1.0 / TICK)
    assert gun.times[0] == pytest.approx(made.truth.settings["gun"], abs=1.01 / TICK)


@pytest.mark.parametrize("edge", ["rising", "falling"])
def test_an_analogue_gun_lies_between_two_samples(edge: str) -> None:
    wired = 'terminal = "ai15"\nlevel_v = 2.5'
    text = rigs.load("simulated").text + f'\n[start_signal]\ndevice = "ni0"\n{wired}\nedge = "{edge}"\n'
    rig = rigs.loads(text)
    made = record(rig, test="cmj", seconds=6.0, sources=open_sources(rig, test="cmj", free_run=True, jumps=1))
    assert made.truth is not None
    gun = instants(made)["gun"]
    assert (gun.kind, gun.method, gun.u95) == ("start", "level", 0.475 / 1000.0)
    assert len(gun.times) == 1
    assert abs(gun.times[0] - made.truth.settings["gun"]) <= 0.5 / 1000.0


def test_a_lamp_on_an_analogue_input() -> None:
    text = plain_rig(1, rate=2000.0).text + '\n[[sync]]\nid = "lamp"\ndevice = "ni0"\nline = "port0/line0"\n'
    lab = Lab(rigs.loads(text + 'analog = "ai7"\nlevel_v = 2.5\n'))
    lab.engine.wires["/Dev1/ai7"] = "/Dev1/port0/line0"
    lab.recorder.begin()
    with lab.recorder:
        for _ in range(120):
            lab.run(0.02, 0.02)
    found = instants(lab.recorder.end())["lamp"]
    shown = lab.engine.devices["Dev1"].shown[0]
    assert (found.kind, found.method, found.u95) == ("lamp", "level", 0.475 / 2000.0)
    for times, level in ((found.times, True), (found.off, False)):
        truth = [t for t, high in shown if high is level][: len(times)]
        assert len(times) > 2
        assert np.abs(times - truth).max() <= 0.5 / 2000.0 + 1e-9


def test_a_board_that_converts_one_channel_after_the_other() -> None:
    """Each channel is later than the one before it by one conversion; the start signal is put back by that."""
    rate = 1000.0
    shots = 0.3 + 0.35 * np.arange(20) + (np.arange(20) / 20.0 + 0.0123) / rate  # at every part of a sample

    def inputs(t: Floats) -> Floats:
        since = t[:, np.newaxis] - shots
        on = ((since >= 0.0) & (since < 0.1)).any(axis=1)
        return np.repeat(np.where(on, 5.0, 0.0)[np.newaxis], 16, axis=0)

    text = plain_rig(11, rate=rate).text + '\n[start_signal]\ndevice = "ni0"\nterminal = "ai15"\nlevel_v = 2.5\n'
    lab = Lab(rigs.loads(text))
    model = dataclasses.replace(MODELS["stand-in"], simultaneous=False)
    lab.engine.devices["Dev1"] = SimDevice(name="Dev1", model=model, signal=Moving(inputs))
    lab.recorder.begin()
    with lab.recorder:
        lab.run(8.0, 1.0 / 8.0)
    made = lab.recorder.end()
    first, gun = made.raw[0].scaled()[:, [0, 11]].T > 2.5
    seen = [np.flatnonzero(np.diff(one.astype(int)) == 1) for one in (first, gun)]
    # 11 of 48 conversions in each sample: so often the later channel sees the step a sample earlier
    assert (seen[0] - seen[1]).mean() == pytest.approx(11 / 48, abs=0.05)
    wrong = (instants(made)["gun"].times - shots) * rate
    assert np.abs(wrong).max() <= 0.5 + 1e-6
    assert wrong.mean() == pytest.approx(0.0, abs=0.03)


# --- sound ---


def sound(at: float, *, rate: float = 2000.0, seed: int = 0, more: tuple[float, ...] = ()) -> Signal:
    """A blast that comes at a time, s, in noise, on top of the microphone's own offset."""
    t = np.arange(round(3.0 * rate)) / rate
    values = 0.3 + np.random.default_rng(seed).normal(0.0, 0.01, len(t))
    for begin in (at, *more):
        since = np.maximum(t - begin, 0.0)
        values += np.where(t >= begin, 3.0 * np.exp(-since / 0.03) * np.cos(2.0 * np.pi * 230.0 * since), 0.0)
    return Signal(name="gun", values=values, rate=rate, unit="V")


def room(**facts: Any) -> str:
    told = {"device": "ni0", "terminal": "ai15", "microphone": True, "level_v": 1.0, "distance_m": 0.0,
            "distance_u95_m": 0.0, "temperature_u95_c": 0.0, **facts}  # fmt: skip
    return "[start_signal]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in told.items())


def test_a_sound_is_found_within_its_uncertainty() -> None:
    """Over 400 guns at any place between samples: no bias, and 95 of 100 within u95."""
    rng = np.random.default_rng(5)
    errors, rate = [], 2000.0
    for seed in range(400):
        at = 1.0 + rng.uniform(0.0, 1.0)
        gun = instants(trial(signals=(sound(at, rate=rate, seed=seed),), rig=room()))["gun"]
        assert len(gun.times) == 1
        errors.append(gun.times[0] - at)
    inside = np.abs(errors) <= gun.u95
    assert gun.u95 == 0.475 / rate
    assert 0.92 <= inside.mean() <= 0.98
    assert abs(np.mean(errors)) < 4.0 * np.std(errors) / 20.0
    assert np.abs(errors).max() <= 0.5 / rate + 1e-9


@pytest.mark.parametrize(("celsius", "per_metre"), [(20.0, 2.914e-3), (0.0, 3.018e-3), (35.0, 2.842e-3)])
def test_sound_takes_its_time(celsius: float, per_metre: float) -> None:
    """2.9 ms a metre (METRICS.md), by the speed of sound in dry air at that temperature."""
    near, far = (instants(trial(signals=(sound(1.5),), rig=room(distance_m=d, temperature_c=celsius)))["gun"].times[0]
                 for d in (0.0, 12.0))  # fmt: skip
    assert near - far == pytest.approx(12.0 * per_metre, rel=1e-3)


def test_what_is_not_known_of_the_way_counts() -> None:
    sure = instants(trial(signals=(sound(1.5),), rig=room(distance_m=10.0)))["gun"].u95
    unsure = instants(trial(signals=(sound(1.5),), rig=room(distance_m=10.0, distance_u95_m=0.5)))["gun"].u95
    assert sure == pytest.approx(math.hypot(0.475 / 2000.0, 0.004 * 10.0 / 343.2), rel=1e-3)
    assert unsure**2 - sure**2 == pytest.approx((0.5 / 343.2) ** 2, rel=1e-3)
    warm = flight(30.0, 0.0, 20.0, 10.0)[1]
    between = 0.5 * abs(flight(30.0, 0.0, 10.0, 0.0)[0] - flight(30.0, 0.0, 30.0, 0.0)[0])
    assert warm**2 - flight(30.0, 0.0, 20.0, 0.0)[1] ** 2 == pytest.approx(between**2, rel=0.01)


def test_a_second_shot_is_another_one_and_an_echo_is_not() -> None:
    found = instants(trial(signals=(sound(0.8, more=(0.83, 2.0)),), rig=room()))["gun"]
    assert found.times == pytest.approx([0.8, 2.0], abs=0.3e-3)


def test_a_slow_rise_begins_before_it_is_loud() -> None:
    """A starter's horn grows for some milliseconds: what counts is its first rise."""
    rate = 10_000.0
    t = np.arange(20_000) / rate
    since = np.maximum(t - 1.2, 0.0)
    values = np.random.default_rng(2).normal(0.0, 0.004, len(t)) + 2.0 * np.minimum(since / 0.008, 1.0) * np.sin(
        2.0 * np.pi * 400.0 * since
    )
    found = instants(trial(signals=(Signal(name="gun", values=values, rate=rate, unit="V"),), rig=room()))["gun"]
    assert abs(found.times[0] - 1.2) < 0.5e-3
    assert t[np.flatnonzero(np.abs(values) >= 1.0)[0]] - 1.2 > 3e-3  # where a level alone would see it


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(5), np.full(2000, 3.0), np.full(2000, np.nan)])
def test_silence_is_no_start(values: Floats) -> None:
    one = Signal(name="gun", values=values, rate=1000.0, unit="V")
    for rig in ("", room(), room(microphone=False), room(microphone=False, edge="falling")):
        if rig and "falling" in rig and len(values) and values[0] == 0.0:
            continue
        assert len(instants(trial(signals=(one,), rig=rig))["gun"].times) == 0


# --- of files from elsewhere ---


def test_a_column_called_gun_needs_no_rig() -> None:
    values = np.random.default_rng(1).normal(0.0, 0.02, 2000)
    values[700:900] += 5.0
    found = instants(trial(signals=(Signal(name="gun", values=values, rate=1000.0, unit="V"),)))["gun"]
    assert found.times.tolist() == [0.6995]
    assert found.u95 == 0.475e-3


def test_a_level_that_chatters_is_one_start() -> None:
    values = np.zeros(2000)
    values[700:720:2] = values[720:900] = values[1500:1600] = 5.0
    rig = room(microphone=False, level_v=2.5)
    found = instants(trial(signals=(Signal(name="gun", values=values, rate=1000.0, unit="V"),), rig=rig))["gun"]
    assert found.times.tolist() == [0.6995, 1.4995]


def test_a_line_that_nobody_explains() -> None:
    found = instants(trial(edges=(Edges(name="pfi7", ticks=np.array([10, 20]), rate=1e3),
                                  Edges(name="pfi7.off", ticks=np.array([15]), rate=1e3),
                                  Edges(name="x.off", ticks=np.array([1]), rate=1e3))))  # fmt: skip
    assert list(found) == ["pfi7", "x.off"]
    assert (found["pfi7"].kind, found["pfi7"].times.tolist(), found["pfi7"].off.tolist()) == (
        "edge", [0.01, 0.02], [0.015])  # fmt: skip


@pytest.mark.parametrize(
    "rig",
    ["not toml [", "start_signal = 5", "cameras = 1\nsync = 'x'", "cameras = [1, 'a', {id = 3}]", "a = " + "[" * 5000,
     '[start_signal]\nmicrophone = true\nlevel_v = "high"\ndistance_m = [1]', "x" * 2_000_000,
     '[start_signal]\nmicrophone = true\nlevel_v = 1.0\ndistance_m = inf\ntemperature_c = -1e9',
     f'[start_signal]\nmicrophone = true\nlevel_v = 1.0\ndistance_m = 1{"0" * 400}',
     '[[cameras]]\nid = "side"\ndelay_ms = nan\nexposure_ms = true'],
)  # fmt: skip
def test_a_rig_from_anywhere_breaks_nothing(rig: str) -> None:
    one = trial(signals=(sound(1.0),), edges=(Edges(name="side", ticks=np.array([7]), rate=1e3),), rig=rig)
    found = instants(one)
    assert found["side"].times.tolist() == [0.007]
    assert np.isfinite(found["gun"].times).all()
    assert np.isfinite(found["gun"].u95)


@pytest.mark.parametrize(("clock", "sure"), [("", False), ('clock = "ni0"\nclock_by = "reference_clock"', True)])
def test_a_line_on_another_clock_is_not_trusted(clock: str, sure: bool) -> None:
    """Its device was started by software, some milliseconds from the plates, and its oscillator is another one."""
    text = plain_rig(1, devices=2).text
    head, _, tail = text.rpartition("[[devices]]")
    lines = '\n[[cameras]]\nid = "side"\ndevice = "ni1"\nterminal = "PFI0"\ncounter = "ctr0"\n'
    rig = head + "[[devices]]\n" + clock + tail + lines
    assert rigs.loads(rig).cameras[0].device == "ni1"
    found = instants(trial(edges=(Edges(name="side", ticks=np.array([7]), rate=1e3),), rig=rig))["side"]
    assert found.times.tolist() == [0.007]
    assert found.u95 == (1e-3 if sure else math.inf)


def test_instants_do_not_change() -> None:
    found = instants(trial(edges=(Edges(name="gun", ticks=np.array([7]), rate=1e3),)))["gun"]
    with pytest.raises(ValueError, match="read-only"):
        found.times[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.u95 = 1.0  # type: ignore[misc]
    assert nidaq.OFF == OFF


# --- rigs that cannot be ---


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'terminal = "ai15"\nmicrophone = true\nlevel_v = 0.5',
            'line = "PFI5"\nmicrophone = true',
            "a microphone is an analogue input",
        ),
        ("distance_m = 2.0 ", "# ", "sound takes 2.9 ms for each metre, so its way has to be known; add distance_m"),
        ("microphone = true\n", "", "distance_m: only sound takes its time"),
        ("level_v = 0.5", "level_v = -0.5", "-0.5 V is reached by silence"),
        ("level_v = 0.5", 'level_v = 0.5\nedge = "falling"', "a sound begins, whichever way it swings first"),
        ("exposure_ms = 2.0", "exposure_ms = 9.0", "9 ms do not fit between pictures at 120 a second; give less than"),
        ('terminal = "PFI12"', 'terminal = "port0/line1"', "edges on port0/line1 cannot be stamped; wire it to a PFI"),
        ('terminal = "PFI2" ', 'analog = "ai20" #', "an analogue input is sampled, not stamped"),
        ('terminal = "PFI2" ', "#", "its changes come back on a PFI line or on an analogue input"),
        ('counter = "ctr2"\n', "", "a counter has to stamp the line"),
        ('counter_off = "ctr3"', 'counter_off = "ctr2"', "ctr2 is already wired to sync 'lamp'"),
        ('counter_off = "ctr3"', 'counter_off = "ctr3"\nlevel_v = 2.5', "an analogue input, and only that, needs"),
        ("bit_ms = 47", "bit_ms = 15", "15 ms are less than two blocks of 10 ms"),
        ('id = "lamp"', 'id = "side"', "sync 1: id = 'side' is that of something else"),
        ('id = "lamp"', 'id = "gun"', "sync 1: id = 'gun' is that of something else"),
        ('id = "back"', 'id = "gun"', "cameras 2: id = 'gun' is the start signal's"),
        ('line = "port0/line0"', 'line = "PFI0"', "PFI0 is already wired to camera 'side'"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_one_sentence(old: str, new: str, words: str) -> None:
    assert old in SPRINT.text
    with pytest.raises(UsageError) as caught:
        rigs.loads(SPRINT.text.replace(old, new, 1))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
