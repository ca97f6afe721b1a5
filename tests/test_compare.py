"""Several profiles side by side: the spread by hand, repetitions that belong together, screen, JSON and page."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import cli
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.compare import compare, compared
from hipdrive.analysis.profile import PROFILES
from hipdrive.trial import Trial

TWO = ["--profile", "hipdrive", "--profile", "fixed_20n"]


@pytest.fixture
def jump(tmp_path: Path) -> Path:
    file = tmp_path / "jump.csv"
    assert cli.run(["simulate", "cmj", str(file), "--seed", "1"]) == 0
    return file


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_the_spread_is_the_largest_less_the_smallest(test: str) -> None:
    trial = simulate(test, seed=2)
    found = compare(trial)
    assert found.profiles == PROFILES and len(found.reps) == 1
    each = [analyse(trial, profile=name).reps[0] for name in PROFILES]
    for field, row in found.items():
        values = [rep[field].value for rep in each if math.isfinite(rep[field].value)]
        assert row.unit == each[0][field].unit
        if len(values) > 1 and row.unit not in ("bool", "class"):
            assert row.spread == pytest.approx(max(values) - min(values), abs=0)
            assert (row.low, row.high) == (min(values), max(values))
        else:
            assert math.isnan(row.spread)


def test_one_profile_has_no_spread_and_none_no_numbers() -> None:
    found = hd.compare(simulate("cmj", seed=1), ["hipdrive"])
    assert math.isnan(found["jump_height_tov"].spread) and found["jump_height_tov"].low > 0.2
    nothing = compare(Trial.from_forces(np.zeros((1, 3000)), 1000.0, test="cmj"))
    assert not nothing.reps and not list(nothing)
    with pytest.raises(KeyError):
        nothing["jump_height_tov"]


def test_repetitions_belong_together_by_their_time() -> None:
    """One profile that lacks the first jump does not move all others up by one."""
    jumps = [simulate("cmj", seed=s, quiet=3.0, mass=80.0, offset=0.0) for s in (1, 2)]
    trial = Trial.from_forces(np.concatenate([j.fz for j in jumps], axis=1), 1000.0, jumps[0].plates, test="cmj")
    both, later = analyse(trial), analyse(trial, profile="fixed_20n")
    assert len(both.reps) == len(later.reps) == 2
    found = compared([both, replace(later, reps=later.reps[1:])])
    assert len(found.reps) == 2
    assert found.reps[0].rows["jump_height_ft"].values[1] is None
    second = found.reps[1].rows["jump_height_ft"].values
    assert second[0] is not None and second[1] is not None
    assert abs(second[0].value - second[1].value) < 0.02


def test_the_screen_shows_one_table_of_the_profiles(jump: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["analyse", str(jump), "--test", "cmj", *TWO]) == 0
    told = capsys.readouterr().out
    head = told[told.index("under 2 profiles") :]
    assert "spread" in head and "Jump height " in head and "Time to take-off" in head
    line = next(one for one in head.splitlines() if "Time to take-off" in one)
    first, second, spread = (float(part) for part in line.split()[3:6])
    assert spread == pytest.approx(abs(first - second), abs=1.0)
    assert cli.run(["analyse", str(jump), "--test", "cmj"]) == 0
    assert "spread" not in capsys.readouterr().out


def test_json_keeps_an_entry_for_each_profile_and_adds_the_spread(
    jump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["analyse", str(jump), "--test", "cmj", *TWO, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["profile"] for one in document["trials"]] == ["hipdrive", "fixed_20n"]
    (one,) = document["spread"]
    heights = [t["reps"][0]["metrics"]["jump_height_tov"]["value"] for t in document["trials"]]
    assert one["metrics"]["jump_height_tov"]["spread"] == pytest.approx(max(heights) - min(heights))
    assert one["profiles"] == ["hipdrive", "fixed_20n"] and one["rep"] == 1
    assert cli.run(["analyse", str(jump), "--test", "cmj", "--json"]) == 0
    assert "spread" not in json.loads(capsys.readouterr().out)


def test_the_page_has_the_table(jump: Path, tmp_path: Path) -> None:
    assert cli.run(["report", str(jump), "--test", "cmj", *TWO, "--out", str(tmp_path)]) == 0
    page = (tmp_path / "jump.html").read_text(encoding="utf-8")
    assert "Countermovement jump under 2 profiles" in page and "<th>spread</th>" in page


# --- a folder analysed again under other rules keeps what there was ---


def test_two_runs_with_different_settings_stay_in_the_trial_file(tmp_path: Path) -> None:
    from hipdrive import store

    assert cli.run(["simulate", "cmj", str(tmp_path / "jump.h5"), "--seed", "1"]) == 0
    for floor in ("10", "40"):
        assert cli.run(["analyse", str(tmp_path), "--save", "--set", f"onset_floor={floor}"]) == 0
    found = store.runs(tmp_path / "jump.h5")
    assert [run.name for run in found] == ["hipdrive-001", "hipdrive-002"]
    assert [run.parameters["onset_floor"] for run in found] == [10.0, 40.0]
    assert all(run.profile == "hipdrive" and run.status in ("ok", "flagged") for run in found)
    times = [run.metrics[1, "time_to_takeoff"] for run in found]
    assert times[1] < times[0]


def test_a_growing_table_keeps_rows_of_old_settings(tmp_path: Path) -> None:
    import pandas as pd

    folder, table = tmp_path / "jumps", tmp_path / "team.csv"
    folder.mkdir()
    assert cli.run(["simulate", "cmj", str(folder / "jump.csv"), "--seed", "1"]) == 0
    for floor in ("10", "40", "10"):
        again = ["analyse", str(folder), "--test", "cmj", "--out", str(table), "--set", f"onset_floor={floor}"]
        assert cli.run(again) == 0
    rows = pd.read_csv(table)
    assert len(rows) == 2, "the third was there already"
    assert sorted(json.loads(s)["set"]["onset_floor"] for s in rows["settings"]) == ["10", "40"]
    assert rows["time_to_takeoff"].nunique() == 2
