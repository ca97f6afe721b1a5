"""Metrics of an isometric pull (METRICS.md 8): forces, rates and impulses after the onset, the peak, the whole.

Net is force above the weight; it needs no zero, since an error of the zero is in both. Gross numbers of a plate that
was never empty in the record have no u95: nobody knows its zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hipdrive.analysis.pretension import HELD, level_u
from hipdrive.analysis.pull import Pulls
from hipdrive.analysis.registry import metric
from hipdrive.analysis.relative import over_mass, over_weight
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.side import Side
from hipdrive.analysis.signal import Floats, gather
from hipdrive.analysis.uncertainty import COVERAGE

ISO = ("isometric",)
TIMES = (50, 90, 100, 150, 200, 250)
"""ms after the onset at which force, rate of force development and impulse are given (Comfort 2019)."""

STEEPEST = 1.5
"""Noise of the steepest of many slopes, in SDs of one: it is picked for being too steep (simulated)."""

SAMPLE = 0.82
"""Noise of a force read between two samples, in SDs of one: √(2/3), the mean over where it lies."""


def _pulls(rep: Rep) -> Pulls:
    found = rep.facts.located
    assert isinstance(found, Pulls)
    return found


def _weight_alone(rep: Rep) -> Floats:
    """The weight in every copy, without the zero, which net force does not know, (n, k)."""
    rep.note("weight")
    return rep._raised("weight", rep.facts.weight, rep.facts.weight_u)


def _net(rep: Rep, at: str | Floats) -> Floats:
    """Force above the weight at an event or at times, N, (n, k)."""
    over = rep._base[:, np.newaxis] - _weight_alone(rep)
    value = rep._reading(at)[0] if isinstance(at, str) else rep.curve.value(at)
    return np.asarray(value + over)


def _until(rep: Any, ms: int) -> Floats:
    """The time `ms` after the onset, (n, k); rows whose pull is over by then are refused."""
    length = rep.facts.events["pull_end"] - rep.facts.events["iso_onset"]
    rep.require(~(length < ms / 1000.0), "phase_too_short")
    return np.asarray(rep.after("iso_onset", ms / 1000.0))


def _peak(rep: Rep) -> Floats:
    return rep.time_of_max("force", "half_rise", "pull_end")


# --- peak ---------------------------------------------------------------------------------------------------------


@metric("iso_peak_force", unit="N", tests=ISO, source="Comfort 2019", headline=1, sides=True, method="sample_maximum",
        group="peak")  # fmt: skip
def iso_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force of the pull, body weight included (gross)."""
    return rep.max("force", "half_rise", "pull_end"), top_doubt(rep)


@metric("iso_net_peak_force", unit="N", tests=ISO, source="Comfort 2019", headline=2, repeats="iso_peak_force",
        method="sample_maximum", group="peak")  # fmt: skip
def iso_net_peak_force(rep: Rep) -> tuple[Floats, Floats]:
    """Largest force of the pull above the weight."""
    _no_cell(rep)
    return _net(rep, _peak(rep)), top_doubt(rep)


over_weight([("iso_peak_force", ISO)], source="Comfort 2019", group="peak")
over_mass([("iso_peak_force", ISO)], unit="N/kg", source="Comfort 2019", group="peak", ending="per_kg")


@metric("iso_time_to_peak", unit="s", tests=ISO, source="derived (METRICS.md 8)", method="sample_maximum",
        group="peak")  # fmt: skip
def iso_time_to_peak(rep: Rep) -> tuple[Floats, Floats]:
    """From the onset to the largest force; on a plateau noise decides where that is."""
    return _peak(rep) - rep.t["iso_onset"], rep.unknown


@metric("iso_peak_rfd", unit="N/s", tests=ISO, source="Haff 2015", headline=6, method="least_squares_20ms",
        group="rate of force development")  # fmt: skip
def iso_peak_rfd(rep: Rep) -> tuple[Floats, Floats]:
    """Largest least-squares slope of force over a 20 ms window, from one window before the onset to the peak."""
    rep.says(f"least_squares_{1000.0 * rep.profile.rfd_window:g}ms")
    start = rep.t["iso_onset"] - rep.profile.rfd_window
    slope, spread = rep.peak_slope("force", rep.profile.rfd_window, start, _peak(rep))
    return slope, STEEPEST * spread


