"""Known masses on plates whose errors are known: what is found, how surely, where it is kept, what is refused."""

import datetime as dt
import io
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import cli
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import ManualClock
from hipdrive.acquisition.simulated.loaded import EMPTY, LIE, MOVE, Errors, loaded
from hipdrive.cli import run
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.hardware import checkfile, checkplan, platecheck
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.checkplan import PlanFacts, Step
from hipdrive.hardware.kinds import PlateFacts
from hipdrive.hardware.platecheck import BAD, OK, OPEN, examine
from hipdrive.hardware.platefit import Reading
from hipdrive.hardware.weights import Gravity, force, gravity, tolerance
from hipdrive.report import calibrating
from hipdrive.report.loading import Loading, of_rows, stillest
from hipdrive.report.platechecks import plate_checks

HERE = Gravity(9.81, 0.0, "given")
SIMULATED = (rigs.FOLDER / "simulated.toml").read_text("utf-8")
LEFT = rigs.load("simulated").plate("left")
UP_DOWN = (0.0, 20.0, 40.0, 60.0, 40.0, 20.0, 0.0)
POINTS = tuple((x, y) for x in (-0.1, 0.0, 0.1) for y in (-0.2, 0.0, 0.2))


def taken(
    seed: int = 0, *, gain: float = 1.0, tilt: float = 0.0, curve: float = 0.0, lag: float = 0.0, offset: float = 0.0,
    drift: float = 0.0, noise: float = 0.0, cop: tuple[float, float] = (0.0, 0.0), placed: float = 0.0,
    masses: Sequence[float] = UP_DOWN, points: Sequence[tuple[float, float]] = POINTS, off: float = 0.0,
) -> list[Reading]:  # fmt: skip
    """Readings of a plate with known errors; `off`: part by which all masses are heavier than they say."""
    rng = np.random.default_rng([seed, 3])
    found: list[Reading] = []
    for x, y in points:
        beside = rng.uniform(-placed, placed, 2)
        for i, mass in enumerate(masses):
            load = force(mass * (1.0 + off), HERE)
            inner = 0.0 < mass < max(masses)
            down = i > 0 and masses[i - 1] > mass
            shown = gain * load * (1.0 + tilt * x) + curve * load**2 + inner * lag * (0.5 if down else -0.5)
            time = 8.0 * len(found)
            read = shown + offset + drift * time + rng.normal(0.0, noise)
            px, py = (x + beside[0] + cop[0], y + beside[1] + cop[1]) if mass else (math.nan, math.nan)
            found.append(Reading(plate="left", mass=mass, x=x, y=y, force=read, copx=px, copy=py, time=time))
    return found


def examined(readings: Sequence[Reading], iso_class: str = "0.5") -> platecheck.PlateCheck:
    return examine(readings, tolerance=0.0, gravity=HERE, iso_class=iso_class)


# --- what is found, without noise: closed forms ---


def test_a_good_plate_is_found_good() -> None:
    found = examine(taken(), tolerance=1e-6, gravity=HERE)
    assert found.verdict == OK and found.gain == pytest.approx(1.0, abs=1e-12) and not found.resolved
    assert found.within == pytest.approx(1.96e-4 / math.sqrt(3.0))
    assert all(abs(one.value) < 1e-9 for one in found.figures.values())


def test_the_gain_and_its_correction() -> None:
    found = examined(taken(gain=1.0123, offset=-4.0, drift=0.01))
    assert found.gain == pytest.approx(1.0123, rel=1e-9) and found.factor == pytest.approx(1.0 / 1.0123, rel=1e-9)
    assert found.figures["gain"].value == pytest.approx(1.23) and found.figures["gain"].verdict == BAD
    middle = 8.0 * (len(POINTS) * len(UP_DOWN) - 1) / 2.0
    assert found.figures["offset"].value == pytest.approx(-4.0 + 0.01 * middle, rel=1e-9)


