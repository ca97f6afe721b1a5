"""A profile: every rule and threshold of an analysis, named and stored with its result.

Profiles are TOML files beside this module, or a user's own; a profile that names a `base` changes only what it says.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hipdrive.errors import ProfileError

FOLDER = Path(__file__).with_name("profiles")
PROFILES = ("hipdrive", "mcmahon2018", "hawkin_like", "forcedecks_like", "fixed_20n")
"""The profiles that come with hipdrive, the default first."""

RULES = {
    "weigh_rule": ("last_quiet", "lowest_mean"),
    "run_direction": ("auto", "x", "-x", "y", "-y"),
    "onset_rule": ("back_shift", "backtrack", "threshold"),
    "edge_rule": ("edge_instant", "edge_line", "threshold"),
    "repair_rule": ("sound", "none"),
    "braking_rule": ("peak_negative_velocity", "force_min"),
    "integration_start": ("onset", "weigh_start"),
    "cutoff_correction": ("on", "off"),
    "edge_handling": ("odd_reflection", "none"),
}
"""Parameters that name a rule, and the rules there are."""

SECOND_NAMES = {"differentiation_window": "rfd_window"}
"""Names that METRICS.md 17 has for parameters of another name."""

POSITIVE = ("g", "weigh_min", "weigh_max", "rearm", "flight_max", "edge_window", "rfd_window", "landing_window",
            "landing_search", "stable_hold", "first_peak_smoothing", "rest_time", "weight_max", "balance_time",
            "balance_min", "single_leg_time", "cop_cutoff", "cop_rate", "motion_cutoff", "motion_copies",
            "motion_noise_time", "motion_bias_time", "motion_gap", "set_time", "sound_speed",
            "onset_slope", "step_threshold", "step_min")  # fmt: skip
"""Parameters without which nothing can be computed."""

SIGNED = ("cop_z0", "overstride_limit", "block_base_front", "block_base_rear")
"""Parameters that may be negative and positive."""


@dataclass(frozen=True)
class Profile:
    """Parameters in SI units; METRICS.md sections 1 to 5 and 9 give each its meaning, source and default."""

    name: str = "hipdrive"
    g: float = 9.80665
    # weighing
    weigh_rule: str = "last_quiet"
    weigh_min: float = 1.0
    weigh_max: float = 3.0
    weigh_gap: float = 0.1
    weigh_sd_pass: float = 0.006
    weigh_sd_warn: float = 0.015
    drift_prior: float = 0.055
    departure: float = 0.05
    # onset
    onset_rule: str = "back_shift"
    onset_sds: float = 5.0
    onset_floor: float = 10.0
    onset_hold: float = 0.010
    onset_back_shift: float = 0.030
    onset_backtrack_band: float = 2.0
    rest_velocity: float = 0.05
    rest_time: float = 0.25
    # take-off and touchdown
    edge_rule: str = "edge_instant"
    edge_sds: float = 5.0
    edge_floor: float = 10.0
    takeoff_fixed: float = 0.0
    contact_fixed: float = 0.0
    rearm: float = 0.25
    edge_window: float = 0.003
    edge_min_rate: float = 400.0
    edge_hold: float = 0.0
    flight_min: float = 0.08
    flight_max: float = 1.3
    flight_sd: float = 0.03
    flight_level: float = 0.08
    flight_trim: float = 0.2
    empty_before: float = 0.3
    visit_gap: float = 2.0
    athlete_weight: float = 3.0
    # filter of a copy, and where integration starts
    lowpass_cutoff: float = 0.0
    cutoff_correction: str = "on"
    edge_handling: str = "odd_reflection"
    integration_start: str = "onset"
    # phases and windows
    braking_rule: str = "peak_negative_velocity"
    propulsion_velocity: float = 0.0
    rfd_window: float = 0.020
    landing_window: float = 0.3
    landing_search: float = 0.8
    stable_band: float = 0.05
    stable_hold: float = 1.0
    landing_impact: float = 1.5
    # isometric pulls
    iso_rise: float = 0.2
    iso_hold: float = 0.2
    iso_longest: float = 20.0
    iso_speed: float = 2.0
    iso_cell_level: float = 50.0
    iso_onset_fixed: float = 0.0
    iso_dip_time: float = 0.5
    iso_rise_time: float = 1.0
    iso_drift: float = 0.02
    iso_pretension_max: float = 50.0
    # sprint starts
    set_time: float = 0.5
    onset_slope: float = 500.0
    onset_fixed: float = 50.0
    exit_floor: float = 20.0
    false_start_limit: float = 0.100
    set_sd_warn: float = 0.02
    set_slope_warn: float = 50.0
    set_weight_warn: float = 0.01
    given_mass_u: float = 0.1
    gun_distance: float = 0.0
    sound_speed: float = 343.0
    leg_length: float = 0.0
    block_angle_front: float = 0.0
    block_angle_rear: float = 0.0
    block_base_front: float = 0.0
    block_base_rear: float = 0.0
    # steps
    run_direction: str = "auto"
    step_threshold: float = 20.0
    step_min: float = 0.04
    step_max: float = 0.45
    step_flight_max: float = 0.3
    step_gap: float = 0.01
    entry_velocity: float = 0.0
    belt_speed: float = 0.0
    # peaks and classes
    first_peak_prominence: float = 0.1
    first_peak_smoothing: float = 0.005
    impact_share: float = 0.2
    fast_contact: float = 0.25
    # standing and its centre of pressure
    balance_skip: float = 2.0
    balance_time: float = 30.0
    balance_min: float = 5.0
    single_leg_time: float = 20.0
    single_leg_min: float = 8.0
    balance_moved: float = 0.15
    cop_cutoff: float = 10.0
    cop_rate: float = 100.0
    cop_min_force: float = 50.0
    cop_min_share: float = 0.05
    cop_masked_max: float = 0.1
    cop_z0: float = 0.0
    # telling the tests apart
    cmj_velocity: float = -0.25
    cmj_depth: float = -0.10
    drop_velocity: float = -0.7
    contact_max: float = 1.5
    rebound_max: float = 1.0
    impact_time: float = 0.1
    flight_min_unweighed: float = 0.15
    level_max: float = 0.25
    # hops
    hop_contact_limit: float = 0.25
    hops_least: float = 3.0
    hop_flight_least: float = 0.2
    hop_gap_warn: float = 0.15
    hop_gap_fail: float = 0.8
    # motion of joints
    motion_cutoff: float = 10.0
    motion_cutoff_start: float = 12.0
    marker_cutoff: float = 15.0
    motion_gap: float = 0.1
    # clocks of plates and cameras
    sync_residual_pass: float = 0.002
    sync_residual_warn: float = 0.005
    sync_model_error: float = 0.015
    sync_drift_warn: float = 100e-6
    sync_drift_prior: float = 50e-6
    sync_drift_span: float = 60.0
    # quality
    repair_rule: str = "sound"
    offset_min: float = 0.5
    weight_min: float = 200.0
    weight_max: float = 3000.0
    weight_light: float = 300.0
    noise_warn: float = 3.0
    ringing_warn: float = 15.0
    drop_error_warn: float = 0.05
    height_max: float = 1.0
    drop_max: float = 2.0
    depth_max: float = 0.8
    rise_min: float = 0.03
    rise_max: float = 0.2
    push_min: float = 0.15
    push_max: float = 0.7
    given_mass_warn: float = 2.0
    body_mass_min: float = 30.0
    load_max: float = 3.0
    session_weight_warn: float = 0.5
    offset_warn: float = 20.0
    height_gap_high: float = 0.03
    height_gap_low: float = -0.02
    closure_noted: float = 0.01
    closure_warn: float = 0.05
    closure_fail: float = 0.15
    rate_min: float = 500.0
    # timing of joints
    motion_copies: float = 200.0
    motion_noise_time: float = 0.012
    motion_bias: float = 2.0
    motion_bias_time: float = 0.15
    motion_pose_error: float = 3.5
    motion_point_bias: float = 0.015
    motion_onset_share: float = 0.05
    motion_onset_floor: float = 20.0
    motion_onset_hold: float = 0.030
    motion_plateau: float = 0.95
    motion_overlap: float = 0.5
    motion_push_margin: float = 0.050
    motion_after: float = 0.15
    motion_peak_u95_max: float = 0.020
    motion_onset_u95_max: float = 0.060
    motion_sync_max: float = 0.005
    motion_bend_min: float = 30.0
    overstride_limit: float = 0.0

    def parameters(self) -> dict[str, Any]:
        """Every parameter by name, as stored with a result."""
        return {name: getattr(self, name) for name in KINDS}


KINDS: Mapping[str, type] = MappingProxyType({f.name: type(f.default) for f in fields(Profile) if f.name != "name"})


def load_profile(name: str | Path | Profile = "hipdrive", overrides: Mapping[str, Any] | None = None) -> Profile:
    """The profile of a name or TOML file, with single parameters replaced.

    Raises
    ------
    ProfileError : unknown profile or parameter, or a value of the wrong kind.

    >>> load_profile("fixed_20n").takeoff_fixed
    20.0
    >>> load_profile("hipdrive", {"onset_sds": "6"}).onset_sds
    6.0
    """
    base = name if isinstance(name, Profile) else _named(str(name))
    if not overrides:
        return base
    named = {SECOND_NAMES.get(k, k): v for k, v in overrides.items()}
    return replace(base, **{k: _checked(f"--set {k}", k, v) for k, v in named.items()})


LARGEST_FILE = 1_000_000
"""Bytes: nobody writes a longer profile."""


def _named(name: str) -> Profile:
    # only the shipped ones are remembered: a user's file may change between two calls
    return _shipped(name) if name in PROFILES else _file(name)


@cache
def _shipped(name: str) -> Profile:
    return _file(name)


def _file(name: str) -> Profile:
    file = FOLDER / f"{name}.toml" if name in PROFILES else Path(name)
    if name not in PROFILES and file.suffix != ".toml":
        raise ProfileError("profile_unknown", f"profile {name!r} is not known; choose one of {', '.join(PROFILES)} "
                           "or give a .toml file")  # fmt: skip
    return _from_file(file)


def _from_file(file: Path, depth: int = 0) -> Profile:
    try:
        if file.exists() and (not file.is_file() or file.stat().st_size > LARGEST_FILE):
            raise ProfileError("profile_file", f"{file}: this is no profile; give a small TOML file")
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValueError, RecursionError) as why:
        raise ProfileError("profile_file", f"{file}: the profile cannot be read ({why}); give a TOML file") from why
    base_name = table.pop("base", "hipdrive")
    if depth > 3:
        raise ProfileError("profile_base", f"{file}: profiles are based on one another without end; mend `base`")
    base = Profile()
    if base_name not in PROFILES:
        near = difflib.get_close_matches(str(base_name), PROFILES, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; choose one of {', '.join(PROFILES)}"
        raise ProfileError("profile_base", f"{file}: there is no profile {base_name!r} to start from{hint}")
    if base_name != "hipdrive" and file.parent != FOLDER:
        base = _from_file(FOLDER / f"{base_name}.toml", depth + 1)
    named = {SECOND_NAMES.get(k, k): v for k, v in table.items() if k not in ("name", "note")}
    values = {k: _checked(str(file), k, v) for k, v in named.items()}
    return replace(base, name=str(table.get("name", file.stem)), **values)


def _checked(where: str, key: str, value: Any) -> Any:
    """A parameter's value in its own kind, or one sentence."""
    if key not in KINDS:
        near = difflib.get_close_matches(key, KINDS, 1)
        hint = f"; did you mean {near[0]}?" if near else "; docs/metrics.md lists them"
        raise ProfileError("parameter_unknown", f"{where}: there is no parameter {key!r}{hint}")
    if key in RULES:
        if value not in RULES[key]:
            raise ProfileError("parameter_value", f"{where}: {key} is {value!r}; use {' or '.join(RULES[key])}")
        return value
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ProfileError("parameter_value", f"{where}: {key} is {value!r}; give a number")
    usual = float(getattr(Profile, key))
    wrong_side = key not in SIGNED and (number > 0.0 if usual < 0.0 else number < 0.0)
    if wrong_side or abs(number) > 1000.0 * max(abs(usual), 1.0):
        raise ProfileError("parameter_value", f"{where}: {key} makes no sense as {number:g}; it is usually {usual:g}")
    if key in POSITIVE and number == 0.0:
        raise ProfileError("parameter_value", f"{where}: {key} must not be zero; it is usually {usual:g}")
    return number
