"""The numbers of a sprint profile, METRICS.md 12; each a function of `Sprinters`."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis import sprint_model
from hipdrive.analysis.registry import metric
from hipdrive.analysis.sprint_measured import fly_time, split_time
from hipdrive.analysis.sprinters import Sprinters
from hipdrive.timedrun import POSITIONS, SPLITS, VELOCITY
from hipdrive.trial import Floats

RUN = {"sprint"}
FIT, MODEL, LINE, AIR, MEASURED = "run_fit", "run_model", "run_line", "run_air", "run_measured"
SAMOZINO, ARSAC, HERE = "Samozino 2016", "Arsac & Locatelli 2002", "METRICS.md 12"

DISTANCES = (5, 10, 20, 30, 40)
"""m, of the time trials."""

FLYS = (10, 20, 30)
"""m, of the fly runs."""

BEYOND = 1.25
"""Times the last distance that was measured, up to which the model's time trials are given (eng.)."""


# --- the fit ---


@metric("max_sprint_speed", unit="m/s", tests=RUN, source="Furusawa 1927; Samozino 2016", headline=1, method=FIT,
        group="sprint profile", scope="run")  # fmt: skip
def max_sprint_speed(run: Sprinters) -> Floats:
    """MSS, the speed that the fitted run tends to."""
    return run.mss


@metric("tau", unit="s", tests=RUN, source=SAMOZINO, method=FIT, group="sprint profile", scope="run")
def tau(run: Sprinters) -> Floats:
    """Time constant of the fitted run: after it 63 % of MSS are reached."""
    return run.tau


@metric("max_acceleration", unit="m/s^2", tests=RUN, source="Jovanović 2022", method=FIT, group="sprint profile",
        scope="run")  # fmt: skip
def max_acceleration(run: Sprinters) -> Floats:
    """MAC, the model's acceleration at its start: MSS over tau."""
    return run.mss / run.tau


@metric("time_shift", unit="s", tests=RUN, source="Jovanović 2024", method=FIT, group="sprint profile", scope="run")
def time_shift(run: Sprinters) -> Floats:
    """Model time at the zero of the clock: how long the athlete had run when it started; negative with reaction time.

    Of a radar or laser the clock's zero is where the athlete is first seen to move.
    """
    return run.shift


# --- the air ---


@metric("air_density", unit="kg/m^3", tests=RUN, source=ARSAC, method=AIR, group="air", scope="run")
def air_density(run: Sprinters) -> Floats:
    """Density of the air by its temperature and pressure."""
    return np.full_like(run.mss, sprint_model.air_density(run.rules.temperature, run.rules.pressure))


@metric("frontal_area", unit="m^2", tests=RUN, source=ARSAC, method=AIR, group="air", scope="run")
def frontal_area(run: Sprinters) -> Floats:
    """Frontal area of the runner by stature and mass: 0.266 of the body surface by Du Bois."""
    _with_body(run)
    return np.broadcast_to(sprint_model.frontal_area(run.height, run.mass), run.mss.shape)


@metric("drag_constant", unit="kg/m", tests=RUN, source=ARSAC, method=AIR, group="air", scope="run")
def drag_constant(run: Sprinters) -> Floats:
    """Half of density, frontal area and drag coefficient: times the air's speed squared it is the drag."""
    _with_body(run)
    return np.broadcast_to(run.drag_constant, run.mss.shape)


# --- force and velocity ---


@metric("F0_per_kg", unit="N/kg", tests=RUN, source=SAMOZINO, headline=2, method=LINE, group="force and velocity",
        scope="run")  # fmt: skip
def f0_per_kg(run: Sprinters) -> Floats:
    """Horizontal force at no velocity by the force-velocity line, per kilogram."""
    per_kg: Floats = run["F0"] / run.mass
    return per_kg


