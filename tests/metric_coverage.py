"""docs/coverage.md: every row of METRICS.md's sections against what this version has; what is missing is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from hipdrive.analysis import asymmetry, registry
from hipdrive.analysis.profile import RULES, SECOND_NAMES, Profile
from hipdrive.analysis.quality import CHECKS
from hipdrive.report import words

SHARED = Path(__file__).resolve().parents[2] / "shared" / "METRICS.md"
if not SHARED.exists():
    SHARED = Path("/work/shared/METRICS.md")

SECTIONS = {
    1: "Events",
    2: "Trial quality",
    3: "Countermovement and squat jump",
    4: "Landing",
    5: "Drop jump",
    6: "Hops, rebound, stiffness",
    7: "Asymmetry",
    8: "Isometric, strength profile",
    9: "Balance",
    10: "Sprint start",
    11: "Steps",
    12: "Sprint profile",
    13: "Hip and knee extension timing",
    16: "Synchronisation of force and video",
    17: "Signal processing parameters",
}

ELSEWHERE = {
    "weigh_window": "events `weigh_start`, `weigh_end`",
    "movement_threshold_crossing": "an event",
    "onset_backtrack": "`onset_rule = backtrack`",
    "edge_instant": "`edge_rule`",
    "mean_": "`mean_braking_force` and the like",
    "peak_": "`peak_braking_force` and the like",
    "_second_half": "`propulsive_impulse_second_half`",
    "landing_asymmetry": "`asym_peak_landing_force`, `asym_mean_landing_force`",
    "force_horizontal": "a curve: `hipdrive.analysis.sprint_curves`, drawn in the page of a sprint",
    "hip_angle": "an angle of a motion; read at events as `hip_angle_at_...`",
    "knee_angle": "an angle of a motion; read at events as `knee_angle_at_...`",
    "ankle_dorsiflexion": "an angle of a motion; read at events as `ankle_dorsiflexion_at_...`",
    "trunk_lean": "an angle of a motion; read at events as `trunk_lean_at_...`",
    "shin_angle": "an angle of a motion",
    "joint_angular_velocity": "`hip_peak_extension_velocity`, `hip_velocity_at_...` and the like",
    "extension_onset_j": "`hip_extension_onset`, `knee_...`, `ankle_...`",
    "peak_extension_velocity_time_j": "`hip_peak_extension_velocity_time`, `knee_...`, `ankle_...`",
    "whole_body_lean": "`whole_body_lean_at_takeoff` and the like",
    "overstride_flag": "`hipdrive.analysis.stride.overstride`; a field when steps are a test",
    "com_over_foot_time": "`hipdrive.analysis.stride.com_over_foot_time`; a field when steps are a test",
    "swing_thigh_peak": "`hipdrive.analysis.stride.swing_thigh_peak`; a field when steps are a test",
    "asym_force_time": "`asym_<field>` of every additive field, by phase",
    "sync_offset": "of `hipdrive sync --json`; `offset_s` of the clock in the trial file",
    "sync_drift": "of `hipdrive sync --json`; `slope` less 1 of the clock in the trial file",
    "sync_residual_rms": "of `hipdrive sync --json`; `residual_rms_s` of the clock in the trial file",
    "ball_drop_check": "`hipdrive sync --method ball`",
    "event_uncertainty_video": "`standard_error` of the clock, and the interval of each delay",
    "frame_time": "`times` of a clip (`/video`): middle of the first row's exposure",
    "rolling_shutter_skew": "`readout_ms` of the view file: each point at the instant of its own row",
    "led_onset_time": "a clip's clock `led_code`; times that somebody read: `hipdrive sync --method events`",
    "dropped_frames": "gaps in the log of a recorded camera, by its counter or by times",
    "peak_force_front/rear": "`peak_force_front`, `peak_force_rear`",
    "mean_force_front/rear": "`mean_force_front`, `mean_force_rear`",
    "rfd_front/rear": "`rfd_front`, `rfd_rear`, `..._0_50ms`, `..._0_100ms`",
    "impulse_x_front/rear": "`impulse_x_front`, `impulse_x_rear`",
    "impulse_z_front/rear": "`impulse_z_front`, `impulse_z_rear`",
    "cop_on_block": "`cop_on_block_front`, `cop_on_block_rear`",
    "detrend_policy": "W is corrected, never v; nothing detrends",
    "sampling_rate_effect": "the check `sampling_rate`",
}
"""Rows that are neither field, event, check nor parameter of that very name, and where they are."""

STARS = {
    "hop_mean_*": "hop_mean_",
    "hop_cv_*": "hop_cv_",
    "cmj_rebound_*": "cmj_rebound_",
    "single_leg_stance_*": "single_leg_stance_",
    "second_landing_*": "second_landing_",
    "iso_force_at_t": "iso_force_at_",
    "iso_rfd_0_t": "iso_rfd_0_",
    "iso_impulse_0_t": "iso_impulse_0_",
}
"""Rows for several fields -> how these begin."""

SPLIT = {"cop_range_ap/ml": ("cop_range_ap", "cop_range_ml"), "mean_/peak_": ("mean_", "peak_")}

NOT_YET = {
    "rear_hip_rom_block": "needs block starts, which are no test yet",
    "rear_hip_peak_velocity": "needs block starts, which are no test yet",
    "leg_stiffness_running": "needs the running speed, which no plate measures: another test",
    "fv_slope_jump": "needs a set of loads",
}
"""Missing rows, and why."""


def specified(section: int) -> Iterator[str]:
    """The names in the first column of a section's table."""
    text = SHARED.read_text(encoding="utf-8")
    found = re.search(rf"^## {section}\. .*?(?=^## |\Z)", text, re.M | re.S)
    assert found, f"METRICS.md has no section {section}"
    for row in re.findall(r"^\| (?!Field|---|Item)(.+?) \|", found[0], re.M):
        names = re.findall(r"`([^`]+)`", row)
        if "mean_/peak_" in row:
            names = ["mean_/peak_"]
        for name in names:
            yield from SPLIT.get(name, (name,))