def test_a_tilted_plate_changes_its_gain_over_the_grid() -> None:
    found = examined(taken(tilt=0.2))
    assert found.figures["position"].value == pytest.approx(2.0) and found.figures["position"].verdict == BAD
    assert {round(one.x, 3): round(one.force_error, 6) for one in found.points} == {-0.1: -2.0, 0.0: 0.0, 0.1: 2.0}
    assert found.figures["linearity"].value == pytest.approx(0.0, abs=1e-9)
    assert found.within == pytest.approx(2.0)


def test_a_curved_plate_leaves_the_line_by_what_least_squares_says() -> None:
    curve = 4e-5
    found = examined(taken(curve=curve))
    loads = np.array([force(mass, HERE) for mass in (0.0, 20.0, 40.0, 60.0)])
    shown = loads + curve * loads**2
    slope, start = np.polyfit(loads, shown, 1)
    beside = np.abs(shown - start - slope * loads).max()
    assert found.gain == pytest.approx(slope, rel=1e-9)
    assert found.figures["linearity"].value == pytest.approx(100.0 * beside / loads[-1], rel=1e-6)
    assert found.figures["repeatability"].value == pytest.approx(0.0, abs=1e-9)  # a curve is no scatter


def test_hysteresis_is_down_minus_up() -> None:
    found = examined(taken(lag=3.0, drift=0.02, gain=0.999))
    assert found.figures["hysteresis"].value == pytest.approx(100.0 * 3.0 / force(60.0, HERE), rel=1e-6)
    assert found.gain == pytest.approx(0.999, rel=1e-9)


def test_the_centre_of_pressure_is_off_by_its_bias() -> None:
    found = examined(taken(cop=(0.004, -0.003))).figures
    assert found["cop_bias_x"].value == pytest.approx(0.004) and found["cop_bias_y"].value == pytest.approx(-0.003)
    assert found["cop_rms"].value == pytest.approx(0.005) and found["cop_largest"].value == pytest.approx(0.005)
    assert found["cop_largest"].verdict == OPEN  # 5 mm, placed to 2 mm: the 3 mm are not excluded
    assert examined(taken(cop=(0.006, 0.0))).figures["cop_largest"].verdict == BAD


# --- uncertainty ---


FEW = POINTS[::2]
"""Five points of nine: enough for a law of large numbers, and less to wait for."""