@metric("V0", unit="m/s", tests=RUN, source=SAMOZINO, headline=3, method=LINE, group="force and velocity", scope="run")
def v0(run: Sprinters) -> Floats:
    """Velocity at which the force-velocity line has no force left; above MSS, as the air is to be overcome."""
    _with_line(run)
    return -run.lines.f0 / run.lines.slope


@metric("Pmax_per_kg", unit="W/kg", tests=RUN, source=SAMOZINO, headline=4, method=LINE, group="force and velocity",
        scope="run")  # fmt: skip
def pmax_per_kg(run: Sprinters) -> Floats:
    """Largest horizontal power by the force-velocity line, F0 times V0 over 4, per kilogram."""
    per_kg: Floats = run["Pmax"] / run.mass
    return per_kg


@metric("RFmax", unit="%", tests=RUN, source="Morin & Samozino 2016", headline=5, method=LINE,
        group="force and velocity", scope="run")  # fmt: skip
def rf_max(run: Sprinters) -> Floats:
    """Largest ratio of horizontal to total force from 0.3 s of model time on."""
    _with_line(run)
    run.require(np.isfinite(run.lines.rf_max[:, 0]), "sprint_late")
    return run.lines.rf_max


@metric("DRF", unit="%/(m/s)", tests=RUN, source="Samozino 2016; Morin 2011", headline=6, method=LINE,
        group="force and velocity", scope="run")  # fmt: skip
def drf(run: Sprinters) -> Floats:
    """Decrease of the ratio of forces with velocity: slope of its line from 0.3 s of model time on."""
    _with_line(run)
    run.require(np.isfinite(run.lines.drf[:, 0]), "sprint_late")
    return run.lines.drf


@metric("F0", unit="N", tests=RUN, source=SAMOZINO, method=LINE, group="force and velocity", scope="run")
def f0(run: Sprinters) -> Floats:
    """Horizontal force at no velocity: intercept of the line of force over velocity, drag included."""
    _with_line(run)
    return run.lines.f0


@metric("Pmax", unit="W", tests=RUN, source=SAMOZINO, method=LINE, group="force and velocity", scope="run")
def pmax(run: Sprinters) -> Floats:
    """Largest horizontal power by the force-velocity line: F0 times V0 over 4."""
    return run["F0"] * run["V0"] / 4.0


@metric("fv_slope", unit="N*s/m/kg", tests=RUN, source=SAMOZINO, method=LINE, group="force and velocity", scope="run")
def fv_slope(run: Sprinters) -> Floats:
    """Slope of the force-velocity line per kilogram; the more negative, the more the athlete is one of force."""
    _with_line(run)
    per_kg: Floats = run.lines.slope / run.mass
    return per_kg


@metric("kinematic_peak_power", unit="W/kg", tests=RUN, source="Jovanović 2022", method=FIT,
        group="force and velocity", scope="run")  # fmt: skip
def kinematic_peak_power(run: Sprinters) -> Floats:
    """MSS times MAC over 4: largest power per kilogram that goes into speed, the air left out.

    What the package shorts calls PMAX; needs neither mass nor stature.
    """
    return run.mss * run.mss / run.tau / 4.0


def _with_body(run: Sprinters) -> None:
    run.require(np.isfinite(run.mass[:, 0]), "no_mass")
    run.require(np.isfinite(run.height[:, 0]), "no_stature")


def _with_line(run: Sprinters) -> None:
    """Where body and air are known, force must fall as velocity rises."""
    _with_body(run)
    run.require(run.lines.slope[:, 0] < 0.0, "no_line")


# --- how well it fits ---


@metric("fvp_fit_r2", unit="1", tests=RUN, source=HERE, method=FIT, group="fit", scope="run")
def fvp_fit_r2(run: Sprinters) -> tuple[Floats, None]:
    """Share of the variance of what was measured that the fit explains."""
    run.require(np.isfinite(run.r2), "undefined")
    return run.r2, None


@metric("fvp_residual", unit="s", tests=RUN, source=HERE, method=FIT, group="fit", scope="run")
def fvp_residual(run: Sprinters) -> tuple[Floats, None]:
    """Largest distance of a split time from the fit."""
    return _largest(run, SPLITS)


