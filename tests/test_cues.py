"""Faults and cues: three answers by the interval, the own baseline first, one cue, a table that a coach edits."""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import moving_bodies as bodies
import numpy as np
import pytest
from rich.console import Console

import hipdrive as hd
from hipdrive import cli
from hipdrive.analysis.cues import Advice, advice
from hipdrive.analysis.cuetable import CueTable, default, load
from hipdrive.analysis.registry import METRICS, load_builtin
from hipdrive.errors import UsageError
from hipdrive.report import drive, driveplot, html
from hipdrive.report.table import trial_view
from hipdrive.results import Analysis, Columns, Event, Results
from hipdrive.trial import Track

load_builtin()


def made(
    *reps: Mapping[str, tuple[float, float]], test: str = "dj", hip: str = "trunk_thigh", arms: bool = False
) -> Analysis:  # fmt: skip
    """An analysis whose repetitions have these numbers: field -> value and u95; NaN is missing."""
    names = list(dict.fromkeys(name for rep in reps for name in rep))
    table = np.array([[rep.get(name, (math.nan, math.nan)) for rep in reps] for name in names])
    codes = {n: np.where(np.isnan(table[i, :, 0]), "slow_peak", "").astype(object) for i, n in enumerate(names)}
    columns = Columns(
        values={n: table[i, :, 0] for i, n in enumerate(names)}, u95={n: table[i, :, 1] for i, n in enumerate(names)},
        units={n: METRICS[n].unit for n in names}, methods=dict.fromkeys(names, ""), codes=codes,
    )  # fmt: skip
    events = MappingProxyType({"takeoff": Event(1.0)})
    results = tuple(Results(columns, i, i + 1, test, "ok", None, events) for i in range(len(reps)))
    return Analysis(file="x", test=test, detected=False, profile="hipdrive", status="ok", why=None, quality=(),
                    reps=results, summary={}, provenance={"arms": arms}, motion={"hip_angle": hip})  # fmt: skip


def answers(analysis: Analysis, table: CueTable | None = None) -> dict[str, str]:
    found = advice(analysis, table or default())
    assert isinstance(found, Advice)
    return {one.fault.name: one.answer for one in found.found}


@pytest.mark.parametrize(
    ("value", "u95", "answer"),
    [(0.300, 0.004, "shown"), (0.252, 0.004, "not_resolved"), (0.248, 0.004, "not_resolved"), (0.2, 0.004, "not_shown"),
     (0.3, math.nan, "not_resolved"), (math.nan, math.nan, "missing")],
)  # fmt: skip
def test_the_interval_decides_between_the_answers(value: float, u95: float, answer: str) -> None:
    assert answers(made({"contact_time": (value, u95)}))["long_contact"] == answer


def test_the_hip_counts_against_the_athletes_own_standing() -> None:
    """165 at take-off: short of 175 where the athlete stands at 185, not where it stands at 172."""
    low = {"hip_extension_at_toeoff": (165.0, 3.0)}
    assert answers(made(low))["hip_not_finished"] == "shown"
    assert answers(made(low | {"hip_standing_angle": (185.0, 3.0)}))["hip_not_finished"] == "shown"
    assert answers(made(low | {"hip_standing_angle": (172.0, 0.5)}))["hip_not_finished"] == "not_resolved"
    assert answers(made(low | {"hip_standing_angle": (168.0, 0.5)}))["hip_not_finished"] == "not_shown"
    assert answers(made(low, hip="pelvis_thigh"))["hip_not_finished"] == "missing"


def test_the_doubt_of_the_standing_angle_counts_too() -> None:
    near = {"hip_extension_at_toeoff": (168.0, 3.0), "hip_standing_angle": (182.0, 4.0)}
    assert answers(made(near))["hip_not_finished"] == "not_resolved"  # 4 short of 172, in doubt by 5


def test_peaks_of_single_trials_are_never_cued() -> None:
    late = {"hip_knee_delay": (-0.04, 0.005), "onset_sequence_hip_knee": (0.03, 0.01)}
    one = advice(made(late), default())
    assert one is not None and one.cue is None
    assert answers(made(late))["hip_after_knee"] == "not_shown"
    five = made(*[{**late, "hip_knee_delay": (-0.04 + 0.001 * i, 0.005)} for i in range(5)])
    assert answers(five)["hip_after_knee"] == "shown"
    found = advice(five, default())
    assert found is not None and found.cue is not None
    assert found.cue.fault.cue == "hips first, then push the floor away"


