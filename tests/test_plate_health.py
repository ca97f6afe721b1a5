"""Empty plates: hum of a known amplitude, drift of a known rate, noise that is only noise, inputs at their end."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import hipdrive as hd
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import Analogue, Engine, ManualClock, SimDevice
from hipdrive.acquisition.simulated.source import SimulatedSource, number, sources
from hipdrive.analysis import plate_health
from hipdrive.analysis.hum import Tone, remedy, spectrum, tones
from hipdrive.analysis.plate_health import DRIFT_WARN, Watch, drift, remarks
from hipdrive.analysis.rails import Rails
from hipdrive.analysis.said import Warned
from hipdrive.cli import run
from hipdrive.hardware import plates as hardware
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.rig import Rig
from hipdrive.report import platehealth
from hipdrive.session import Session
from hipdrive.trial import Floats


def noise(seconds: float = 6.0, rate: float = 1000.0, sd: float = 0.8, seed: int = 0) -> tuple[Floats, Floats]:
    n = round(seconds * rate)
    return np.arange(n) / rate, np.random.default_rng([seed, 4]).normal(0.0, sd, n)


# --- hum ---


@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0, 10000.0])
@pytest.mark.parametrize(("base", "off"), [(50.0, 0.0), (50.0, 0.17), (60.0, -0.08)])
def test_hum_has_its_name_and_its_amplitude(rate: float, base: float, off: float) -> None:
    t, force = noise(6.0, rate)
    f = base + off
    force += 1.7 * np.sin(2.0 * np.pi * f * t + 0.3) + 0.6 * np.sin(2.0 * np.pi * 3.0 * f * t)
    found = tones(force, rate)
    assert [(one.mains, one.order) for one in found] == [(base, 1), (base, 3)]
    assert found[0].amplitude == pytest.approx(1.7, rel=0.06) and found[1].amplitude == pytest.approx(0.6, rel=0.15)
    assert found[0].frequency == pytest.approx(f, abs=1.0)


@pytest.mark.parametrize("seconds", [1.0, 1.6, 6.0])
def test_noise_alone_is_no_hum(seconds: float) -> None:
    false = sum(bool(tones(noise(seconds, seed=seed)[1], 1000.0)) for seed in range(200))
    assert false <= 2


def test_other_tones_are_named_by_their_frequency() -> None:
    t, force = noise()
    force += 2.5 * np.sin(2.0 * np.pi * 33.4 * t) + 1.2 * np.sin(2.0 * np.pi * 120.0 * t)
    found = tones(force, 1000.0)
    named = {one.name: one.amplitude for one in found}
    assert named["33 Hz"] == pytest.approx(2.5, rel=0.06)
    assert named["mains, 2 x 60 Hz"] == pytest.approx(1.2, rel=0.08)
    assert "ripple" in remedy(Tone(120.0, 1.0, 60.0, 2)) and "DIFF" in remedy(Tone(50.0, 1.0, 50.0, 1))
    assert "dimmer" in remedy(Tone(150.0, 1.0, 50.0, 3)) and "fan" in remedy(Tone(33.0, 1.0))


def test_slow_movement_is_no_tone() -> None:
    t, force = noise()
    assert tones(force + 30.0 * np.sin(2.0 * np.pi * 0.4 * t) + 5.0 * t, 1000.0) == ()


def test_the_spectrum_holds_the_power_of_the_noise() -> None:
    seen = spectrum(noise(20.0, sd=2.0)[1], 1000.0)
    assert seen is not None and seen.power.sum() * seen.step == pytest.approx(4.0, rel=0.05)
    assert spectrum(np.zeros(300), 1000.0) is None
    t = np.arange(8000) / 1000.0
    pure = spectrum(3.0 * np.sin(2.0 * np.pi * 80.0 * t), 1000.0)
    assert pure is not None and pure.amplitude[80] == pytest.approx(3.0, rel=0.01)


# --- drift ---


def test_drift_is_the_slope_and_covers_its_truth() -> None:
    inside, trials, t = 0, 400, np.arange(30.0)
    for seed in range(trials):
        found = drift(t, 0.03 * t + np.random.default_rng([seed, 6]).normal(0.0, 0.2, 30))
        inside += abs(found.rate - 0.03) <= found.u95
    assert 0.907 <= inside / trials <= 0.993
    assert math.isnan(drift([0.0, 1.0], [0.0, 1.0]).rate)


@pytest.mark.parametrize("block", [7, 10, 333, 5000])
def test_running_plates_are_watched_in_any_blocks(block: int) -> None:
    rate, watch = 1000.0, Watch(("left", "right"), 1000.0)
    t, left = noise(40.0, sd=0.5)
    _, right = noise(40.0, sd=0.5, seed=1)
    left += 0.08 * t
    right[10_000:14_000] += 400.0  # somebody stands there for a while
    right += 1.5 * np.sin(2.0 * np.pi * 50.0 * t)
    force = np.vstack([left, right])
    for start in range(0, force.shape[1], block):
        watch.add(force[:, start : start + block], start)
    one, two = watch.health()
    assert one.drift.rate == pytest.approx(0.08, abs=0.003) and one.drift.certain and one.tones == ()
    assert one.noise == pytest.approx(0.5, rel=0.05) and one.seconds == plate_health.HELD
    assert abs(two.drift.rate) < 0.01 and not two.drift.certain
    assert [(tone.mains, tone.order) for tone in two.tones] == [(50.0, 1)]
    told = {note.code: note for note in (*remarks(one), *remarks(two))}
    assert (
        "+4.8 N a minute (limit 3)" in told["drift"].message and told["drift"].level == "warn" and told["drift"].remedy
    )
    assert told["hum"].level == "warn" and "mains, 50 Hz: 1.5 N" in told["hum"].message
    assert "zero" in told  # the drifted plate is 3 N off by now
    watch.zeroed()
    assert math.isnan(watch.drift(0).rate)
    assert rate


def test_somebody_on_the_plate_is_not_its_noise() -> None:
    watch = Watch(("plate1",), 1000.0)
    t, force = noise(5.0)
    watch.add((force + 700.0 + 9.0 * np.sin(t))[np.newaxis], 0)
    [one] = watch.health()
    assert not one.empty and one.tones == () and math.isnan(one.noise) and one.spectrum is None
    assert [note.code for note in remarks(one)] == ["occupied"]
    watch.add(force[np.newaxis, :2500], 5000)
    [one] = watch.health()
    assert one.empty and one.seconds <= 2.5  # the samples under the athlete are left out


@pytest.mark.parametrize("late", [0.1, 0.3, 0.6, 0.9])
def test_somebody_who_is_stepping_on_is_no_fault_of_the_plate(late: float) -> None:
    """In the middle of a second nobody has looked at the newest samples yet."""
    watch = Watch(("plate1",), 1000.0)
    watch.add(noise(5.0)[1][np.newaxis], 0)
    [before] = watch.health()
    ramp = np.linspace(0.0, 350.0, round(1000 * late))
    watch.add(ramp[np.newaxis], 5000)
    [one] = watch.health()
    assert (one.noise, one.tones, one.level) == (before.noise, before.tones, before.level)
    assert remarks(one) == remarks(before) == ()


def test_lost_samples_begin_anew() -> None:
    watch = Watch(("plate1",), 1000.0)
    _, force = noise(5.0)
    watch.add(force[np.newaxis], 0)
    watch.add(force[np.newaxis, :1000], 7000)
    assert watch.health()[0].seconds == 1.0


def test_drift_of_nothing_is_not_warned() -> None:
    assert DRIFT_WARN == 0.05
    watch = Watch(("plate1",), 1000.0)
    for seed in range(30):
        watch.add(noise(1.0, sd=2.0, seed=seed)[1][np.newaxis], 1000 * seed)
    [one] = watch.health()
    assert not one.drift.certain and remarks(one) == ()


# --- the end of the range ---


def test_rails_in_counts_are_those_of_the_range() -> None:
    scaling = np.array([[0.01, 3.2e-4, 0.0, 0.0], [0.0, -3.2e-4, 0.0, 0.0], [0.0, 1.6e-4, 0.0, 0.0]])
    rails = Rails(np.int16, scaling, [-10.0, -10.0, -10.0], [10.0, 10.0, 10.0])
    volts = np.array([[9.95, 9.95, 1.0], [-9.95, -9.95, 1.0], [9.0, 9.0, 1.0]])
    counts = np.rint((volts - scaling[:, 0]) / scaling[:, 1]).astype(np.int16)
    assert rails.reached(counts).tolist() == [2, 2, 0]
    # a channel whose range is wider than its converter: the last count is the end
    assert rails.reached(np.array([[0, 0, 32767], [0, 0, 32766], [0, 0, -32768]], dtype=np.int16)).tolist() == [0, 0, 2]
    newtons = Rails(np.float64, None, [-math.inf], [math.inf])
    assert newtons.reached(np.array([[1e6], [-1e6]])).tolist() == [0]


# --- in a session, and from the command line ---

NARROW = (rigs.FOLDER / "simulated.toml").read_text("utf-8").replace("[-10.0, 10.0]", "[-1.0, 1.0]").replace(
    "range_n = 10000", "range_n = 900")  # fmt: skip


def plated(rig: Rig, forces: Mapping[str, Floats], clock: ManualClock | None = None) -> tuple[SimulatedSource, ...]:
    """Sources of a rig on whose plates are these forces, over and over."""
    rows = np.zeros((12, len(next(iter(forces.values())))))
    for plate in rig.plates:
        volts = hardware.volts(plate, hardware.Wrench(fz=forces[plate.id]))
        for role, row in zip(plate.roles, volts, strict=True):
            rows[number(plate.channels[role])] = row
    engine = Engine([SimDevice(name="Dev1", signal=Analogue(rows, 1000.0))], clock=clock)
    return tuple(sources(rig.model_copy(update={"cameras": ()}), engine=engine))


def heard(session: Session, clock: ManualClock, seconds: float, step: float = 0.1) -> list[Warned]:
    said: list[Warned] = []
    for i in range(round(seconds / step)):
        clock.advance(step)
        end = time.monotonic() + 20.0
        while session.seconds < (i + 1) * step - 1e-9:
            assert time.monotonic() < end
            time.sleep(0.0005)
        said += [one for one in session.poll() if isinstance(one, Warned)]
    return said


def test_a_session_warns_of_a_channel_at_its_end_at_once_and_not_all_the_time(tmp_path: Path) -> None:
    """Landing with 1500 N on a plate whose input ends at 1000 N; standing with 700 N on the other is fine."""
    rig, clock = rigs.loads(NARROW), ManualClock()
    _, left = noise(4.0)
    right = left.copy()
    left[1000:1200] += 1500.0
    left[3000:3300] += 1500.0
    right[1000:2000] += 700.0
    with Session(Recorder(rig, plated(rig, {"left": left, "right": right}, clock)), folder=tmp_path) as session:
        said = heard(session, clock, 4.0)
        told = [one.text for one in said if one.code == "clipped"]
        assert told == ["plate left: channel fz was at the end of its range, so peaks are cut off; choose a larger "
                        "range of amplifier and input (range_v, range_n), then jump again"]  # fmt: skip
        assert session.clipped == {"left.fz": 500}


def test_a_session_warns_of_drift(tmp_path: Path) -> None:
    rig, clock = rigs.load("simulated"), ManualClock()
    t, left = noise(20.0, sd=0.3)
    _, right = noise(20.0, sd=0.3, seed=1)
    with Session(
        Recorder(rig, plated(rig, {"left": left, "right": right + 0.15 * t}, clock)), folder=tmp_path
    ) as session:
        said = heard(session, clock, 14.0)
        [told] = [one.text for one in said if one.code == "drift"]
        assert told.startswith("plate right: its zero drifts by +") and "N a minute (limit 3)" in told
        one, two = session.health()
        assert abs(one.drift.rate) < 0.02 and two.drift.rate == pytest.approx(0.15, abs=0.02)


def test_the_command_sees_hum_and_ends(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    t, left = noise(4.0)
    hum = left + 1.4 * np.sin(2.0 * np.pi * 60.0 * t)
    monkeypatch.setattr(platehealth, "_sources", lambda rig, seconds: plated(rig, {"left": left, "right": hum}))
    assert run(["plates", "simulated", "--seconds", "1.2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "hipdrive-plates"
    quiet, humming = document["plates"]
    assert quiet["tones"] == [] and quiet["noise_sd_n"] == pytest.approx(0.8, rel=0.1)
    [tone] = humming["tones"]
    assert tone["mains_hz"] == 60.0 and tone["amplitude_n"] == pytest.approx(1.4, rel=0.1)
    assert [one["code"] for one in document["remarks"]] == ["hum"]
    hum[500:600] = 9990.0
    monkeypatch.setattr(platehealth, "_sources", lambda rig, seconds: plated(rig, {"left": left, "right": hum}))
    assert run(["plates", "simulated", "--seconds", "1"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "fail: plate right: channel fz (100 samples) was at the end of its range" in told
    assert run(["plates", "simulated", "--seconds", "0.1"]) == 2


def test_the_simulated_plates_are_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plates", "simulated", "--seconds", "1.1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["empty"] for one in document["plates"]] == [True, True]
    assert all(one["code"] == "zero" for one in document["remarks"])


# --- real recordings ---


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "plate"), [("Single-DJ-Fz.txt", 0), ("Dual-DJ-Fz.txt", 1)])
def test_real_plates_that_hum(data: Path, name: str, plate: int) -> None:
    """Recorded where the mains have 60 Hz: 60 and 180 Hz stand out of the flight, and again in each half of it."""
    trial = hd.read(data / "gidiel_cmj_sj_dj" / name, rate=1000.0)
    force = trial.fz[plate]
    empty = np.abs(force - np.median(np.sort(force)[: len(force) // 20])) < 20.0
    edges = np.flatnonzero(np.diff(np.r_[False, empty, False]))
    begin, end = max(zip(edges[::2], edges[1::2], strict=True), key=lambda one: int(one[1] - one[0]))
    stretch = force[begin + 100 : end - 100]
    assert len(stretch) > 1500
    for part in (stretch, stretch[: len(stretch) // 2], stretch[len(stretch) // 2 :]):
        found = {one.order: one.amplitude for one in tones(part, trial.rate) if one.mains == 60.0}
        assert 0.6 < found[1] < 1.3 and 0.4 < found[3] < 1.0
    # by a fit of its sine, without any spectrum
    t = np.arange(len(stretch)) / trial.rate
    waves = np.column_stack([np.cos(2.0 * np.pi * 60.0 * t), np.sin(2.0 * np.pi * 60.0 * t), np.ones_like(t), t])
    fitted = float(np.hypot(*np.linalg.lstsq(waves, stretch, rcond=None)[0][:2]))
    assert tones(stretch, trial.rate)[0].amplitude == pytest.approx(fitted, rel=0.15)
