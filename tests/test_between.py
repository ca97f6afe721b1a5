"""Numbers between tests, and the forms of asymmetry: by hand, from simulated truth, refused where half is missing."""

import math
from dataclasses import replace

import numpy as np
import pytest

import hipdrive as hd
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.asymmetry import asymmetry, direction_agreement, is_asymmetric, noise_band
from hipdrive.analysis.between import between_tests
from hipdrive.errors import UsageError
from hipdrive.results import Analysis


def analysed(test: str, seed: int, *, profile: str = "hipdrive", arms: bool = False, load: float = 0.0) -> Analysis:
    return analyse(simulate(test, seed=seed).with_facts(arms=arms, load=load), profile=profile)


def truth(test: str, seed: int, name: str = "jump_height_tov") -> float:
    held = simulate(test, seed=seed).truth
    assert held is not None
    return held[name]


# --- ratios of jumps ---


def test_ratios_are_those_of_the_best_true_heights() -> None:
    seeds = {"cmj": (1, 2, 3), "sj": (4, 5)}
    found = between_tests([analysed(test, seed) for test, some in seeds.items() for seed in some])
    best = {test: max(truth(test, seed) for seed in some) for test, some in seeds.items()}
    ratio = found["eccentric_utilisation_ratio"]
    assert ratio.value == pytest.approx(best["cmj"] / best["sj"], abs=3 * ratio.u95)
    assert 0.0 < ratio.u95 < 0.03
    gain = found["prestretch_augmentation"]
    assert gain.value == pytest.approx(100 * (ratio.value - 1)) and gain.unit == "%"


def test_arm_swing_is_set_beside_hands_on_hips_and_never_mixed_with_it() -> None:
    swung, still = analysed("cmj", 1, arms=True), analysed("cmj", 2)
    found = between_tests([swung, still, analysed("sj", 3)])
    expected = 100 * (truth("cmj", 1) / truth("cmj", 2) - 1)
    assert found["arm_swing_gain"].value == pytest.approx(expected, abs=1.0)
    alone = between_tests([swung, analysed("sj", 3)])
    assert alone["eccentric_utilisation_ratio"].code == "needs_cmj_and_sj"
    assert alone["arm_swing_gain"].code == "needs_arms_and_hips"


def test_a_loaded_jump_is_no_partner() -> None:
    found = between_tests([analysed("cmj", 1, load=20.0), analysed("sj", 3)])
    assert found["eccentric_utilisation_ratio"].code == "needs_cmj_and_sj"


def test_profiles_are_never_mixed() -> None:
    found = between_tests([analysed("cmj", 1), analysed("sj", 3, profile="fixed_20n")])
    assert found["eccentric_utilisation_ratio"].code == "mixed_profiles"


def test_the_optimal_drop_height_is_that_of_the_best_rsi() -> None:
    seeds = (1, 2, 3, 5)
    found = between_tests([analysed("dj", seed) for seed in seeds])["optimal_drop_height"]
    best = max(seeds, key=lambda seed: truth("dj", seed, "rsi_jh"))
    heights = [truth("dj", seed, "drop_height") for seed in seeds]
    assert np.ptp(heights) > 0.05
    assert found.value == pytest.approx(truth("dj", best, "drop_height"), abs=0.01)
    twice = between_tests([analysed("dj", 1), analysed("dj", 1), analysed("dj", 1)])["optimal_drop_height"]
    assert twice.code == "few_heights"


# --- force and velocity over loads ---


def loaded(load: float, force: float, velocity: float) -> Analysis:
    """An analysis whose mean propulsive force and velocity are given."""
    one = analysed("cmj", 1, load=load)
    columns = one.reps[0].columns
    values = {**columns.values, "mean_propulsive_force": np.array([force]),
              "mean_propulsive_velocity": np.array([velocity])}  # fmt: skip
    return replace(one, reps=(replace(one.reps[0], columns=replace(columns, values=values)),))


