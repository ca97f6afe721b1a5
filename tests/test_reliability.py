"""Reliability, agreement and change: published tables, another implementation, closed forms, known truths, refusals."""

import dataclasses
import math
import warnings
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hipdrive as hd
from hipdrive.analysis import agreement, reliability
from hipdrive.analysis.estimate import Estimate, chi_squared, fisher, student
from hipdrive.analysis.intraclass import ICC_FIELDS
from hipdrive.errors import REASONS, UsageError
from hipdrive.trial import Floats

SIX_BY_FOUR = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
"""Shrout & Fleiss 1979, table 2: six targets, four judges."""


def drawn(seed: int, n: int = 10, k: int = 3, shift: float = 0.3) -> Floats:
    """Athletes of SD 1 around 10, trials shifted by SD `shift`, error of SD 0.5."""
    rng = np.random.default_rng([seed, 15])
    athletes, trials = rng.standard_normal((n, 1)), shift * rng.standard_normal((1, k))
    return np.asarray(10 + athletes + trials + 0.5 * rng.standard_normal((n, k)))


def codes(found: Mapping[str, Estimate]) -> dict[str, str | None]:
    return {name: number.code for name, number in found.items()}


# --- published and independent numbers ---


def test_shrout_and_fleiss() -> None:
    found = hd.reliability(SIX_BY_FOUR)
    published = (0.17, 0.29, 0.71, 0.44, 0.62, 0.91)
    assert [round(found[name].value, 2) for name in ICC_FIELDS] == list(published)
    assert all(found[name].unit == "1" and found[name].code is None for name in ICC_FIELDS)
    assert [found[name].method[:8] for name in ICC_FIELDS] == [f"ICC({f},{m})" for m in "1k" for f in "123"]