def top_doubt(rep: Any) -> Floats:
    """Spread of the largest sample, N, (n,): so that 1.96 of it hold how far the largest of all noisy ones lies above.

    The more samples lie near the top, the higher the largest of them: their joint distribution is made from the curve
    (means over 100 ms) and the noise.
    """
    whole = rep._whole if isinstance(rep, Side) else rep
    rate, n = whole.curve.rate, whole.n
    at = np.round(np.nan_to_num(_peak(whole)[:, 0]) * rate).astype(np.int64) - whole.curve.origin
    reach, size = round(1.5 * rate), max(3, 2 * round(0.05 * rate) + 1)
    force = gather(whole.curve.values, np.arange(n, dtype=np.int64), at - reach, 2 * reach)
    known = np.isfinite(force)
    sums, count = np.cumsum(np.where(known, force, 0.0), axis=1), np.cumsum(known, axis=1)
    smooth = (sums[:, size:] - sums[:, :-size]) / np.maximum(count[:, size:] - count[:, :-size], 1)
    smooth = np.where(known[:, size // 2 + 1 : size // 2 + 1 + smooth.shape[1]], smooth, -np.inf)
    noise = np.maximum(whole.noise, 1e-9)[:, np.newaxis]
    below = (smooth.max(axis=1, keepdims=True) - smooth) / noise
    return np.asarray(whole.noise * _largest(np.sort(below, axis=1)[:, : round(2.0 * rate)]) / COVERAGE)


def _largest(below: Floats) -> Floats:
    """97.5 % quantile of the size of the largest of normal numbers with SD 1 that lie `below` zero, (n,)."""
    from scipy.special import log_ndtr

    low, high = np.full(len(below), -2.0), np.full(len(below), 8.0)
    for _ in range(14):
        middle = 0.5 * (low + high)
        inside = np.exp(log_ndtr(middle[:, np.newaxis] + np.minimum(below, 20.0)).sum(axis=1)) >= 0.975
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    return np.asarray(np.maximum(high, 0.0))


# --- the pull as a whole ------------------------------------------------------------------------------------------


@metric("iso_pull_length", unit="s", tests=ISO, source="derived (METRICS.md 8)", method="onset to half of the peak",
        group="pull")  # fmt: skip
def iso_pull_length(rep: Rep) -> Floats:
    """From the onset until force has fallen through half of its rise."""
    rep.require(_pulls(rep).over == 1, "pull_not_over")
    return rep.duration("iso_onset", "pull_end")


@metric("iso_mean_force", unit="N", tests=ISO, source="vendor", sides=True, method="onset to half of the peak",
        group="pull")  # fmt: skip
def iso_mean_force(rep: Rep) -> Floats:
    """Mean force from the onset to the end of the pull."""
    rep.require(_pulls(rep).over == 1, "pull_not_over")
    return rep.mean("force", "iso_onset", "pull_end")


@metric("iso_total_impulse", unit="N*s", tests=ISO, source="vendor", sides=True, method="onset to half of the peak",
        group="pull")  # fmt: skip
def iso_total_impulse(rep: Rep) -> Floats:
    """Impulse of the whole force from the onset to the end of the pull (gross)."""
    rep.require(_pulls(rep).over == 1, "pull_not_over")
    return rep.impulse("iso_onset", "pull_end")


@metric("iso_pretension_force", unit="N", tests=ISO, source="derived (METRICS.md 8)", method="quiet_pretension",
        group="pretension")  # fmt: skip
def iso_pretension_force(rep: Rep) -> tuple[Floats, Floats]:
    """Mean force over the quiet second or more before the onset."""
    return _pretension(rep, _pulls(rep).onset_of.quiet.mean)


@metric("iso_initiation_threshold", unit="N", tests=ISO, source="Dos'Santos 2017", method="pretension+5SD",
        group="pretension")  # fmt: skip
def iso_initiation_threshold(rep: Rep) -> tuple[Floats, Floats]:
    """Force above which the pull has begun: the pretension and five of its SD, 10 N at least."""
    fixed = rep.profile.iso_onset_fixed
    rep.says(f"pretension+{fixed:g}N" if fixed > 0.0 else f"pretension+{rep.profile.onset_sds:g}SD")
    return _pretension(rep, _pulls(rep).onset_of.threshold)


def _pretension(rep: Rep, level: Floats) -> tuple[Floats, Floats]:
    rep.note("pretension_start")
    quiet = _pulls(rep).onset_of.quiet
    rep.require(quiet.found, "no_pretension")
    value = np.repeat((level - rep.facts.zero)[:, np.newaxis], rep.k, axis=1)
    return value, np.hypot(_threshold_u(rep), rep.facts.zero_u)


@metric("iso_pretension", unit="N", tests=ISO, source="derived (METRICS.md 8)", repeats="iso_pretension_force",
        method="quiet_pretension", group="pretension")  # fmt: skip
def iso_pretension(rep: Rep) -> tuple[Floats, Floats]:
    """Pretension above the weight: 50 N at most."""
    quiet = _pulls(rep).onset_of.quiet
    rep.require(quiet.found, "no_pretension")
    _no_cell(rep)
    above = (quiet.mean - rep.facts.zero)[:, np.newaxis] - _weight_alone(rep)
    return above, _threshold_u(rep)


@metric("iso_hold_quality", unit="class", tests=ISO, source="derived (METRICS.md 8)", labels=HELD,
        method="half a second before the onset", group="pretension")  # fmt: skip
def iso_hold_quality(rep: Rep) -> Floats:
    """Whether the tension was held still before the pull: no dip deeper than the onset's threshold, no drift."""
    return np.repeat(_pulls(rep).onset_of.hold.astype(np.float64)[:, np.newaxis], rep.k, axis=1)


def _no_cell(rep: Rep) -> None:
    """Refuse net numbers of a load cell: no weight is in its force."""
    rep.require(_pulls(rep).cell == 0, "load_cell")


# --- after the onset ----------------------------------------------------------------------------------------------


def _at_onset(rep: Rep) -> Floats:
    """Force at the onset less the zero, N, (n, k): the threshold that it crosses there, without the noise of a sample.

    So the error of the onset and that of a force later on are independent.
    """
    rep.note("iso_onset")
    level = _pulls(rep).onset_of.threshold - rep.facts.zero
    level = np.where(np.isfinite(rep.facts.events["iso_onset"]), level, np.nan)
    return np.repeat(level[:, np.newaxis], rep.k, axis=1)


def _threshold_u(rep: Rep) -> Floats:
    onset = _pulls(rep).onset_of
    return level_u(onset.quiet, onset.theta, rep.noise, rep.facts.block.rate, rep.profile)


def _register_times() -> None:
    for ms in (0, *TIMES):
        _register_force(ms)
    for ms in TIMES:
        _register_rate(ms)
        _register_impulse(ms)


def _register_force(ms: int) -> None:
    field = f"iso_force_at_{ms}ms"
    when = "at the onset" if ms == 0 else f"{ms} ms after the onset"
    first = {100: 3, 200: 4}.get(ms)

    def gross(rep: Any) -> tuple[Floats, Floats]:
        if ms == 0 and not isinstance(rep, Side):
            return _at_onset(rep) + (rep._gross - rep._base[:, np.newaxis]), _threshold_u(rep)
        return rep.quantity("force", _until(rep, ms)), SAMPLE * rep.noise

    def net(rep: Rep) -> tuple[Floats, Floats]:
        _no_cell(rep)
        if ms == 0:
            return _at_onset(rep) - _weight_alone(rep), _threshold_u(rep)
        return _net(rep, _until(rep, ms)), SAMPLE * rep.noise

    gross.__doc__ = f"Force {when}, body weight included (gross)."
    net.__doc__ = f"Force {when}, above the weight."
    common: dict[str, Any] = {"tests": ISO, "source": "Comfort 2019", "group": "force after the onset"}
    metric(field, unit="N", sides=True, headline=first, method="after the onset", **common)(gross)
    metric(f"iso_net_force_at_{ms}ms", unit="N", repeats=field, method="after the onset", **common)(net)
    over_weight([(field, ISO)], source="Comfort 2019", group="force after the onset")
    over_mass([(field, ISO)], unit="N/kg", source="Comfort 2019", group="force after the onset", ending="per_kg")


def _register_rate(ms: int) -> None:
    def rate(rep: Any) -> tuple[Floats, Floats]:
        end = _until(rep, ms)
        if isinstance(rep, Side):
            rise = rep.quantity("force", end) - rep.force["iso_onset"]
        else:
            rise = rep.curve.value(end) + rep._base[:, np.newaxis] - _at_onset(rep)
        return rise / (ms / 1000.0), SAMPLE * rep.noise / (ms / 1000.0)

    rate.__doc__ = f"Rise of force over the first {ms} ms after the onset, over that time."
    metric(f"iso_rfd_0_{ms}ms", unit="N/s", tests=ISO, source="Maffiuletti 2016; Comfort 2019", sides=True,
           headline=5 if ms == 200 else None, method="after the onset",
           group="rate of force development")(rate)  # fmt: skip


def _register_impulse(ms: int) -> None:
    field = f"iso_gross_impulse_0_{ms}ms"

    def walk(rep: Rep) -> Floats:
        return np.asarray(rep.noise * np.sqrt(ms / 1000.0 / rep.curve.rate))

    def gross(rep: Rep) -> tuple[Floats, Floats]:
        return rep.impulse("iso_onset", _until(rep, ms)), walk(rep)

    def net(rep: Rep) -> tuple[Floats, Floats]:
        _no_cell(rep)
        end = _until(rep, ms)
        over = (rep._base[:, np.newaxis] - _weight_alone(rep)) * (ms / 1000.0)
        return rep._reading(end)[1] - rep._reading("iso_onset")[1] + over, walk(rep)

    gross.__doc__ = f"Impulse of the whole force over the first {ms} ms after the onset (gross)."
    net.__doc__ = f"Net impulse, above the weight, over the first {ms} ms after the onset."
    common: dict[str, Any] = {"unit": "N*s", "tests": ISO, "source": "derived (METRICS.md 8)",
                              "method": "after the onset", "group": "impulse after the onset"}  # fmt: skip
    metric(f"iso_impulse_0_{ms}ms", aliases=[f"iso_net_impulse_0_{ms}ms"], **common)(net)
    metric(field, sides=True, repeats=f"iso_impulse_0_{ms}ms", **common)(gross)


_register_times()