def coverage(masses: tuple[float, ...], trials: int, points: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Share of trials in which the truth is inside each interval."""
    inside = {"gain": 0, "point": 0, "offset": 0, "cop": 0}
    middle = 8.0 * (len(points) * len(masses) - 1) / 2.0
    for seed in range(trials):
        found = examined(taken(seed, gain=1.004, tilt=0.02, lag=0.6, offset=2.0, drift=0.01, noise=0.3, placed=0.002,
                               cop=(0.001, 0.0), masses=masses, points=points))  # fmt: skip
        inside["gain"] += abs(found.gain - 1.004) <= found.gain_u95
        inside["point"] += abs(found.points[0].force_error - 100.0 * (1.004 * 0.998 - 1.0)) <= found.points[0].force_u95
        offset, cop = found.figures["offset"], found.figures["cop_bias_x"]
        inside["offset"] += abs(offset.value - 2.0 - 0.01 * middle) <= offset.u95
        inside["cop"] += abs(cop.value - 0.001) <= cop.u95
    return {name: count / trials for name, count in inside.items()}


def test_the_uncertainty_covers_the_truth() -> None:
    found = coverage((0.0, 20.0, 40.0, 20.0, 0.0), 200, FEW)
    # 95 %, and four standard deviations of 200 trials beside it
    assert all(0.888 <= one <= 1.0 for one in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("masses", [UP_DOWN, (0.0, 20.0, 40.0, 20.0, 0.0), (0.0, 50.0, 0.0)])
def test_the_uncertainty_covers_the_truth_closely(masses: tuple[float, ...]) -> None:
    found = coverage(masses, 1500, POINTS)
    # 95 %, and four standard deviations of 1500 trials on either side
    assert all(0.927 <= one <= 0.973 for one in found.values()), found


def test_masses_that_are_all_off_are_inside_their_class() -> None:
    part, inside = tolerance("m3"), 0
    for seed in range(100):
        off = float(np.random.default_rng([seed, 9]).uniform(-part, part))
        found = examine(taken(seed, noise=0.05, off=off, points=FEW), tolerance=part, gravity=HERE)
        inside += abs(found.gain - 1.0) <= found.gain_u95
    assert inside >= 98  # a rectangle is covered by 1.96 of its SD altogether
    assert examine(taken(noise=0.05), tolerance=part, gravity=HERE).gain_u95 > 5e-4


def test_without_the_place_gravity_is_not_known_well_enough_for_half_a_per_cent() -> None:
    found = examine(taken(gain=1.002, noise=0.1), tolerance=5e-5, gravity=Gravity(9.81, gravity().sd, ""))
    assert found.figures["gain"].verdict == OPEN and 0.3 < found.figures["gain"].u95 < 0.5
    assert examined(taken(gain=1.002, noise=0.1)).figures["gain"].verdict == OK


def test_verdicts_leave_doubt_where_there_is_doubt() -> None:
    kinds = {examined(taken(seed, gain=1.005, noise=1.0)).figures["gain"].verdict for seed in range(20)}
    assert kinds == {OPEN}
    assert examined(taken(gain=1.012, noise=1.0), "2").figures["gain"].verdict == OK  # a class allows what it allows


def test_what_the_readings_cannot_tell_is_not_told() -> None:
    two = examined(taken(masses=(0.0, 40.0), noise=0.1)).figures
    assert math.isnan(two["linearity"].value) and "three" in two["linearity"].why
    assert math.isnan(two["hysteresis"].value) and math.isfinite(two["position"].value)
    one = examined(taken(points=POINTS[:1], noise=0.1)).figures
    assert math.isnan(one["position"].value) and math.isfinite(one["hysteresis"].value)
    bare = [Reading(plate="left", mass=m, x=0.0, y=0.0, force=force(m, HERE)) for m in (0.0, 20.0, 40.0)]
    few = examined(bare)
    assert few.gain == pytest.approx(1.0) and math.isnan(few.gain_u95)
    assert few.figures["gain"].verdict == OPEN and math.isnan(few.figures["cop_rms"].value)
    with pytest.raises(UsageError, match="at least three readings"):
        examined(bare[:2])
    with pytest.raises(UsageError, match="class '7'"):
        examined(bare, "7")


def test_gravity_and_masses() -> None:
    # Somigliana's formula at the equator and the pole (NIMA TR8350.2), the gradient, standard gravity at 45 degrees
    assert gravity(latitude=0.0).value == pytest.approx(9.7803253359, abs=1e-10)
    assert gravity(latitude=90.0).value == pytest.approx(9.8321849378, abs=1e-9)
    assert gravity(latitude=45.0, height=1000.0).value == pytest.approx(9.8061977694 - 0.003086, abs=1e-9)
    assert force(20.0, gravity(9.81)) == pytest.approx(20.0 * 9.81 * (1.0 - 1.2 / 8000.0))
    assert tolerance("M1") == 5e-5 and tolerance("2 %") == 0.02
    for wrong in ("gym", "-1", "50"):
        with pytest.raises(UsageError, match="no class of masses"):
            tolerance(wrong)
    with pytest.raises(UsageError, match="nowhere on Earth"):
        gravity(3.7)
    with pytest.raises(UsageError, match="nobody jumps there"):
        gravity(latitude=95.0)


# --- plans and files ---


def test_a_plan_goes_up_and_down_at_every_point() -> None:
    steps = checkplan.steps(LEFT, PlanFacts())
    assert len(steps) == 45 and [one.mass for one in steps[:5]] == [0.0, 20.0, 40.0, 20.0, 0.0]
    assert {(one.x, one.y) for one in steps} == set(POINTS)
    assert checkplan.where(LEFT, 0.0, 0.0) == "in the middle"
    up = checkplan.steps(LEFT, checkplan.plan_of("10,30", "1x2", repeats=2))
    assert len(up) == 2 * 2 * 5 and {one.mass for one in up} == {0.0, 10.0, 30.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [("masses_kg = ['20']", "masses_kg"), ("masses_kg = []", "masses_kg"), ("grids = [3, 3]", "did you mean grid"),
     ("grid = [0, 3]", "grid"), ("margin_m = -1.0", "margin_m"), ("masses_kg = [", "no TOML"),
     ("masses_kg = [nan]", "masses_kg")],
)  # fmt: skip
def test_a_broken_plan_is_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=told) as caught:
        checkplan.plan_of(file=file)
    assert "\n" not in str(caught.value) and "plan.toml" in str(caught.value)


def test_a_plate_without_a_size_needs_points() -> None:
    bare = LEFT.model_copy(update={"size_m": None})
    with pytest.raises(UsageError, match="size is not known"):
        checkplan.steps(bare, PlanFacts())
    assert len(checkplan.steps(bare, PlanFacts(points_m=((0.0, 0.0),)))) == 5
    with pytest.raises(UsageError, match="margin"):
        checkplan.steps(LEFT, PlanFacts(margin_m=0.5))


def test_readings_survive_their_file(tmp_path: Path) -> None:
    readings = taken(noise=0.3, cop=(0.001, 0.0))
    file = tmp_path / "r.csv"
    file.write_text(checkplan.to_csv(readings), "utf-8")
    again = of_rows(checkplan.rows_of(file), rigs.load("simulated"), HERE)
    assert examined(again).gain == pytest.approx(examined(readings).gain, rel=1e-9)
    german = checkplan.to_csv(readings).replace(",", ";").replace(".", ",")
    file.write_text(german, "utf-8")
    assert of_rows(checkplan.rows_of(file), rigs.load("simulated"), HERE) == again


@pytest.mark.parametrize(
    ("text", "told"),
    [("plate,mass_kg,x_m,force_n\n", "y_m is missing"), ("plate,mass_kg,x_m,y_m\n", "force_n"),
     ("plate,mass_kg,x_m,y_m,force_n\n", "no reading"),
     ("plate,mass_kg,x_m,y_m,force_n\nleft,20,0,0,many\n", "line 2, force_n"),
     ("plate,mass_kg,x_m,y_m,force_n\nleft,-5,0,0,1\n", "line 2"),
     ("plate,mass_kg,x_m,y_m,force_n\nleft,20,nan,0,1\n", "line 2, x_m"),
     ("plate,mass_kg,x_m,y_m,force_n\nnone,20,0,0,196\n", "no plate 'none'"),
     ("plate,mass_kg,x_m,y_m,file\nleft,20,0,0,nothing.h5\n", "nothing.h5")],
)  # fmt: skip
def test_broken_readings_are_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(HipdriveError, match=told) as caught:
        of_rows(checkplan.rows_of(file), rigs.load("simulated"), HERE)
    assert "\n" not in str(caught.value)


def test_readings_out_of_recordings(tmp_path: Path) -> None:
    """A mass that is put on: the stillest second under it counts, not the empty plate before."""
    rng = np.random.default_rng(2)
    lines = ["plate,mass_kg,x_m,y_m,file"]
    for mass in (0.0, 20.0, 40.0):
        fz = np.r_[np.zeros(1500), np.full(3000, 1.006 * force(mass, HERE))] + rng.normal(0.0, 0.5, 4500)
        fz[2000:2600] += 60.0 * np.sin(np.arange(600) / 9.0)  # while it is moved about
        trial = hd.Trial.from_forces(np.vstack([fz, np.zeros(4500)]), rate=1000.0, plates=("left", "right"))
        hd.save(tmp_path / f"{mass:g}.h5", trial)
        lines.append(f"left,{mass:g},0,0,{mass:g}.h5")
    file = tmp_path / "r.csv"
    file.write_text("\n".join(lines), "utf-8")
    found = of_rows(checkplan.rows_of(file), rigs.load("simulated"), HERE)
    assert examined(found).gain == pytest.approx(1.006, abs=2e-4)
    assert stillest(np.linspace(0.0, 400.0, 3000), 1000.0, 196.2) is None


# --- through the devices ---


ERRORS = {
    "left": Errors(gain=1.0125, tilt=(0.06, 0.0), curve=6e-6, lag=1.6, cop=(0.004, -0.002), drift=0.01),
    "right": Errors(noise=0.4),
}


def test_the_whole_way_from_volts_to_verdict() -> None:
    """Known errors of simulated plates come back through driver, counts, plates, stillness and least squares."""
    rig = rigs.load("simulated")
    steps = [one for plate in ("left", "right") for one in checkplan.steps(rig.plate(plate), PlanFacts())]
    sources, seconds = loaded(rig, steps, HERE, errors=ERRORS)
    asked: list[Step] = []

    def ask(number: int, step: Step) -> bool:
        asked.append(step)
        return True

    with Recorder(rig, sources, seconds + 1.0, limit_seconds=seconds) as recorder:
        readings = list(Loading(recorder, steps, HERE).readings(ask))
    assert asked == steps and len(readings) == 90
    left = examined([one for one in readings if one.plate == "left"])
    span = force(40.0, HERE)
    # the slope of x + c x² over three equally spaced loads grows by c times the largest
    assert left.gain == pytest.approx(1.0125 + 6e-6 * span, abs=2.0 * left.gain_u95 + 1e-5)
    assert left.figures["position"].value == pytest.approx(100.0 * 0.06 * 0.1 * 1.0125 / left.gain, abs=0.05)
    assert left.figures["hysteresis"].value == pytest.approx(100.0 * 1.6 / span, abs=0.06)
    assert left.figures["cop_bias_x"].value == pytest.approx(0.004, abs=2e-4)
    assert left.figures["cop_bias_y"].value == pytest.approx(-0.002, abs=2e-4)
    assert left.verdict == BAD and left.figures["gain"].verdict == BAD
    right = examined([one for one in readings if one.plate == "right"])
    assert right.verdict == OK and right.within < 0.1


def test_nothing_like_the_mass_is_told() -> None:
    rig = rigs.load("simulated")
    steps = [Step(plate="left", mass=mass, x=0.0, y=0.0) for mass in (0.0, 20.0, 0.0)]
    sources, seconds = loaded(rig, steps, HERE, errors={"left": Errors(gain=0.1)})
    with (
        Recorder(rig, sources, seconds + 1.0, limit_seconds=seconds) as recorder,
        pytest.raises(UsageError, match=r"196 N of 20 kg did not come to rest|device stopped"),
    ):
        list(Loading(recorder, steps, HERE).readings(lambda number, step: True, patience=2.0))


# --- where it is kept ---


def lab(folder: Path) -> Path:
    file = folder / "lab.toml"
    file.write_text(SIMULATED.replace('name = "simulated"', 'name = "lab"'), "utf-8")
    return file


def test_the_command_keeps_its_result_beside_the_rig_and_with_every_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig_file = lab(tmp_path)
    before = rig_file.read_bytes()
    command = ["calibrate", str(rig_file), "--grid", "2x2", "--latitude", "52.5", "--json"]
    assert run(command) == 0
    document = json.loads(capsys.readouterr().out)
    beside = tmp_path / "lab.calibration.toml"
    assert document["file"] == str(beside) and rig_file.read_bytes() == before
    assert [one["verdict"] for one in document["plates"]] == ["ok", "ok"]
    rig = rigs.load(rig_file)
    assert [one.plate for one in rig.calibration_checks] == ["left", "right"]
    again = rigs.loads(rig.text)  # one text says all
    assert again.plates == rig.plates and again.calibration_checks == rig.calibration_checks
    trial = hd.record(rig_file, test="dj", seconds=0.2)
    hd.save(tmp_path / "t.h5", trial)
    told = plate_checks(hd.read(tmp_path / "t.h5"))
    assert [one.level for one in told] == ["info", "info"]
    assert f"checked on {dt.date.today()}, within 0." in told[0].message
    run(["check", str(tmp_path / "t.h5")])
    assert "calibration checked on" in " ".join(capsys.readouterr().out.split())
    assert run(["report", str(tmp_path / "t.h5"), "--out", str(tmp_path / "pages")]) in (0, 1)
    [page] = (tmp_path / "pages").glob("*.html")
    assert "Plate left: calibration checked on" in page.read_text("utf-8")
    # a second check replaces the first, which is kept
    assert run([*command[:-1], "--plate", "left"]) == 0
    assert [one.plate for one in rigs.load(rig_file).calibration_checks] == ["right", "left"]
    assert len(list(tmp_path.glob("lab.calibration.*.toml"))) == 1


def test_from_readings_a_bad_plate_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig_file, file = lab(tmp_path), tmp_path / "r.csv"
    file.write_text(checkplan.to_csv(taken(gain=1.02, noise=0.2)), "utf-8")
    command = ["calibrate", str(rig_file), "--from", str(file), "--g", "9.81"]
    assert run([*command, "--dry-run"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "beyond" in told and "multiply its N/V (or matrix, or rated load) by 0.980" in told
    assert not (tmp_path / "lab.calibration.toml").exists()
    assert run([*command, "--out", str(tmp_path / "nowhere" / "x.toml")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_an_example_rig_is_never_written_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["calibrate", "simulated", "--grid", "1x1", "--plate", "left"]) in (0, 1)
    assert (tmp_path / "simulated.calibration.toml").is_file()
    assert not (rigs.FOLDER / "simulated.calibration.toml").exists()


def test_a_plan_can_be_shown_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate", "simulated", "--show-plan", "--plate", "left"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 46


@pytest.mark.parametrize(
    ("text", "told"),
    [("[[calibration_checks]]\nplate = 'left'\n", "calibration check 1"), ("name = 'x'\n", "name"), ("[[", "no TOML")],
)
def test_a_broken_file_beside_is_named(tmp_path: Path, text: str, told: str) -> None:
    rig_file = lab(tmp_path)
    (tmp_path / "lab.calibration.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=told) as caught:
        rigs.load(rig_file)
    assert "lab.calibration.toml" in str(caught.value) and "\n" not in str(caught.value)


def stored(plate: PlateFacts = LEFT, date: dt.date = dt.date(2026, 3, 1), **errors: float) -> checkfile.CheckFacts:
    return checkfile.facts_of(examined(taken(noise=0.2, **errors)), plate, date=date, iso_class="0.5",  # type: ignore[arg-type]
                              masses="m3", gravity="9.81 m/s², given", software="hipdrive")  # fmt: skip


def test_what_a_trial_says_of_its_plates() -> None:
    def said(check: checkfile.CheckFacts | None, day: dt.date) -> checkfile.Told:
        return checkfile.tell([LEFT], [] if check is None else [check], day)[0]

    day = dt.date(2026, 11, 27)
    assert said(stored(), day).level == "info" and "2026-03-01, within 0.2 % up to 589 N" in said(stored(), day).message
    assert "never checked" in said(None, day).message
    old = said(stored(), dt.date(2027, 3, 2))
    assert old.level == "warn" and "more than 12 months" in old.message and old.remedy
    assert said(stored(), dt.date(2027, 3, 1)).level == "info"
    bad = said(stored(gain=1.03), day)
    assert bad.level == "warn" and "gain beyond the limit" in bad.message
    changed = LEFT.model_copy(update={"newton_per_volt": dict.fromkeys(("fx", "fy", "fz"), 990.0)})
    told = checkfile.tell([changed], [stored()], day)[0]
    assert told.level == "warn" and "changed since" in told.message
    assert checkfile.fingerprint(LEFT.model_copy(update={"serial": "x"})) == checkfile.fingerprint(LEFT)


def test_a_check_survives_its_file(tmp_path: Path) -> None:
    check = stored(gain=1.01, tilt=0.001)
    again = checkfile.loads(checkfile.to_toml([check]), "x")[0]
    assert again.plate == check.plate and again.date == check.date and again.verdict == check.verdict
    assert again.gain == pytest.approx(check.gain, rel=1e-6)
    assert {name: one.verdict for name, one in again.figures.items()} == {
        n: o.verdict for n, o in check.figures.items()
    }
    file = tmp_path / "a.calibration.toml"
    assert checkfile.write(file, [check]) is None
    older = checkfile.write(file, [stored(date=dt.date(2026, 4, 1))])
    assert older is not None and older.name == "a.calibration.2026-03-01.toml"
    assert checkfile.loads(older.read_text("utf-8"), older) == (again,)
    assert {one.name for one in tmp_path.iterdir()} == {file.name, older.name}


# --- a person in the terminal ---


class Terminal(io.StringIO):
    """Somebody types here."""

    def isatty(self) -> bool:
        return True


def test_a_person_is_told_what_goes_where_and_presses_enter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("\n\n"))
    ask = calibrating._Asker(rigs.load("simulated"), 45, waits=False)
    assert not ask(2, Step(plate="left", mass=20.0, x=0.1, y=-0.2))
    assert not ask(3, Step(plate="left", mass=0.0, x=0.1, y=-0.2))
    told = capsys.readouterr().err
    assert "2 of 45   plate left: 20 kg, 20 cm forward and 10 cm left of the middle   then press Enter" in told
    assert "plate left: empty" in told
    with pytest.raises(UsageError, match="nobody presses Enter"):
        ask(4, Step(plate="left", mass=0.0, x=0.1, y=-0.2))
    assert calibrating._Asker(rigs.load("simulated"), 45, waits=True)(1, Step(plate="left", mass=0.0, x=0.0, y=0.0))


def test_after_enter_the_next_second_is_read_whatever_the_plate_shows() -> None:
    """Half the sensitivity: by itself that is no mass of the plan, but a person says that it lies there. What lay on
    the plate before Enter, still as it was, is not taken for it."""
    rig, clock = rigs.load("simulated"), ManualClock()
    steps = [Step(plate="left", mass=mass, x=0.0, y=0.0) for mass in (0.0, 20.0, 40.0, 20.0, 0.0)]
    sources, _ = loaded(rig, steps, HERE, errors={"left": Errors(gain=0.5)}, clock=clock)

    class Slow(Loading):
        """Time passes while it waits."""

        def _fetch(self) -> None:
            until(self.recorder.seconds + 0.1)
            super()._fetch()

    def until(seconds: float) -> None:
        clock.advance(max(0.0, seconds - recorder.seconds))
        end = time.monotonic() + 20.0
        while recorder.seconds < seconds - 1e-9:
            assert time.monotonic() < end
            time.sleep(0.0005)

    def ask(number: int, step: Step) -> bool:
        until(EMPTY + (MOVE + LIE) * number - LIE + 0.2)
        return False

    with Recorder(rig, sources) as recorder:
        readings = list(Slow(recorder, steps, HERE).readings(ask))
    assert examined(readings).gain == pytest.approx(0.5, abs=2e-3)
    assert [round(one.force, 0) for one in readings[1:3]] == [98.0, 196.0]


def test_readings_in_another_unit_are_no_error_of_a_plate(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Kilograms, or newtons times a hundred: refused in a sentence, and nothing is kept beside the rig."""
    monkeypatch.chdir(tmp_path)
    for factor in (1.0 / 9.80665, 100.0):
        rows = [f"left,{kg},0,0,{kg * 9.80665 * factor}" for kg in (0, 20, 40)]
        (tmp_path / "r.csv").write_text("plate,mass_kg,x_m,y_m,force_n\n" + "\n".join(rows) + "\n")
        assert cli.run(["calibrate", "simulated", "--from", "r.csv"]) == 2
        assert "something is in another unit or of another plate" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["r.csv"]
    (tmp_path / "r.csv").write_text("plate,mass_kg,x_m,y_m,force_n\nmiddle,20,0,0,196\n")
    assert cli.run(["calibrate", "simulated", "--from", "r.csv"]) == 2
    assert "r.csv: line 2: rig 'simulated' has no plate 'middle'" in capsys.readouterr().err
