"""Loaded jumps keep system and body apart; an arm swing is told wherever numbers are shown."""

import csv
import io
from pathlib import Path

import pytest

from hipdrive import cli
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.registry import METRICS, metrics_for
from hipdrive.trial import Trial


def loaded(test: str, body: float, load: float, seed: int = 1) -> Trial:
    """A jump whose plate sees body and load together."""
    return simulate(test, seed=seed, mass=body + load).with_facts(load=load)


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_system_and_body_are_kept_apart(test: str) -> None:
    rep = analyse(loaded(test, 70.0, 20.0)).reps[0]
    plain = analyse(simulate(test, seed=1, mass=90.0)).reps[0]
    assert rep["system_mass"].value == pytest.approx(90.0, rel=2e-3)
    assert rep["body_mass"].value == pytest.approx(rep["system_mass"].value - 20.0, abs=1e-9)
    assert rep["system_weight"].value == plain["system_weight"].value
    for metric in metrics_for(test):
        mine, theirs = rep[metric.name], plain[metric.name]
        if metric.method == "over_mass":
            ratio = plain["system_mass"].value / rep["body_mass"].value
            assert mine.value == pytest.approx(theirs.value * ratio, rel=1e-9), metric.name
            assert mine.method == "over_body_mass" and theirs.method == "over_mass"
            assert METRICS[metric.name].unit.endswith("kg")
        elif metric.name != "body_mass" and theirs.code is None:
            # movement, forces and multiples of the weight are the system's
            assert mine.value == theirs.value, metric.name


def test_a_given_mass_is_that_of_the_body() -> None:
    rep = analyse(loaded("cmj", 70.0, 20.0).with_facts(mass=70.0))
    assert not [f for f in rep.quality if f.check == "given_mass" and f.level == "warn"]
    wrong = analyse(loaded("cmj", 70.0, 20.0).with_facts(mass=90.0))
    assert [f for f in wrong.quality if f.check == "given_mass" and f.level == "warn"]


@pytest.mark.parametrize(("load", "code"), [(75.0, "bad_load"), (400.0, "bad_load"), (60.0, None)])
def test_a_load_that_leaves_no_person_is_refused_and_told(load: float, code: str | None) -> None:
    analysis = analyse(simulate("cmj", seed=1, mass=95.0).with_facts(load=load))
    rep = analysis.reps[0]
    assert rep["body_mass"].code == rep["peak_power_rel"].code == code
    assert rep["jump_height_tov"].code is None and rep["system_mass"].code is None
    warned = [f for f in analysis.quality if f.check == "load" and f.level == "warn"]
    assert bool(warned) == (code is not None)
    if warned:
        assert "--load" in warned[0].remedy


def test_more_than_anybody_carries_is_told() -> None:
    analysis = analyse(loaded("cmj", 40.0, 130.0))
    assert [f for f in analysis.quality if f.check == "load" and f.level == "warn"]
    assert analysis.reps[0]["body_mass"].value == pytest.approx(40.0, abs=0.5)


def test_rows_with_and_without_a_load_in_one_batch() -> None:
    trials = [simulate("cmj", seed=1, mass=90.0), loaded("cmj", 70.0, 20.0)]
    table = analyse_many(trials, test="cmj")
    for i, trial in enumerate(trials):
        rep = analyse(trial).reps[0]
        for name in ("peak_power_rel", "body_mass", "mean_braking_force_per_kg", "propulsive_net_impulse_rel"):
            assert table[name][i] == rep[name].value


# --- where it is told ---


@pytest.fixture
def jump(tmp_path: Path) -> Path:
    file = tmp_path / "jump.csv"
    assert cli.run(["simulate", "cmj", str(file), "--seed", "1"]) == 0
    return file


def test_table_page_and_csv_tell_arms_and_load(jump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ["--test", "cmj", "--arms", "--load", "20"]
    assert cli.run(["analyse", str(jump), *said]) == 0
    assert "arm swing, load 20 kg" in " ".join(capsys.readouterr().out.split())
    assert cli.run(["report", str(jump), *said, "--out", str(tmp_path)]) == 0
    page = (tmp_path / "jump.html").read_text(encoding="utf-8")
    assert "<span>arm swing</span>" in page and "<span>load 20 kg</span>" in page
    capsys.readouterr()
    assert cli.run(["analyse", str(jump), *said, "--csv"]) == 0
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert row["arms"] == "true" and row["load"] == "20.0"


def test_arms_and_load_of_a_trial_file_reach_the_columns(
    jump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not said on this command line, but known: whoever averages rows can tell them apart."""
    file = tmp_path / "jump.h5"
    assert cli.run(["convert", str(jump), "--to", "h5", "--out", str(file), "--test", "cmj", "--arms",
                    "--load", "10"]) == 0  # fmt: skip
    capsys.readouterr()
    assert cli.run(["analyse", str(file), str(jump), "--test", "cmj", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["arms"], row["load"]) for row in rows] == [("true", "10.0"), ("false", "0.0")]


def test_provenance_keeps_them() -> None:
    about = analyse(simulate("cmj", seed=1).with_facts(arms=True, load=15.0)).provenance
    assert about["arms"] is True and about["load_kg"] == 15.0
