"""METRICS.md 17: the low-pass of a copy, its correction and edges, named in the result; off by default."""

import math
from pathlib import Path

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.filtering import design_cutoff, filtered, lowpass
from hipdrive.analysis.profile import Profile, load_profile
from hipdrive.errors import UsageError

RATE = 4000.0
"""Hz: so fast that the digital filter is the analogue one of the catalogue."""


def gain(profile: Profile, frequency: float) -> float:
    """How much of a sine comes through, in the middle of a long record."""
    t = np.arange(32000) / RATE
    out = lowpass(np.sin(2 * np.pi * frequency * t), RATE, profile)
    return float(out[12000:20000].std() / np.sin(2 * np.pi * frequency * t)[12000:20000].std())


def test_the_corrected_cutoff_is_where_half_of_the_power_is_left() -> None:
    """METRICS.md 17: without the correction, both passes together are 3 dB down at 0.80 of f already."""
    corrected = Profile(lowpass_cutoff=50.0)
    assert gain(corrected, 50.0) == pytest.approx(math.sqrt(0.5), rel=5e-3)
    assert design_cutoff(corrected) == pytest.approx(50.0 / 0.802, rel=1e-3)
    plain = Profile(lowpass_cutoff=50.0, cutoff_correction="off")
    assert gain(plain, 50.0) == pytest.approx(0.5, rel=5e-3)
    assert gain(plain, 0.802 * 50.0) == pytest.approx(math.sqrt(0.5), rel=1e-2)
    assert gain(corrected, 5.0) == pytest.approx(1.0, abs=1e-3) and gain(corrected, 250.0) < 0.01


def test_there_is_no_delay_and_no_step_at_the_edges() -> None:
    t = np.arange(8000) / RATE
    values = 800.0 + 300.0 * np.exp(-(((t - 1.0) / 0.05) ** 2)) + 40.0 * t
    out = lowpass(values, RATE, Profile(lowpass_cutoff=20.0))
    assert abs(int(out.argmax()) - int(values.argmax())) <= 1
    assert out[[0, -1]] == pytest.approx(values[[0, -1]], abs=0.5)
    rising = 800.0 + 4000.0 * t
    padded, bare = (lowpass(rising, RATE, Profile(lowpass_cutoff=20.0, edge_handling=edges))
                    for edges in ("odd_reflection", "none"))  # fmt: skip
    assert abs(padded[0] - rising[0]) < 0.1 < 5.0 < abs(bare[0] - rising[0])


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_unfiltered_is_the_default_and_says_so(test: str) -> None:
    trial = simulate(test, seed=1)
    assert load_profile("hipdrive").lowpass_cutoff == 0.0 and filtered(trial, Profile()) is trial
    analysis = analyse(trial)
    assert analysis.provenance["filter"] == "none"
    assert not any("lowpass" in value.method for value in analysis.reps[0].values())


@pytest.mark.parametrize("test", ["cmj", "sj", "dj"])
def test_a_filter_is_named_and_leaves_the_trial_alone(test: str) -> None:
    trial = simulate(test, seed=1)
    before = trial.fz.copy()
    analysis = analyse(trial, parameters={"lowpass_cutoff": 50})
    assert (trial.fz == before).all()
    assert "50 Hz" in analysis.provenance["filter"] and "zero lag" in analysis.provenance["filter"]
    assert all("lowpass 50 Hz" in value.method for value in analysis.reps[0].values())
    plain = analyse(trial).reps[0]
    # METRICS.md 17: it moves heights by some per cent, and the steepest slope down
    for name in ("jump_height_ft", "flight_time"):
        change = analysis.reps[0][name].value / plain[name].value - 1
        assert 0.0 < abs(change) < 0.05, name
    table = analyse_many([trial], parameters={"lowpass_cutoff": 50})
    assert table["jump_height_ft"][0] == analysis.reps[0]["jump_height_ft"].value


def test_a_filter_takes_noise_away_and_steepness() -> None:
    noisy = simulate("cmj", seed=1, noise=8.0)
    rough, smooth = (analyse(noisy, parameters={"lowpass_cutoff": f}).reps[0] for f in (0.0, 20.0))
    assert smooth["peak_rfd"].value < rough["peak_rfd"].value
    assert smooth["peak_landing_force"].value < rough["peak_landing_force"].value


def test_a_cutoff_that_the_rate_cannot_hold_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="stay below") as error:
        analyse(simulate("cmj", seed=1, rate=500.0), parameters={"lowpass_cutoff": 240})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("test", ["cmj", "sj"])
def test_integration_from_the_weighing_finds_the_same_movement_with_more_doubt(test: str) -> None:
    """METRICS.md 17, `integration_start`: longer integration, more drift; without noise the same numbers."""
    clean = simulate(test, seed=2, noise=0.0, offset=0.0)
    one, two = (analyse(clean, parameters={"integration_start": s}).reps[0] for s in ("onset", "weigh_start"))
    for name in ("jump_height_tov", "takeoff_velocity", "peak_power"):
        assert two[name].value == pytest.approx(one[name].value, rel=5e-3), name
    noisy = simulate(test, seed=2)
    one, two = (analyse(noisy, parameters={"integration_start": s}).reps[0] for s in ("onset", "weigh_start"))
    assert two["takeoff_velocity"].u95 > one["takeoff_velocity"].u95
    assert noisy.truth is not None
    assert abs(two["takeoff_velocity"].value - noisy.truth["takeoff_velocity"]) < 2 * two["takeoff_velocity"].u95


def test_the_slope_window_has_the_name_of_the_catalogue_too(tmp_path: Path) -> None:
    trial = simulate("cmj", seed=1)
    one, two = (analyse(trial, parameters={name: 0.010}) for name in ("rfd_window", "differentiation_window"))
    assert one.reps[0]["peak_rfd"].value == two.reps[0]["peak_rfd"].value
    assert two.provenance["parameters"]["rfd_window"] == 0.010
    file = tmp_path / "lab.toml"
    file.write_text("differentiation_window = 0.010\n", encoding="utf-8")
    assert load_profile(file).rfd_window == 0.010