def place(name: str) -> str:
    """Where a name of METRICS.md is in this version, "" where it is not."""
    registry.load_builtin()
    parameters = {f.name for f in fields(Profile)} | set(SECOND_NAMES)
    if name in registry.METRICS:
        return "field"
    if name in registry.ALIASES:
        return f"`{registry.ALIASES[name]}`"
    if name in STARS:
        held = [one for one in (*registry.METRICS, *registry.ALIASES) if one.startswith(STARS[name])]
        return f"{len(held)} fields" if held else ""
    if name in CHECKS:
        return "check"
    if name in words.EVENTS or (name in ("landing_zero_velocity", "iso_onset") and name in EVENTS_OF_TESTS()):
        return "event"
    if name in parameters:
        return "parameter"
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if any(name in rules for rules in RULES.values()):
        return "rule"
    return "function" if name in asymmetry.FORMS or name in asymmetry.OVER_SESSIONS else ""


def EVENTS_OF_TESTS() -> set[str]:
    """Events that begin or end a phase of some test."""
    from hipdrive.analysis.phases import PHASES

    return {event for phases in PHASES.values() for phase in phases for event in (phase.start, phase.end)}


def page() -> str:
    """The whole of docs/coverage.md."""
    registry.load_builtin()
    parts = ["""# Coverage of the catalogue of metrics

Made by `python tests/test_docs.py` from the project's `METRICS.md` and the code; a test compares the two where the
catalogue is at hand. A row can be a field, an event, a check, a parameter or a rule of a profile.

## Tests

| Test | Fields of a repetition | Fields over repetitions | Fields with left, right, asymmetry | Fields of motion |
| --- | --- | --- | --- | --- |"""]  # fmt: skip
    for test in registry.TESTS:
        each, over = registry.metrics_for(test), registry.summaries_for(test)
        own = [m for m in each if m.builtin]
        parts[0] += f"\n| {test} | {len(own)} | {sum(m.builtin for m in over)} | {sum(m.sides for m in own)} | "
        parts[0] += f"{len(registry.motion_for(test))} |"
    lines, details = [], []
    for section, title in SECTIONS.items():
        names = list(dict.fromkeys(specified(section)))
        missing = [name for name in names if not place(name)]
        lines.append(f"| {section} | {title} | {len(names)} | {len(names) - len(missing)} | "
                     f"{', '.join(f'`{name}`' for name in missing)} |")  # fmt: skip
        told = "\n".join(f"| `{name}` | {place(name) or 'missing' + _why(name)} |" for name in names)
        details.append(f"## {section}. {title}\n\n| Row | Here |\n| --- | --- |\n{told}")
    parts.append("## Sections\n\n| Section | | Specified | Here | Missing |\n| --- | --- | --- | --- | --- |\n"
                 + "\n".join(lines))  # fmt: skip
    return "\n\n".join([*parts, *details]) + "\n"


def _why(name: str) -> str:
    return f": {NOT_YET[name]}" if name in NOT_YET else ""