def test_a_line_over_loads_gives_back_the_line_it_was_made_of() -> None:
    f0, v0 = 3000.0, 3.5
    speeds = {0.0: 1.9, 10.0: 1.7, 20.0: 1.5, 40.0: 1.2}
    found = between_tests([loaded(load, f0 * (1 - v / v0), v) for load, v in speeds.items()])
    assert found["fv_slope_jump"].value == pytest.approx(-f0 / v0)
    assert found["fv_force_intercept"].value == pytest.approx(f0)
    assert found["fv_velocity_intercept"].value == pytest.approx(v0)
    assert found["fv_peak_power"].value == pytest.approx(f0 * v0 / 4)


def test_few_loads_and_no_line_are_refused() -> None:
    three = [loaded(load, 2000.0 + load, 2.0 - load / 50) for load in (0.0, 10.0, 20.0)]
    assert between_tests(three)["fv_slope_jump"].code == "few_loads"
    rising = [loaded(load, 1000.0 + 500.0 * v, v) for load, v in ((0, 1.9), (10, 1.7), (20, 1.5), (40, 1.2))]
    assert between_tests(rising)["fv_slope_jump"].code == "poor_line"


# --- forms of asymmetry ---


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # METRICS.md 7: a 20 % difference of the larger is 11.1 % of the sum
        ("asym_bilateral", 100 / 9),
        ("asym_unilateral", 20.0),
        ("asym_left_share", 500 / 9),
        ("limb_symmetry_index", 125.0),
        ("asym_symmetry_angle", 100 * (45 - math.degrees(math.atan(1.25))) / 90),
    ],
)
def test_each_form_by_hand(form: str, expected: float) -> None:
    assert hd.asymmetry(1000.0, 800.0, form) == pytest.approx(expected)
    assert hd.asymmetry([1000.0, 800.0], [800.0, 1000.0], form)[0] == pytest.approx(expected)


def test_signs_of_the_forms() -> None:
    """Positive is left in the index and the difference, right in the angle; equal sides are none in each."""
    for form in ("asym_bilateral", "asym_unilateral", "asym_symmetry_angle"):
        assert asymmetry(5.0, 5.0, form) == pytest.approx(0.0)
        assert asymmetry(2.0, 1.0, form) == pytest.approx(-asymmetry(1.0, 2.0, form))
    assert asymmetry(2.0, 1.0) > 0 > asymmetry(2.0, 1.0, "asym_symmetry_angle")
    assert math.isnan(asymmetry(-1.0, 2.0, "asym_symmetry_angle")) and math.isnan(asymmetry(0.0, 0.0))
    with pytest.raises(UsageError, match="asym_left_share"):
        asymmetry(1.0, 1.0, "ratio")


def test_the_noise_band_and_what_lies_outside() -> None:
    same = [8.0, 9.0, 10.0, 9.0]
    band = noise_band(same)
    assert band.value == pytest.approx(1.96 * np.std(same, ddof=1)) and is_asymmetric(same)
    assert not is_asymmetric([8.0, -9.0, 10.0, 9.0]), "trials that disagree on the side"
    assert not is_asymmetric([0.5, 4.0, 0.2, 3.0]), "within its own noise"
    assert noise_band([3.0]).code == "no_spread" and not is_asymmetric([3.0])


def test_kappa_of_the_larger_side() -> None:
    """Cohen 1960, by hand: 4 of 5 agree; 3/5 and 2/5 left, so by chance 6/25 + 6/25; kappa (20 - 12) / (25 - 12)."""
    first, second = [3.0, 2.0, 1.0, -1.0, -2.0], [3.0, 2.0, -1.0, -1.0, -2.0]
    assert direction_agreement(first, second).value == pytest.approx(8 / 13)
    assert direction_agreement(first, first).value == pytest.approx(1.0)
    assert direction_agreement([1.0, 2.0], [1.0, 2.0]).code == "undefined"
    assert direction_agreement([1.0], [1.0]).code == "no_spread"
