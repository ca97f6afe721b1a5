"""Profiles: every shipped file loads, errors are one sentence, and a rule moves its event the way it must."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.profile import FOLDER, PROFILES, RULES, Profile, load_profile
from hipdrive.errors import ProfileError, UsageError
from hipdrive.results import Results


def measured(profile: str = "hipdrive", seed: int = 1, test: str = "cmj", **parameters: object) -> Results:
    trial = simulate(test, seed=seed, noise=1.0)
    return analyse(trial, profile=profile, parameters=parameters).reps[0]


# --- files ---


@pytest.mark.parametrize("name", PROFILES)
def test_every_shipped_profile_loads_under_its_own_name(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert set(profile.parameters()) == {f.name for f in fields(Profile)} - {"name"}


def test_no_profile_file_is_forgotten() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(PROFILES)
    assert PROFILES[0] == "hipdrive"


def test_the_default_file_says_nothing_that_the_defaults_do_not() -> None:
    assert load_profile("hipdrive") == Profile()


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_every_profile_analyses_every_test(name: str, test: str) -> None:
    for seed in range(3):
        trial = simulate(test, seed=seed)
        assert trial.truth is not None
        analysis = analyse(trial, profile=name)
        assert analysis.profile == name and len(analysis.reps) == 1
        height = analysis.reps[0]["jump_height_ft"]
        assert height.value == pytest.approx(trial.truth["jump_height_ft"], abs=0.02)
        assert analysis.provenance["parameters"] == load_profile(name).parameters()


def test_a_file_of_ones_own_changes_only_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text('name = "our lab"\nnote = "since 2024"\nonset_sds = 8\nweigh_max = 2.0\n', encoding="utf-8")
    profile = load_profile(file)
    assert (profile.name, profile.onset_sds, profile.weigh_max) == ("our lab", 8.0, 2.0)
    assert profile.parameters() == Profile(onset_sds=8.0, weigh_max=2.0).parameters()


def test_a_base_is_taken_over_and_overruled(tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    file.write_text('base = "fixed_20n"\ntakeoff_fixed = 10\n', encoding="utf-8")
    profile = load_profile(str(file))
    base = load_profile("fixed_20n")
    assert profile.name == "strict"
    assert (profile.takeoff_fixed, profile.contact_fixed) == (10.0, base.contact_fixed)
    assert profile.edge_rule == base.edge_rule == "threshold"


# --- errors ---


def refused(**parameters: object) -> str:
    with pytest.raises(ProfileError) as error:
        load_profile("hipdrive", parameters)
    assert isinstance(error.value, UsageError) and "\n" not in str(error.value)
    return str(error.value)


def test_an_unknown_parameter_is_met_with_the_one_that_was_meant() -> None:
    assert "did you mean onset_sds" in refused(onset_sd=4)
    assert "did you mean weigh_max" in refused(weigh_maxi=4)
    assert "zzz" in refused(zzz=1)


@pytest.mark.parametrize("value", ["six", "", "nan", "inf", None, True, [1]])
def test_a_parameter_that_is_no_number_is_refused(value: object) -> None:
    message = refused(onset_sds=value)
    assert "onset_sds" in message and "give a number" in message


def test_a_rule_that_does_not_exist_is_met_with_those_that_do() -> None:
    message = refused(onset_rule="magic")
    assert all(rule in message for rule in RULES["onset_rule"])


def test_set_takes_text_as_the_command_line_gives_it() -> None:
    profile = load_profile("hipdrive", {"onset_sds": "6", "g": "9.81", "edge_rule": "threshold"})
    assert (profile.onset_sds, profile.g, profile.edge_rule) == (6.0, 9.81, "threshold")
    assert load_profile("hipdrive").onset_sds == 5.0, "and leaves the profile itself alone"


def test_an_unknown_profile_is_met_with_those_there_are() -> None:
    with pytest.raises(ProfileError) as error:
        load_profile("hipdrve")
    assert all(name in str(error.value) for name in PROFILES) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("onset_sds = = 4", "cannot be read"),
        ("onset_sds = 'many'", "give a number"),
        ("speed = 4", "no parameter"),
        ("onset_rule = 'guess'", "back_shift"),
    ],
)
def test_a_broken_file_is_named_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as error:
        load_profile(file)
    assert "broken.toml" in str(error.value) and said in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.toml"):
        load_profile(tmp_path / "nowhere.toml")


def test_several_profiles_beside_one_another() -> None:
    """One recording under every profile: the spread of a height is millimetres, that of a time tens of ms."""
    heights, times = [], []
    for name in PROFILES:
        rep = measured(name)
        heights.append(rep["jump_height_tov"].value)
        times.append(rep["time_to_takeoff"].value)
    assert 0.0005 < np.ptp(heights) < 0.02
    assert 0.010 < np.ptp(times) < 0.15


# --- what a rule does ---


@pytest.mark.parametrize(("low", "high"), [(5.0, 20.0), (10.0, 50.0), (20.0, 60.0)])
def test_a_higher_threshold_finds_take_off_earlier_and_touchdown_later(low: float, high: float) -> None:
    for seed in range(5):
        one, two = (
            measured("fixed_20n", seed, takeoff_fixed=force, contact_fixed=force).events for force in (low, high)
        )
        assert two["takeoff"].t < one["takeoff"].t
        assert two["touchdown"].t > one["touchdown"].t
        assert one["takeoff"].t - two["takeoff"].t < 0.01


def test_a_higher_threshold_shortens_a_contact() -> None:
    """METRICS.md 5: 10 to 50 N moves contact time by 2 to 8 ms, nearly all at take-off."""
    for seed in range(5):
        one, two = (
            measured("fixed_20n", seed, "dj", takeoff_fixed=f, contact_fixed=f)["contact_time"].value
            for f in (10.0, 50.0)
        )
        assert 0.0005 < one - two < 0.010


def test_the_corner_lies_outside_the_crossing() -> None:
    """METRICS.md 1: up to 3 ms after a 10 N take-off, within 1 ms of the touchdown, and a lower height."""
    for seed in range(6):
        corner = measured("hipdrive", seed)
        crossing = measured("hipdrive", seed, edge_rule="threshold")
        assert 0.0 < corner.events["takeoff"].t - crossing.events["takeoff"].t < 0.004
        assert abs(corner.events["touchdown"].t - crossing.events["touchdown"].t) < 0.001
        assert corner["jump_height_tov"].value < crossing["jump_height_tov"].value


def test_onset_rules_in_their_order() -> None:
    """Back-shift before backtrack before the crossing itself; more SDs, a later crossing."""
    for seed in range(6):
        shift, back, cross = (
            measured("hipdrive", seed, onset_rule=rule).events["onset"].t
            for rule in ("back_shift", "backtrack", "threshold")
        )
        assert shift < cross and back <= cross
        assert cross - shift == pytest.approx(0.030, abs=1e-9)
        early, late = (measured("hipdrive", seed, onset_floor=f)["time_to_takeoff"].value for f in (10.0, 40.0))
        assert late < early


def test_the_lowest_second_weighs_less_and_jumps_higher() -> None:
    """METRICS.md 1: choosing the window by its mean biases weight low and height high."""
    weights, jumps = [], []
    for rule in ("last_quiet", "lowest_mean"):
        trials = [simulate("cmj", seed=s, sway=3.0, quiet=4.0) for s in range(20)]
        table = analyse_many(trials, test="cmj", parameters={"weigh_rule": rule, "weigh_max": 1.0})
        weights.append(np.nanmedian(table["system_weight"]))
        jumps.append(np.nanmean(table["jump_height_tov"]))
    assert weights[1] < weights[0] and jumps[1] > jumps[0]


def test_a_threshold_profile_says_that_it_may_be_late() -> None:
    """METRICS.md 20: the crossing's one-sided error widens u95."""
    corner, crossing = measured("hipdrive"), measured("fixed_20n")
    assert crossing.events["takeoff"].u95 > corner.events["takeoff"].u95
    assert crossing["flight_time"].u95 > corner["flight_time"].u95


def test_propulsion_starts_later_under_mcmahon_2018() -> None:
    plain, later = measured("hipdrive"), measured("mcmahon2018")
    assert later.events["zero_velocity"].t > plain.events["zero_velocity"].t