@metric("fvp_residual_speed", unit="m/s", tests=RUN, source=HERE, method=FIT, group="fit", scope="run")
def fvp_residual_speed(run: Sprinters) -> tuple[Floats, None]:
    """Largest distance of a measured velocity from the fit."""
    return _largest(run, VELOCITY)


@metric("fvp_residual_distance", unit="m", tests=RUN, source=HERE, method=FIT, group="fit", scope="run")
def fvp_residual_distance(run: Sprinters) -> tuple[Floats, None]:
    """Largest distance of a measured place from the fit."""
    return _largest(run, POSITIONS)


def _largest(run: Sprinters, kind: str) -> tuple[Floats, None]:
    run.require(run.kind == kind, "other_record")
    return np.nanmax(np.abs(run.fit.residual), axis=1), None


@metric("speed_reached", unit="%", tests=RUN, source=HERE, method=MODEL, group="fit", scope="run")
def speed_reached(run: Sprinters) -> Floats:
    """Share of MSS that is reached where the record ends, by the fit."""
    return run.reached


# --- time trials and fly runs ---


def _define_times() -> None:
    """Times at the distances of time trials, by the model and as measured, and times and speeds of fly runs."""
    for metres in DISTANCES:
        _define_model_time(metres)
        _define_split_time(metres)
    for metres in FLYS:
        _define_fly(metres)


def _define_model_time(metres: int) -> None:
    def model_time(run: Sprinters) -> Floats:
        shift = run.shift if run.kind == SPLITS else 0.0
        behind = run.rules.behind if run.kind == SPLITS else 0.0
        run.require(metres <= BEYOND * _furthest(run), "beyond_record")
        return sprint_model.time_at(np.full_like(run.mss, metres + behind), run.mss, run.tau) - shift

    model_time.__doc__ = (f"Time to {metres} m by the fit: of splits on their clock, of a radar or laser from the "
                          "model's start.")  # fmt: skip
    metric(f"model_time_{metres}m", unit="s", tests=RUN, source="METRICS.md 12", method=MODEL, group="time trials",
           scope="run")(model_time)  # fmt: skip


def _furthest(run: Sprinters) -> Floats:
    """The distance at which the record ends, (n,), m."""
    if run.kind == SPLITS:
        furthest: Floats = np.nanmax(run.value, axis=1) - run.rules.behind
        return furthest
    return sprint_model.distance(np.maximum(run.last, 0.0), run.mss, run.tau)[:, 0]


def _define_split_time(metres: int) -> None:
    def measured(run: Sprinters) -> tuple[Floats, Floats]:
        return split_time(run, float(metres))

    measured.__doc__ = (f"Time at {metres} m as measured: at a gate there; of a radar or laser from the model's "
                        "start.")  # fmt: skip
    metric(f"split_time_{metres}m", unit="s", tests=RUN, source="METRICS.md 12", method=MEASURED, group="time trials",
           scope="run")(measured)  # fmt: skip


def _define_fly(metres: int) -> None:
    def time(run: Sprinters) -> tuple[Floats, Floats]:
        return fly_time(run, float(metres))

    def speed(run: Sprinters) -> tuple[Floats, Floats]:
        value, doubt = fly_time(run, float(metres))
        with np.errstate(invalid="ignore"):
            return metres / value, doubt * metres / value**2

    time.__doc__ = (f"Fly run: time of the fastest {metres} m between two gates; of a radar or laser the last "
                    f"{metres} m of the run.")  # fmt: skip
    speed.__doc__ = f"Mean speed of the fly run of {metres} m."
    for name, unit, function in ((f"fly_time_{metres}m", "s", time), (f"fly_speed_{metres}m", "m/s", speed)):
        metric(name, unit=unit, tests=RUN, source="METRICS.md 12", method=MEASURED, group="fly runs",
               scope="run")(function)  # fmt: skip


_define_times()