def test_the_first_fault_gives_the_cue_and_only_one() -> None:
    both = made({"contact_time": (0.4, 0.004), "onset_sequence_hip_knee": (-0.05, 0.01)})
    found = advice(both, default())
    assert found is not None and found.cue is not None and found.cue.fault.name == "hip_after_knee"
    assert sum(one.answer == "shown" for one in found.found) == 2
    text = json.dumps(drive.entry(both))
    assert json.loads(text)["hip_drive"]["cue"]["evidence"][0]["metric"] == "onset_sequence_hip_knee"


def test_a_straight_hip_that_drifts_on_is_no_fault() -> None:
    drifts = {"peak_hip_extension_toeoff_lag": (0.12, 0.01), "hip_extension_at_toeoff": (179.0, 2.0)}
    assert answers(made(drifts))["hip_late"] == "not_shown"
    bent = {"peak_hip_extension_toeoff_lag": (0.12, 0.01), "hip_extension_at_toeoff": (165.0, 2.0)}
    assert answers(made(bent))["hip_late"] == "shown"


def test_arms_are_looked_at_in_jumps_with_arms() -> None:
    late = {"arm_swing_lag": (0.2, 0.01)}
    assert "arms_out_of_time" not in answers(made(late))
    assert answers(made(late, arms=True))["arms_out_of_time"] == "shown"


def test_both_sides_of_a_limit_count() -> None:
    for value, answer in ((-0.09, "shown"), (0.0, "not_shown"), (0.09, "shown"), (0.051, "not_resolved")):
        assert answers(made({"drop_height_error": (value, 0.004)}))["stepping_down"] == answer


def test_without_motion_there_is_what_forces_tell() -> None:
    found = advice(hd.analyse(hd.simulate("dj", seed=1)), default())
    assert found is not None
    assert {one.fault.name for one in found.found} == {"long_contact", "stepping_down", "hard_landing"}
    assert all(one.answer != "missing" for one in found.found)
    assert advice(hd.analyse(hd.simulate("balance", seed=1)), default()) is None  # no fault of standing is known


def test_numbers_without_a_limit_are_told_beside_the_evidence() -> None:
    found = advice(hd.analyse(hd.simulate("dj", seed=1)), default())
    assert found is not None
    beside = {one.fault.name: dict(one.beside) for one in found.found}
    assert {"landing_rate_2080", "landing_depth", "time_to_stabilisation"} >= set(beside["hard_landing"]) > set()
    assert beside["long_contact"]["ssc_class"].label in ("fast", "slow")
    assert "contact_displacement" in beside["long_contact"]
    entry = drive.entry(hd.analyse(hd.simulate("dj", seed=1)))
    assert "hip_drive" not in entry
    told = {one["fault"]: [number["metric"] for number in one["beside"]] for one in entry["advice"]["faults"]}
    assert told["long_contact"] == list(beside["long_contact"])


# --- the table ---


def test_every_fault_of_ours_is_whole() -> None:
    for fault in default().faults:
        assert fault.fault and fault.cue and fault.work and fault.source and fault.tests and fault.evidence
        for one in fault.evidence:
            metric = METRICS[one.field.removeprefix("asym_")]
            assert metric.sides or not one.field.startswith("asym_")
            assert fault.tests <= metric.tests