def from_pingouin(values: Floats) -> list[tuple[float, float, float]]:
    """ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k) with their 95 % intervals, unrounded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own use of pandas and statsmodels, not ours
        import pingouin

        n, k = values.shape
        tidy = pd.DataFrame(
            {"who": np.repeat(np.arange(n), k), "when": np.tile(np.arange(k), n), "x": values.ravel()}
        )  # fmt: skip
        before = {name: pingouin.options[name] for name in pingouin.options if name.startswith("round.column.CI95")}
        try:
            pingouin.options.update(dict.fromkeys(before, 12))
            found = pingouin.intraclass_corr(tidy, targets="who", raters="when", ratings="x")
        finally:
            pingouin.options.update(before)
    interval = next(name for name in found.columns if name.startswith("CI95"))
    return [(float(v), float(ci[0]), float(ci[1])) for v, ci in zip(found["ICC"], found[interval], strict=True)]


@pytest.mark.parametrize(
    "values",
    [SIX_BY_FOUR, drawn(1), drawn(2, n=25, k=2), drawn(3, n=4, k=6), drawn(4, shift=2.0), 1e4 + drawn(5)],
    ids=["shrout_fleiss", "plain", "two_trials", "few", "shifted", "far_from_zero"],
)
def test_like_pingouin(values: Floats) -> None:
    found = hd.reliability(values)
    for name, (value, low, high) in zip(ICC_FIELDS, from_pingouin(values), strict=True):
        ours = found[name]
        assert (ours.value, ours.low, ours.high) == pytest.approx((value, low, high), rel=1e-6, abs=1e-6), name


def test_quantiles_are_those_of_scipy_stats() -> None:
    from scipy import stats

    for p in (0.001, 0.025, 0.05, 0.95, 0.975):
        for a, b in ((1, 1), (3, 4.79), (29, 1.02), (99, 2500)):
            assert fisher(a, b, p) == pytest.approx(stats.f.isf(p, a, b), rel=1e-9)
        for freedom in (1, 9, 400):
            assert chi_squared(freedom, p) == pytest.approx(stats.chi2.isf(p, freedom), rel=1e-9)
            assert student(freedom, p) == pytest.approx(stats.t.isf(p, freedom), rel=1e-9)
    assert student(math.inf, 0.025) == pytest.approx(stats.norm.isf(0.025))


# --- closed forms ---


def test_two_trials_are_hopkins_s_differences() -> None:
    x = drawn(7, n=12, k=2)
    found, ratio = hd.reliability(x, unit="m"), np.diff(np.log(x))
    te = float(np.diff(x).std(ddof=1)) / math.sqrt(2)
    assert found["typical_error"].value == pytest.approx(te)
    assert found["cv_percent"].value == pytest.approx(100 * math.expm1(float(ratio.std(ddof=1)) / math.sqrt(2)))
    assert found["cv_of_mean"].value == pytest.approx(100 * te / x.mean())
    assert found["mdc_95"].value == pytest.approx(1.96 * math.sqrt(2) * te, rel=1e-4)
    assert found["swc"].value == pytest.approx(0.2 * x.mean(axis=1).std(ddof=1))
    assert found["signal_to_noise"].value == pytest.approx(found["swc"].value / te)
    assert found["mean"].value == pytest.approx(x.mean())
    for name in ("typical_error", "cv_percent", "mdc_95", "swc", "icc_2_1", "cv_of_mean", "mean"):
        assert found[name].low < found[name].value < found[name].high


def test_hand_made_interval_of_the_typical_error() -> None:
    te = hd.reliability(drawn(7, n=12, k=2), unit="m")["typical_error"]
    assert (te.low / te.value, te.high / te.value) == pytest.approx(
        (math.sqrt(11 / 21.920), math.sqrt(11 / 3.8157)), rel=1e-4
    )
    wide = hd.reliability(drawn(7, n=12, k=2), confidence=0.99)["typical_error"]
    assert wide.low < te.low and te.high < wide.high and wide.confidence == pytest.approx(0.99)


def test_options_of_swc_and_mdc() -> None:
    x = drawn(8)
    plain = hd.reliability(x)
    mean, within = hd.reliability(x, mean_of=4), hd.reliability(x, swc="within")
    assert mean["mdc_95"].value == pytest.approx(plain["mdc_95"].value / 2) and "mean of 4" in mean["mdc_95"].method
    assert within["swc"].value == pytest.approx(0.3 * plain["typical_error"].value)
    assert within["signal_to_noise"].code == "undefined"
    assert hd.reliability(x, swc_factor=0.6)["swc"].value == pytest.approx(3 * plain["swc"].value)


def test_cv_of_each_athlete() -> None:
    x = drawn(9)
    found = hd.reliability(x).cv_by_athlete
    assert list(found) == [str(i + 1) for i in range(10)]
    assert [v.value for v in found.values()] == pytest.approx(list(100 * x.std(axis=1, ddof=1) / x.mean(axis=1)))


def test_bland_altman_by_hand() -> None:
    from scipy import stats

    x = drawn(10, n=20, k=2)
    found, d = hd.bland_altman(x, unit="m"), x[:, 1] - x[:, 0]
    mean, sd = float(d.mean()), float(d.std(ddof=1))
    assert found[agreement.BIAS].value == pytest.approx(mean)
    assert found[agreement.HIGH].value == pytest.approx(mean + 1.96 * sd, rel=1e-4)
    assert found[agreement.LOW].value == pytest.approx(mean - 1.96 * sd, rel=1e-4)
    low, high = stats.t.interval(0.95, 19, mean, sd / math.sqrt(20))
    assert (found[agreement.BIAS].low, found[agreement.BIAS].high) == pytest.approx((low, high))
    line = stats.linregress(x.mean(axis=1), d)
    slope = found[agreement.SLOPE]
    assert slope.value == pytest.approx(line.slope)
    assert slope.high - slope.value == pytest.approx(stats.t.isf(0.025, 18) * line.stderr)
    assert found.proportional is bool(line.pvalue < 0.05)
    exact = mean + sd * stats.nct.ppf([0.025, 0.975], 19, stats.norm.isf(0.025) * math.sqrt(20)) / math.sqrt(20)
    upper = found[agreement.HIGH]
    assert (upper.low, upper.high) == pytest.approx(tuple(exact)), "Carkeet 2015"


def test_proportional_differences_are_seen_and_ratios_mend_them() -> None:
    rng = np.random.default_rng(5)
    first = np.exp(rng.normal(0, 0.5, 40))
    x = np.column_stack([first, 1.1 * first * np.exp(rng.normal(0, 0.02, 40))])
    assert hd.bland_altman(x).proportional is True
    ratio = hd.bland_altman(x, as_ratio=True, unit="m")
    assert ratio[agreement.BIAS].value == pytest.approx(1.1, abs=0.01) and ratio.unit == "1"
    assert ratio[agreement.LOW].value < ratio[agreement.BIAS].value < ratio[agreement.HIGH].value
    assert ratio.difference == pytest.approx(x[:, 1] / x[:, 0])


# --- simulated truths ---


def coverage(n: int, k: int, shift: float, seeds: int) -> dict[str, float]:
    """How often each interval holds the true number, %; ICC(1,·) assume that trials are not shifted."""
    held: dict[str, list[bool]] = defaultdict(list)
    for seed in range(seeds):
        x = drawn(seed, n, k, shift)
        found, two = hd.reliability(x), hd.bland_altman(x[:, :2])
        own = np.random.default_rng([seed, 16]).standard_normal(5) * 0.5
        change = hd.change_status(own[:2].tolist(), (own[2:] + 0.7).tolist(), found)
        noise = {"1": 0.25 + shift**2, "2": 0.25 + shift**2, "3": 0.25}
        true = {name: 1 / (1 + noise[name[4]] / (1 if name.endswith("1") else k)) for name in ICC_FIELDS}
        if shift:
            true = {name: icc for name, icc in true.items() if name[4] != "1"}
        true |= {
            "typical_error": 0.5, "cv_of_mean": 5.0, "mdc_95": 0.5 * 1.959964 * math.sqrt(2),
            "swc": 0.2 * math.sqrt(1 + 0.25 / k), "signal_to_noise": 0.4 * math.sqrt(1 + 0.25 / k),
        }  # fmt: skip
        numbers = {**found, **two, "change": change.difference}
        true |= {"change": 0.7, agreement.SLOPE: 0.0, agreement.SD: math.sqrt(0.5)}
        if not shift:
            limit = 1.959964 * math.sqrt(0.5)
            true |= {"mean": 10.0, agreement.BIAS: 0.0, agreement.LOW: -limit, agreement.HIGH: limit}
        for name, truth in true.items():
            held[name].append(numbers[name].low <= truth <= numbers[name].high)
        whole = hd.reliability(np.exp(x / 10))["cv_percent"]
        held["cv_percent"].append(whole.low <= 100 * math.expm1(0.05) <= whole.high)
        first = found.cv_by_athlete["1"]
        if not shift:
            true_cv = 50 / (10 + np.random.default_rng([seed, 15]).standard_normal((n, 1))[0, 0])
            held["cv_by_athlete"].append(first.low <= true_cv <= first.high)
    return {name: 100 * sum(hits) / len(hits) for name, hits in held.items()}


@pytest.mark.parametrize(
    ("n", "k", "shift", "seeds"),
    [
        (10, 2, 0.0, 500),
        (20, 3, 0.3, 500),
        *(
            pytest.param(*cell, 1500, marks=pytest.mark.slow)
            for cell in ((6, 2, 0.0), (10, 3, 0.0), (30, 5, 0.0), (6, 3, 0.3), (20, 5, 0.3), (50, 4, 0.2))
        ),
    ],
)
def test_intervals_hold_the_truth(n: int, k: int, shift: float, seeds: int) -> None:
    found = coverage(n, k, shift, seeds)
    assert {name: c for name, c in found.items() if not 92 <= c <= 98} == {}


# --- properties ---

cells = st.integers(0, 10_000).flatmap(
    lambda seed: st.builds(drawn, st.just(seed), st.integers(2, 8), st.integers(2, 5), st.sampled_from([0.0, 1.0]))
)


def close(
    found: Mapping[str, Estimate], other: Mapping[str, Estimate], names: tuple[str, ...], factor: float = 1.0
) -> None:
    for name in names:
        one, two = found[name], other[name]
        assert one.code == two.code
        ends = (one.value * factor, one.low * factor, one.high * factor)
        assert (two.value, two.low, two.high) == pytest.approx(ends, rel=1e-6, abs=1e-9, nan_ok=True), name


@given(cells, st.floats(-1e4, 1e4))
def test_a_shift_changes_no_spread(x: Floats, by: float) -> None:
    names = ("typical_error", "mdc_95", "swc", "signal_to_noise", *ICC_FIELDS)
    close(hd.reliability(x), hd.reliability(x + by), names)
    one, two = hd.bland_altman(x[:, :2]), hd.bland_altman(x[:, :2] + by)
    close(one, two, agreement.FIELDS)


@given(cells, st.floats(1e-6, 1e6))
def test_a_scale_scales_what_has_a_unit(x: Floats, by: float) -> None:
    one, two = hd.reliability(x), hd.reliability(x * by)
    close(one, two, ("mean", "typical_error", "mdc_95", "swc"), by)
    close(one, two, ("cv_of_mean", "cv_percent", "signal_to_noise", *ICC_FIELDS))


@given(cells, st.randoms(use_true_random=False))
def test_the_order_of_athletes_and_trials_does_not_matter(x: Floats, random: Any) -> None:
    rows, columns = list(range(x.shape[0])), list(range(x.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    close(hd.reliability(x), hd.reliability(x[rows][:, columns]), reliability.FIELDS)
    close(hd.bland_altman(x[:, :2]), hd.bland_altman(x[rows, :2]), agreement.FIELDS)


# --- tables ---


def tidy(x: Floats, metric: str = "jump_height_tov") -> pd.DataFrame:
    rows = [(f"a{i}", j, metric, v, "m") for i, row in enumerate(x) for j, v in enumerate(row)]
    return pd.DataFrame(rows, columns=["athlete", "rep", "metric", "value", "unit"])


def test_tables_of_every_form_give_the_same() -> None:
    x = drawn(11)
    array = hd.reliability(x, metric="jump_height_tov")
    assert array.unit == "m" and array.metric == "jump_height_tov"
    long = pd.concat([tidy(x), tidy(x + 1, "peak_force").assign(unit="N")]).sample(frac=1, random_state=1)
    wide = tidy(x).rename(columns={"value": "jump_height_tov"}).drop(columns=["metric", "unit"])
    for table in (long, wide, wide.to_dict("list"), wide.astype({"jump_height_tov": "Float64"})):
        found = hd.reliability(table, metric="jump_height_tov")
        close(array, found, reliability.FIELDS)
        assert found.unit == "m" and set(found.athletes) == {f"a{i}" for i in range(10)}
        assert set(found.trials) == {"0", "1", "2"}
    picked = hd.bland_altman(long, metric="jump_height_tov", trials=(2, 0))
    close(hd.bland_altman(x[:, [2, 0]]), picked, agreement.FIELDS)
    assert picked.trials == ("2", "0")


def test_the_frame_of_analyses() -> None:
    analyses = [hd.analyse(hd.simulate("cmj", seed=seed)) for seed in (1, 2, 3)]
    again = [hd.analyse(hd.simulate("cmj", seed=seed, noise=3.0)) for seed in (1, 2, 3)]
    table = pd.concat(
        [
            hd.frame(one).assign(athlete=str(i), session=s)
            for s, group in enumerate((analyses, again))
            for i, one in enumerate(group)
        ]
    )
    found = hd.reliability(table, metric="takeoff_velocity", trial="session")
    assert found["typical_error"].unit == "m/s" and found["icc_2_1"].value > 0.99
    with pytest.raises(UsageError, match="twice in rep 1"):
        hd.reliability(table, metric="takeoff_velocity")


# --- missing and unfit ---


def test_a_missing_cell_is_refused_or_left_out_by_name() -> None:
    x = drawn(12)
    holed = x.copy()
    holed[3, 1] = np.nan
    assert set(codes(hd.reliability(holed)).values()) == {"missing_cells"}
    assert set(codes(hd.bland_altman(holed[:, :2])).values()) == {"missing_cells"}
    found = hd.reliability(holed, missing="leave_out")
    assert found.left_out == ("4",) and "4" not in found.athletes
    assert all("1 of 10 athletes left out" in number.method for number in found.values())
    close(hd.reliability(np.delete(x, 3, axis=0)), found, reliability.FIELDS)
    absent = tidy(x).drop(index=10)
    assert hd.reliability(absent, metric="jump_height_tov")["icc_2_1"].code == "missing_cells"
    assert hd.reliability(absent, metric="jump_height_tov", missing="leave_out").left_out == ("a3",)
    masked = np.ma.masked_array(x, mask=np.isnan(holed))
    assert hd.reliability(masked)["mean"].code == "missing_cells"
    assert hd.bland_altman(holed[:, :2], missing="leave_out").left_out == ("4",)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.ones((1, 3)), "few_athletes"),
        (np.ones((0, 3)), "few_athletes"),
        (drawn(1)[:, :1], "few_trials"),
        (np.full((4, 2), np.nan), "missing_cells"),
    ],
)
def test_too_little_data(values: Floats, code: str) -> None:
    found, two = hd.reliability(values), hd.bland_altman(values[:, :2])
    for number in (*found.values(), *two.values()):
        assert math.isnan(number.value) and number.code == code and number.why == REASONS[code]
    assert two.proportional is None
    assert hd.change_status(1.0, 2.0, found).status == ""


def test_no_variance() -> None:
    same = hd.reliability(np.full((5, 3), 0.1))
    assert codes(same).pop("mean") is None and math.isnan(same["mean"].low)
    assert {c for name, c in codes(same).items() if name != "mean"} == {"no_error_spread", "no_athlete_spread"}
    copies = codes(hd.reliability(np.repeat(drawn(1)[:, :1], 3, axis=1)))
    assert copies["typical_error"] == copies["icc_3_1"] == copies["icc_1_1"] == copies["mdc_95"] == "no_error_spread"
    shifted = codes(hd.reliability(drawn(1)[:, :1] + np.array([0.0, 0.1, 0.2])))
    assert shifted["typical_error"] == shifted["icc_2_1"] == "no_error_spread" and shifted["icc_1_1"] is None
    alike = codes(hd.reliability(np.array([[1.0, 2.0], [2.0, 1.0]])))
    assert alike["icc_1_1"] == alike["icc_3_k"] == alike["swc"] == alike["cv_of_mean"] == "no_athlete_spread"
    assert alike["typical_error"] is None
    assert codes(hd.bland_altman(np.full((5, 2), 0.3)))[agreement.SD] == "no_error_spread"


def test_percentages_need_a_mean_away_from_zero() -> None:
    below = hd.reliability(drawn(1) - 10)
    assert below["cv_percent"].code == "not_positive" and below["cv_of_mean"].code == "mean_near_zero"
    assert "not_positive" in {v.code for v in below.cv_by_athlete.values()}
    assert below["typical_error"].code is None
    assert hd.bland_altman(drawn(1)[:, :2] - 10, as_ratio=True)[agreement.BIAS].code == "not_positive"


def test_two_athletes_have_no_slope() -> None:
    assert hd.bland_altman(drawn(1, 2, 2))[agreement.SLOPE].code == "few_for_slope"


def test_shifted_trials_are_told() -> None:
    """Where whole trials differ, few of them tell too little for the interval of ICC(2)."""
    assert "too narrow" in hd.reliability(SIX_BY_FOUR)["icc_2_1"].method
    assert not any("too narrow" in number.method for number in hd.reliability(drawn(1, shift=0.0)).values())


def test_an_icc_below_zero_stays_what_it_is() -> None:
    found = hd.reliability(np.array([[1.0, 5.0], [5.0, 2.2], [2.0, 4.0], [4.0, 2.1]]))
    for name in ("icc_1_1", "icc_2_1", "icc_3_1"):
        assert found[name].low <= found[name].value < 0 and found[name].high <= 1
    assert found["icc_2_k"].code == "no_athlete_spread", "the variances that it divides by are below zero"
    assert found["icc_3_k"].value < -1


def test_tiny_and_huge_numbers() -> None:
    x = drawn(1)
    for factor in (1e-150, 1e150):
        close(hd.reliability(x), hd.reliability(x * factor), ICC_FIELDS)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hd.reliability([1.0, 2.0]), "one row an athlete"),
        (lambda: hd.reliability([[1.0, 2.0], [1.0]]), "no numbers in even rows"),
        (lambda: hd.reliability([["a", "b"]]), "no numbers"),
        (lambda: hd.reliability(tidy(SIX_BY_FOUR)), "say which"),
        (lambda: hd.reliability(tidy(SIX_BY_FOUR), metric="rsi"), "no rows of metric 'rsi'"),
        (lambda: hd.reliability(tidy(SIX_BY_FOUR), metric="jump_height_tov", athlete="who"), "no column 'who'"),
        (lambda: hd.reliability(tidy(SIX_BY_FOUR).assign(athlete=""), metric="jump_height_tov"), "nothing in column"),
        (lambda: hd.reliability({"athlete": [1], "rep": [1]}, metric="x"), "no column 'x'"),
        (lambda: hd.reliability(SIX_BY_FOUR, missing="drop"), "leave_out"),
        (lambda: hd.reliability(SIX_BY_FOUR, confidence=95), "between 0 and 1"),
        (lambda: hd.reliability(SIX_BY_FOUR, swc="small"), "between"),
        (lambda: hd.reliability(SIX_BY_FOUR, swc_factor=0), "above 0"),
        (lambda: hd.reliability(SIX_BY_FOUR, mean_of=0), "1 or more"),
        (lambda: hd.reliability(SIX_BY_FOUR, trials=(1, 9)), "9 asked for"),
        (lambda: hd.bland_altman(SIX_BY_FOUR), "pick two"),
        (lambda: hd.change_status(1, 2, 0.0), "above 0"),
        (lambda: hd.change_status(1, 2, 0.1, swc=-1.0), "above 0"),
        (lambda: hd.change_status([], 2, 0.1), "no trial"),
        (lambda: hd.change_status("high", 2, 0.1), "give a number"),  # type: ignore[arg-type]
    ],
)
def test_wrong_use_is_one_sentence(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


# --- change ---


@pytest.mark.parametrize(
    ("delta", "te", "swc", "status"),
    [
        (0.05, 0.01, 0.01, "real"),
        (-0.05, 0.01, 0.01, "real"),
        (0.05, 0.01, None, "real"),
        (0.05, 0.01, 0.10, "trivial"),  # certainly changed, too little to matter
        (0.01, 0.01, 0.05, "trivial"),  # even with its error within what matters
        (0.02, 0.01, 0.01, "likely"),
        (0.02, 0.01, None, "likely"),
        (0.009, 0.01, 0.005, "unclear"),
        (0.0, 0.01, 0.01, "unclear"),
        (0.015, 0.01, 0.02, "unclear"),
    ],
)
def test_status_of_a_change(delta: float, te: float, swc: float | None, status: str) -> None:
    found = hd.change_status(0.4, 0.4 + delta, te, swc=swc, unit="m")
    assert found.status == status and found.rule.startswith(f"{status}: ")
    assert found.limit == pytest.approx(1.96 * math.sqrt(2) * te, rel=1e-4)
    assert found.difference.value == pytest.approx(delta) and found.difference.unit == "m"
    if status == "real":
        assert found.difference.low > 0 or found.difference.high < 0


def test_more_trials_and_a_better_known_error_narrow_a_change() -> None:
    found = hd.reliability(drawn(1), unit="m")
    one, four = hd.change_status(1.0, 2.0, found), hd.change_status([1.0] * 4, [2.0] * 4, found)
    assert four.limit == pytest.approx(one.limit / 2) and one.swc == found["swc"].value
    assert one.limit > found["mdc_95"].value, "t, for the typical error is itself an estimate"
    known = hd.change_status(1.0, 2.0, found["typical_error"])
    assert known.limit == pytest.approx(found["mdc_95"].value)
    gone = hd.change_status([1.0, math.nan], 2.0, found)
    assert gone.status == "" and gone.difference.code == "missing_trial" and math.isnan(gone.limit)


def test_results_are_frozen() -> None:
    found = hd.reliability(SIX_BY_FOUR)
    for thing, name in ((found, "unit"), (found["mean"], "unit"), (hd.change_status(1, 2, 0.5), "rule")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, "cm")
    with pytest.raises(TypeError):
        found.numbers["mean"] = found["swc"]  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "k"), [(20, 2), (50, 2), (20, 5), (50, 5)])
def test_icc_2_where_trials_are_shifted_by_as_much_as_the_error(n: int, k: int, record_property: Any) -> None:
    """The limit that docs/reliability.md names: two to five trials tell little about the SD of their shifts."""
    found = coverage(n, k, 0.5, 1500)
    record_property("icc_2_1", repr(found["icc_2_1"]))
    print(f"{n} athletes, {k} trials: {found['icc_2_1']:.1f} %")
    assert 84 <= found["icc_2_1"] <= 98 and 92 <= found["icc_3_1"] <= 98
    said = ["too narrow" in hd.reliability(drawn(seed, n, k, 0.5))["icc_2_1"].method for seed in range(400)]
    assert sum(said) > 240
