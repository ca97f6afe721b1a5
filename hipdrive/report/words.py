"""How fields and tests are called where people read them; scripts keep the field names."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from hipdrive.results import Analysis, Value
from hipdrive.units import COARSE, FINE, SHOWN, Shown, text

TESTS = {
    "cmj": "Countermovement jump",
    "sj": "Squat jump",
    "dj": "Drop jump",
    "cmj_rebound": "Countermovement jump with rebound",
    "hops": "Repeated hops",
    "landing": "Drop landing",
    "isometric": "Isometric pull",
    "balance": "Balance",
    "block_start": "Block start",
    "steps": "First steps",
    "hinge": "Hip hinge",
    "sprint": "Sprint profile",
}

SHORT = {
    "jump_height_tov": "Jump height",
    "jump_height_ft": "Jump height (flight)",
    "jump_height_total": "Jump height (from standing)",
    "rsi_jh": "RSI",
    "rsi_jh_tov": "RSI (take-off velocity)",
    "rsi_ft": "RSI (flight / contact time)",
    "ft_ct_ratio": "Flight / contraction time",
    "time_to_takeoff": "Time to take-off",
    "iso_peak_force": "Peak force",
    "iso_net_peak_force": "Net peak force",
    "iso_peak_force_per_kg": "Peak force per kg",
    "iso_peak_rfd": "Peak RFD (pull)",
    "iso_pretension": "Pretension above weight",
    "iso_hold_quality": "Tension before the pull",
    "fv_slope_jump": "Force-velocity slope (jumps)",
    "fv_force_intercept": "F0 (jumps)",
    "fv_velocity_intercept": "v0 (jumps)",
    "fv_peak_power": "Pmax (jumps)",
    "dsi_net": "Dynamic strength index, net",
    "missing_headline": "Missing numbers",
    "rsi_10_5": "RSI 10/5",
    "hop_count": "Hops",
    "hop_valid_count": "Hops that count",
    "hop_mean_contact_time": "Contact time of the five",
    "hop_mean_jump_height_ft": "Jump height of the five",
    "hop_fatigue_index": "Fatigue index",
    "hop_rsi_ft": "Hop RSI (flight / contact time)",
    "hop_in_limit": "Contact within the limit",
    "hop_first": "First hop",
    "vertical_stiffness_dalleau": "Vertical stiffness",
    "vertical_stiffness_peak": "Vertical stiffness (peak force)",
    "peak_landing_force_rel": "Peak landing force (rel.)",
    "landing_rate_2080": "Landing rate (20-80 %)",
    "time_to_stabilisation": "Time to stabilisation",
    "cop_mean_velocity": "Sway velocity",
    "cop_mean_velocity_ap": "Sway velocity, forwards",
    "cop_mean_velocity_ml": "Sway velocity, sideways",
    "cop_path_length": "Sway path",
    "cop_path_length_ap": "Sway path, forwards",
    "cop_path_length_ml": "Sway path, sideways",
    "cop_rms_ap": "Sway, forwards (RMS)",
    "cop_rms_ml": "Sway, sideways (RMS)",
    "cop_range_ap": "Sway range, forwards",
    "cop_range_ml": "Sway range, sideways",
    "cop_ellipse_area_95": "Sway area (95 %)",
    "cop_mean_frequency": "Sway frequency",
    "cop_x": "Mean place, forwards",
    "cop_y": "Mean place, to the left",
    "force_at_zero_velocity_per_kg": "Force at lowest point per kg",
    "propulsive_rpd": "Rate of power development",
    "propulsive_net_impulse_rel": "Propulsive net impulse / kg",
    "propulsive_gross_impulse_rel": "Propulsive impulse per kg",
    "braking_net_impulse_rel": "Braking net impulse per kg",
    "braking_gross_impulse_rel": "Braking impulse per kg",
    "mean_braking_rfd_rel": "Mean braking RFD per kg",
    "braking_rfd_from_min_rel": "RFD from lowest force per kg",
    "mean_braking_force_from_min": "Mean force from lowest force",
    "braking_net_impulse_from_min": "Net impulse from lowest force",
    "braking_time_from_min": "Braking time from lowest force",
    "braking_rfd_from_min": "RFD from lowest force",
    "loading_rate_mean_dj": "Mean loading rate",
    "loading_rate_dj": "Loading rate",
    "dj_stiffness_slope": "Contact stiffness (slope)",
    "dj_vertical_stiffness": "Contact stiffness (depth)",
    "hip_knee_delay": "Hip to knee, fastest",
    "knee_ankle_delay": "Knee to ankle, fastest",
    "onset_sequence_hip_knee": "Hip to knee, start",
    "pd_sequence_class": "Order of extension",
    "extension_overlap": "Hip and knee together",
    "hip_extension_at_toeoff": "Hip angle at take-off",
    "peak_hip_extension_toeoff_lag": "Take-off to straightest hip",
    "hip_standing_angle": "Hip angle in standing",
    "force_to_hip_onset": "Lowest point to hip start",
    "trunk_pelvis_change": "Trunk against pelvis",
    "arm_swing_lag": "Hip to arms, fastest",
    "fppa": "Knee valgus from the front",
    "knee_ankle_separation_ratio": "Knees apart / ankles apart",
    "hip_velocity_at_peak_force": "Hip velocity at peak force",
    "hip_angle_deepest": "hip",
    "knee_angle_deepest": "knee",
    "ankle_dorsiflexion_deepest": "ankle",
    "trunk_lean_deepest": "trunk lean",
    "step_contact_time": "Contact time of the step",
    "step_flight_time": "Flight time after it",
    "step_side": "Foot",
    "braking_impulse_x": "Braking impulse, horizontal",
    "propulsive_impulse_x": "Propulsive impulse, horizontal",
    "net_impulse_x": "Net forward impulse",
    "ratio_of_forces_step": "Ratio of forces of the step",
    "vertical_stiffness_run": "Vertical stiffness, running",
    "leg_stiffness_running": "Leg stiffness, running",
    "block_velocity_x": "Block velocity",
    "block_velocity_z": "Block velocity, upwards",
    "impulse_x_front": "Forward impulse, front",
    "impulse_x_rear": "Forward impulse, rear",
    "impulse_x_total": "Forward impulse",
    "impulse_z_front": "Vertical impulse, front (gross)",
    "impulse_z_rear": "Vertical impulse, rear (gross)",
    "ahep": "Horizontal power",
    "ahep_rel": "Horizontal power per kg",
    "nahep": "Horizontal power, normalised",
    "nahep_basis": "Normalised by",
    "reaction_time_5sd": "Reaction time (5 SD)",
    "reaction_time_3sd": "Reaction time (3 SD)",
    "reaction_time_slope": "Reaction time (slope)",
    "reaction_time_fixed": "Reaction time (fixed force)",
    "ratio_of_forces_block": "Ratio of forces",
    "ratio_of_forces_block_front": "Ratio of forces, front",
    "ratio_of_forces_block_rear": "Ratio of forces, rear",
    "force_direction_block": "Force direction",
    "force_direction_block_front": "Force direction, front",
    "force_direction_block_rear": "Force direction, rear",
    "rear_impulse_share": "Share of the rear foot",
    "max_sprint_speed": "Top speed (MSS)",
    "max_acceleration": "Acceleration at the start (MAC)",
    "tau": "Time constant (tau)",
    "F0": "F0",
    "F0_per_kg": "F0 per kg",
    "V0": "V0",
    "Pmax": "Pmax",
    "Pmax_per_kg": "Pmax per kg",
    "RFmax": "Largest ratio of forces (RFmax)",
    "DRF": "Decrease of the ratio (DRF)",
    "fv_slope": "Force-velocity slope",
    "kinematic_peak_power": "Pmax without air (MSS·MAC/4)",
    "fvp_fit_r2": "Fit (r²)",
    "fvp_residual": "Largest residual",
    "fvp_residual_speed": "Largest residual, speed",
    "fvp_residual_distance": "Largest residual, distance",
    "speed_reached": "Top speed reached",
    **{f"fly_{what}_{m}m": f"Fly {m} m, {what}" for what in ("time", "speed") for m in (10, 20, 30)},
    "sprint_reached": "Top speed reached",
    "cmj_stiffness": "Stiffness (slope of braking)",
    "cmj_stiffness_depth": "Stiffness (force / depth)",
    "cmj_stiffness_peak": "Stiffness (peak / depth)",
}
"""Fields whose words alone would mislead or run too long."""

WORDS = {"iso": "", "rsi": "RSI", "rfd": "RFD", "sj": "SJ", "cmj": "CMJ", "dj": "DJ", "ssc": "SSC", "ft": "flight time",
         "tov": "take-off velocity", "takeoff": "take-off", "ecc": "eccentric", "con": "concentric",
         "5m": "to 5 m", "10m": "to 10 m", "20m": "to 20 m", "30m": "to 30 m", "40m": "to 40 m",
         "sd": "SD", "2080": "20-80 %", "100ms": "100 ms", "50ms": "50 ms", "200ms": "200 ms", "kg": "kg", "bw": "BW",
         "rel": "(rel.)"}  # fmt: skip

EVENTS = {"peak_force": "largest force", "zero_velocity": "lowest point", "landing_zero_velocity": "landing low point",
          "takeoff": "take-off", "touchdown": "landing", "onset": "start", "force_min": "lowest force",
          "pretension_start": "pretension", "iso_onset": "onset", "iso_peak": "peak", "pull_end": "end",
          "first_contact": "first contact", "peak_negative_velocity": "fastest down",
          "previous_takeoff": "take-off before", "rebound_zero_velocity": "rebound low point",
          "rebound_takeoff": "rebound take-off", "rebound_touchdown": "second landing",
          "next_contact": "next contact",
          "gun": "gun", "push_onset": "push starts", "hand_onset": "hands start", "rear_exit": "rear exit",
          "front_exit": "front exit", "front_onset": "front starts", "rear_onset": "rear starts",
          "run_start": "start of the run", "run_end": "end of what is fitted",
          "stabilisation": "stable", "stance_start": "start", "stance_end": "end"}  # fmt: skip
"""Event names as a coach says them."""

METHODS = {
    "threshold_crossings": "crossings of the threshold",
    "inverse_step_time": "one over contact and flight",
    "cop_and_belt": "from CoP to CoP and the belt",
    "cop_to_cop": "from CoP to CoP",
    "side_of_line": "side of the line of the run",
    "zero_in_flight": "zero taken in flight",
    "less_weight": "less the weight",
    "means_over_contact": "of means over the contact",
    "of_both_sizes": "of the sizes of both impulses",
    "entry_and_impulses": "entry speed and impulses",
    "length_times_rate": "step length times rate",
    "belt_and_places": "belt and step lengths",
    "means_of_both_feet": "index of the means of both feet",
    "peak_over_lowering": "peak force over lowering",
    "rise_held": "last rise before the peak", "parabola": "top of a parabola", "fall": "first fall after the peak",
    "plateau": "above 95 % of the peak", "peak_to_peak": "fastest to fastest", "onset_to_onset": "start to start",
    "delays_beyond_u95": "delays beyond their uncertainty", "above_half_of_peak": "above half of the peak",
    "share_of_extension": "hip of hip and knee", "onset_after_lowest_point": "after the lowest point",
    "largest_angle": "straightest instant", "mean_of_standing": "mean while standing still",
    "toe_ahead_of_com": "toe ahead of the centre of mass", "com_ahead_of_toe": "centre of mass ahead of the toe",
    "deepest_knee": "at the deepest knee bend", "onset_to_takeoff": "from start to take-off",
    "trunk_thigh": "trunk against thigh", "pelvis_thigh": "pelvis against thigh",
    "mean_of_stance": "mean over the stance",
    "impulse_momentum": "from the impulse", "flight_time": "from the flight time", "contact_edges": "edges of contact",
    "work_energy": "from the work done", "double_integration": "force integrated twice",
    "quiet_standing": "mean while standing still", "flight_mean": "mean of the flight",
    "onset_rule": "from the start", "onset by back_shift": "shifted-back start",
    "onset by backtrack": "start traced to the weight", "onset by threshold": "start at the threshold",
    "system_mass-load": "system mass less load", "over_body_mass": "divided by body mass",
    "lowest_force": "with the lowest force", "work/time": "work / time", "distance/time": "distance / time",
    "peak_force/depth": "peak force / depth", "first_peak": "first peak of contact",
    "between_peaks": "between the peaks", "second_peak": "second peak of contact",
    "least_squares": "least-squares slope",
    "force_is_weight": "where force reaches the weight",
    "best rsi_jh": "at the best RSI", "line over loads": "straight line over the loads",
    "best cmj / best sj": "best with / best without countermovement",
    "over_whole_time": "of the time to take-off",
    "velocity_zero": "split at zero velocity", "sample_maximum": "largest sample",
    "sample_minimum": "smallest sample", "braking_slope": "slope of braking", "over_weight": "divided by weight",
    "over_mass": "divided by mass", "half_of_time": "half of the push in time", "slope": "slope of force over depth",
    "first_peak_20_80": "20-80 % of the first peak", "band_of_weight": "force stays near the weight",
    "backward_integration": "backwards from rest", "flight_anchored": "from flight and impulse",
    "two_plate": "from standing on the box's plate", "pearson": "correlation",
    "box_height": "from the height of the box", "first_fifth": "peak in the first fifth",
    "best_5_of_10": "best 5 of the first 10", "mean_of_best_5": "mean of those five", "sd/mean_of_5": "SD / mean of 5",
    "contact_within_limit": "fast contacts of the first 10", "mean_of_all": "mean of all hops",
    "flight_before_and_after": "contacts between two flights", "largest_of_all": "largest of all hops",
    "last_3/first_3": "last 3 against hops 2 to 4", "sum": "all together", "first_of_series": "begins the series",
    "highest_hop": "of the highest hop",
    "3_highest": "of the 3 highest", "5_highest": "of the 5 highest", "sine_model": "sine-shaped contact",
    "continuous_integration": "integrated from the start", "two_flights": "from the flights before and after",
    "contact_time_250ms": "fast up to 250 ms", "drop_height-box_height": "drop height less box height",
    "weight after_landing": "weighed after landing", "weight before": "weighed before",
    "weight unsteady_stance": "unsteady while weighed", "weight unsteady": "unsteady while weighed",
    "weight box_plate": "weighed on the box's plate", "weight given_mass": "weight from the given mass",
    "jump_height_tov": "jump heights", "height with the best rsi_jh": "height with the best RSI",
    "1.96*SD": "1.96 SD", "kappa": "Cohen's kappa", "100*involved/uninvolved": "injured leg / other",
    "after the onset": "timed from the onset", "gross": "forces with body weight", "net": "forces above body weight",
    "half a second before the onset": "the half second before the onset",
    "at_peak_force": "at the peak force",
    "since_push_onset": "from the start of the push",
    "gun_to_exit": "from gun to front exit",
    "impulse_based": "of impulses, not a mean over time",
    "slope_then_level": "rise by slope, start by level",
    "onset_of_hands": "first change of the hands' force",
    "onset_to_exits": "each foot until its exit",
    "onset_to_front_exit": "from start of push to front exit",
    "onset_to_own_exit": "until the foot's own exit",
    "onset_to_rear_exit": "from start of push to rear exit",
    "hof_length": "over mass, g^1.5 and root of length",
    "own_onsets": "each block by its own start",
    "below_limit": "reaction time below the limit",
    "direction_of_velocity": "direction of the velocity",
    "as_given": "the length that was given",
    "rear/whole push": "rear / whole push",
    "rear/both feet": "rear / both feet",
    "set position/weight": "set position / weight",
    "kinetic energy/push time": "kinetic energy / push time",
    "velocity/push time": "velocity / push time",
    "net impulse/mass": "net impulse / mass",
    "onset_by_slope": "start where the slope is steep",
    "onset_by_5sd": "start at set level and 5 SD",
    "onset_by_3sd": "start at set level and 3 SD",
    "onset_by_fixed": "start at set level and a fixed force",
    "gun_level": "gun by its level",
    "gun_sound": "gun by its sound",
    "gun_counter": "gun by a counter",
    "gun_pulse": "gun by a pulse",
    "feet_and_hands": "feet and hands",
    "feet_alone": "feet alone",
    "by_stature": "by stature",
    "by_leg": "by leg length",
    "weight set_position": "weighed in the set position",
    "pretension+5SD": "pretension and 5 SD", "cmj/isometric gross": "countermovement jump / pull, gross",
    "cmj/isometric net": "countermovement jump / pull, net", "sj/isometric gross": "squat jump / pull, gross",
    "sj/isometric net": "squat jump / pull, net", "100*(L-R)/max": "in per cent of the larger",
    "onset to half of the peak": "until half of the peak is left", "quiet_pretension": "mean while held still",
    "weight elsewhere_in_record": "weighed elsewhere in the record",
    "flight": "from the flight before", "cop_lowpassed": "low-passed at 10 Hz, every 10 ms",
    "impulse/time": "impulse / time", "depth/time": "depth / time",
    "displacement/time": "displacement / time", "left/total": "left / both", "sample_sd": "SD of the samples",
    "run_fit": "least-squares fit", "run_model": "by the fit", "run_line": "force-velocity line",
    "run_air": "air, mass and stature", "run_measured": "as measured",
    "record": "length of the record", "sample_extreme": "sample of the largest size",
}  # fmt: skip
"""Methods as a coach says them; scripts keep the names. What is not here is said in its own words."""

HOPS = {"hop_rsi": "RSI", "jump_height_ft": "height", "hop_contact_time": "contact", "hop_flight_time": "flight",
        "vertical_stiffness_dalleau": "stiffness"}  # fmt: skip
"""Fields of a hop where a column is as wide as a number."""

REBOUND = "cmj_rebound_"

TIMES_WEIGHT = "× weight"

LEVELS = {"info": "note", "warn": "warning", "fail": "failed"}


class Parts(NamedTuple):
    """A shown number in pieces, for tables with a column for each."""

    number: str
    u95: str
    unit: str


def clean(told: object) -> str:
    r"""Text from a file on one printable line: control characters would steer a terminal or break a table.

    >>> clean("a\x1b[31m\nb")
    'a?[31m b'
    """
    line = " ".join(str(told).split())
    return "".join(c if c.isprintable() else "?" for c in line)


def name_of_test(test: str) -> str:
    """The test as it is called in the sports hall; a record in which none was found is a recording.

    >>> name_of_test("dj"), name_of_test("auto")
    ('Drop jump', 'Recording')
    """
    return "Recording" if test == "auto" else TESTS.get(test, clean(test))


def carried(analysis: Analysis) -> list[str]:
    """What sets a trial apart from others of its test: arm swing, a load."""
    about = analysis.provenance
    load = about.get("load_kg", 0.0)
    return ["arm swing"] * bool(about.get("arms")) + ([f"load {load:g} kg"] if load else [])


def label(field: str) -> str:
    """A field in words.

    >>> label("peak_rfd"), label("jump_height_tov"), label("cmj_rebound_contact_time")
    ('Peak RFD', 'Jump height', 'Rebound contact time')
    """
    if field in SHORT:
        return SHORT[field]
    if field.startswith(REBOUND):
        return f"Rebound {_inside(label(field.removeprefix(REBOUND)))}"
    words = " ".join(filter(None, (WORDS.get(word, word) for word in _apart(field).split("_"))))
    return words[:1].upper() + words[1:]


def _apart(field: str) -> str:
    """A window of time as one word: rfd_0_200ms -> rfd_0-200 ms."""
    return re.sub(r"_0_(\d+)ms", r"_0-\1 ms", re.sub(r"_at_(\d+)ms", r"_at_\1 ms", field))


def event_label(event: str) -> str:
    """An event in words.

    >>> event_label("zero_velocity"), event_label("weigh_start")
    ('lowest point', 'weigh start')
    """
    return EVENTS.get(event, event.replace("_", " "))


def method(name: str) -> str:
    """How a number was made, in words.

    >>> method("impulse_momentum, weight after_landing"), method("jump_height_ft/contact_time")
    ('from the impulse, weighed after landing', 'jump height (flight) / contact time')
    >>> method("least_squares_20ms"), method("repetition with the best rsi_jh"), method("my_own")
    ('steepest 20 ms', 'of the repetition with the best RSI', 'my own')
    """
    return ", ".join(_method(one) for one in clean(name).split(", "))


def _method(name: str) -> str:
    if name in METHODS:
        return METHODS[name]
    start, _, field = name.partition("repetition with the best ")
    if field and not start:
        return f"of the repetition with the best {_inside(label(field))}"
    if match := re.fullmatch(r"(least_squares|first)_([\d.]+)ms", name):
        return f"{'first' if match[1] == 'first' else 'steepest'} {match[2]} ms"
    if match := re.fullmatch(r"lowpass ([\d.]+) Hz", name):
        return f"low-pass {match[1]} Hz"
    if match := re.fullmatch(r"(mean|sample_sd|sd/mean)_of_(\d+)", name):
        return {"mean": "mean", "sample_sd": "SD", "sd/mean": "SD / mean"}[match[1]] + f" of {match[2]}"
    if match := re.fullmatch(r"(angle|velocity)_at_(\w+)", name):
        event = "the touchdown" if match[2] == "touchdown" else event_label(match[2])
        return f"{match[1]} at {'the ' if 'point' in event or 'force' in event else ''}{event}"
    if re.fullmatch(r"(best|mean)_of_\d+(/(best|mean)_of_\d+)?", name):
        return name.replace("_", " ").replace("/", " / ")
    if re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_]+)+", name):
        return " / ".join(_inside(label(part)) for part in name.split("/"))
    return name.replace("_", " ")


def _inside(words: str) -> str:
    """Words within a sentence: a small letter first, unless an abbreviation begins."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def larger(index: Value) -> str:
    """An index of left against right as words: how large, and which side is larger; "" where it is missing.

    >>> larger(Value(-5.84, "%", 0.21)), larger(Value(12.0, "%")), larger(Value(0.01, "%"))
    ('5.8 ± 0.2 %, right larger', '12.0 %, left larger', '0.0 %')
    """
    number, u95, unit = parts(Value(abs(index.value), index.unit, index.u95))
    if not number:
        return ""
    told = f"{number} ± {u95} {unit}" if u95 else f"{number} {unit}"
    if not number.strip("0."):
        return told
    return f"{told}, {'left' if index.value > 0.0 else 'right'} larger"