def own(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_coachs_limit_and_words_replace_ours(tmp_path: Path) -> None:
    text = '[long_contact]\ncue = "quick"\nevidence = [{ above = 0.35 }]\n[hip_late]\nshown = false\n'
    table = load(own(tmp_path, text))
    assert answers(made({"contact_time": (0.3, 0.004)}), table)["long_contact"] == "not_shown"
    assert answers(made({"contact_time": (0.4, 0.004)}), table)["long_contact"] == "shown"
    assert "hip_late" not in answers(made({"contact_time": (0.3, 0.004)}), table)
    kept = {one.name: one for one in default().faults}
    assert [one.name for one in table.faults] == list(kept)
    assert next(one for one in table.faults if one.name == "knees_collapse") == kept["knees_collapse"]


WRONG = {
    "a fault nobody knows": ("[long_contcat]\nshown = false\n", "did you mean long_contact"),
    "a key nobody knows": ("[long_contact]\nlimit = 3\n", "has no 'limit'"),
    "a key of the evidence": ("[long_contact]\nevidence = [{ abov = 0.3 }]\n", "did you mean above"),
    "milliseconds": ("[long_contact]\nevidence = [{ above = 250 }]\n", "makes no sense"),
    "a text for a limit": ('[long_contact]\nevidence = [{ above = "long" }]\n', "give a number"),
    "a number of another fault": ('[long_contact]\nevidence = [{ field = "fppa", above = 9 }]\n', "not one of them"),
    "limits that cross": ("[stepping_down]\nevidence = [{ below = 0.2, above = 0.1 }]\n", "first less than"),
    "a test nobody knows": ('[long_contact]\ntests = ["long jump"]\n', "tests must be"),
    "a flag of another kind": ("[long_contact]\nshown = 1\n", "true or false"),
    "an essay": (f'[long_contact]\ncue = "{"x" * 400}"\n', "at most"),
    "no table": ("long_contact = 3\n", "is no table"),
    "no TOML": ("[long_contact\n", "cannot be read"),
    "a standing value nobody knows": (
        '[hip_not_finished]\nevidence = [{ from = "hip_standing_angel" }]\n',
        "did you mean hip_standing_angle",
    ),
    "infinity": ("[long_contact]\nevidence = [{ above = inf }]\n", "give a number"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_nonsense_is_one_sentence(name: str, tmp_path: Path) -> None:
    text, told = WRONG[name]
    with pytest.raises(UsageError, match=r"mine\.toml") as why:
        load(own(tmp_path, text))
    assert told in str(why.value) and "\n" not in str(why.value)


def test_the_command_prints_the_table_and_refuses_nonsense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert cli.run(["cues"]) == 0
    told = capsys.readouterr().out
    for fault in default().faults:
        assert fault.name in told and fault.cue in told and fault.source in told
    assert "Contact time above 250 ms  [contact_time]" in told
    assert cli.run(["cues", str(own(tmp_path, "[nobody]\n"))]) == 2
    assert "no fault 'nobody'" in capsys.readouterr().err
    assert cli.run(["analyse", "x.csv", "--cues", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


# --- what people see ---


def jump(name: str = "camera") -> hd.Trial:
    trial = hd.simulate("cmj", seed=1)
    takeoff = hd.analyse(trial).reps[0].events["takeoff"].t
    body = bodies.motion(noise=0.3)
    names = tuple(body.angles)
    values = np.array([body.angles[n] for n in names]).T[:, :, None]
    track = Track(name=name, kind="angles", times=body.times, values=values, names=names, unit="deg")
    return trial.with_facts(tracks=(track,), clocks={name: hd.ClockMap(offset=takeoff - 1.76)})


def test_table_report_and_picture_show_hip_drive_and_escape_names() -> None:
    trial = jump("<script>alert(1)</script>")
    analysis = hd.analyse(trial, parameters={"motion_copies": 40.0})
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(trial_view(analysis))
    told = console.export_text()
    assert "Hip drive" in told and "ms from take-off" in told and "Order:" in told
    page = html.page([(trial, analysis)])
    assert '<section class="drive">' in page and "<script>" not in page
    assert "What a coach looks for" in page and page.count("<svg") >= 2
    svg = driveplot.repetition(trial, analysis, analysis.reps[0])
    assert svg is not None
    for word in ("force, N", "angle, °", "extension, °/s", "time, s", ">hip<", ">knee<", ">ankle<", "take-off"):
        assert word in svg
    bare = hd.simulate("cmj", seed=1)
    assert '<section class="drive">' not in html.page([(bare, hd.analyse(bare))])


def test_a_missing_number_is_told_with_its_reason() -> None:
    found = drive.of(made({"contact_time": (0.2, 0.004), "onset_sequence_hip_knee": (math.nan, math.nan)}))
    assert found is not None
    first = found.found[0].evidence[0]
    assert "no clear peak" in drive.against(first)
    assert drive.against(found.found[0].evidence[1]).startswith("Hip to knee, fastest: ")


def test_the_table_is_short_and_whole_with_all_and_names_what_was_not_used() -> None:
    trial = jump()
    other = replace(trial.tracks[0], name="second.mot")
    trial = trial.with_facts(tracks=(*trial.tracks, other), clocks=trial.clocks)
    analysis = hd.analyse(trial, parameters={"motion_copies": 40.0})
    short, whole = (printed(analysis, everything=everything) for everything in (False, True))
    assert "second.mot" in short and "Not used" in short
    found = drive.of(analysis)
    assert found is not None
    counted = sum(one.answer == "missing" and one is not found.cue for one in found.found)
    assert counted and f"{counted} more cannot be told here" in short and "cannot be told  " not in short
    assert whole.count("cannot be told  ") == counted
    assert "joined by" not in short


def printed(analysis: hd.Analysis, *, everything: bool) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(trial_view(analysis, everything=everything))
    return console.export_text()