def parts(value: Value) -> Parts:
    """A value in display units, split into number, uncertainty and unit; the number of a missing one is "".

    >>> parts(Value(0.31452, "m", 0.0022))
    Parts(number='31.5', u95='0.2', unit='cm')
    >>> parts(Value(3.224, "1", 0.003, "over_weight"))
    Parts(number='3.224', u95='0.003', unit='× weight')
    >>> parts(Value(1.0, "bool"))
    Parts(number='yes', u95='', unit='')
    """
    form = _form(value)
    unit = shown_unit = form.unit
    if value.unit == "1" and value.method.startswith("over_weight"):
        shown_unit = TIMES_WEIGHT
    if not math.isfinite(value.value):
        return Parts("", "", shown_unit)
    if value.label is not None:
        return Parts(value.label, "", shown_unit)
    body = text(value.value, value.unit, value.u95, form).removesuffix(unit).strip()
    number, _, u95 = body.partition(" ± ")
    number = number.removeprefix("-") if not number.strip("-0.") else number
    return Parts(number, _not_nothing(u95), shown_unit)


def _form(value: Value) -> Shown:
    """How the unit is shown: finer of a centre of pressure, coarser of a run."""
    own = FINE if value.method.startswith("cop") else COARSE if value.method.startswith("run_") else SHOWN
    return own.get(value.unit, SHOWN[value.unit])


def shown(value: Value) -> str:
    """A value on one line, "-" where it is missing.

    >>> shown(Value(0.487, "s"))
    '487 ms'
    """
    number, u95, unit = parts(value)
    doubt = f" ± {u95}" if u95 else ""
    return f"{number}{doubt} {unit}".rstrip() if number else "-"


def _not_nothing(u95: str) -> str:
    """An uncertainty too small for its digits is not zero."""
    return f"<{u95[:-1]}1" if u95 and not u95.strip("0.") else u95


def sentence(told: str) -> str:
    """A message as a sentence: capital first, full stop last."""
    line = clean(told)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".") if line else ""


def reason(value: Value, told: set[str]) -> str:
    """Why a number is missing, once for all that miss it alike; "" where it is there. told : reasons that stand above.

    >>> above: set[str] = set()
    >>> nothing = Value(math.nan, "s", why="no flight was found")
    >>> reason(nothing, above), reason(nothing, above), reason(Value(0.4, "s"), above)
    ('No flight was found.', 'As above.', '')
    """
    if math.isfinite(value.value):
        return ""
    again, why = value.why in told, value.why or ""
    told.add(why)
    return "As above." if again else sentence(why)
