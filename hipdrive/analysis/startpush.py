"""The push of one sprint start: zero, set position, gun, onsets and exits, found in the forces of feet and hands.

METRICS.md 10. The literature leaves the onset open, so every rule's answer is kept (`ALTERNATIVES`); the profile's
thresholds (500 N/s, 20 N) are engineering defaults that METRICS.md 21 calls not confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hipdrive.analysis.cop import fourth_difference, smoothed
from hipdrive.analysis.instants import GUN, instants
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.signal import Floats, lasting
from hipdrive.trial import BOX, Trial

FRONT, REAR, HANDS, FEET = "front", "rear", "hands", "feet"
"""Plates of a start; `feet` is the sum of what carries them where one plate, or nobody knows which, has both."""

ALTERNATIVES = ("slope", "5sd", "3sd", "fixed")
"""Other rules for the onset, kept beside the one that is used: the slope's own instant, set level and 5 or 3 SD, and
set level and a fixed force."""

STARTS = ("blocks", "standing", "three_point", "flying")
"""Kinds of start."""

GONE, GONE_HOLD = 0.1, 0.05
"""Share of the largest force below which nobody pushes any more, and for how long, s."""

LONGEST = 1.0
"""s before the end of the push in which it begins."""

EMPTY_AFTER, EMPTY_LEAST, EMPTY_MOST = 0.05, 0.05, 0.5
"""s after the push from which a plate is empty, and how much of that is needed and used."""

STEP = 50.0
"""N by which a plate is stepped on again."""

WEAKEST = 150.0
"""N: no push of a sprint start is smaller."""

LANDS, FLIES = 1.2, 0.03
"""s after the push within which a jump comes down again; s without force that no push has in it."""

HELD = 100.0
"""N that feet hold at least in a set position: on less nobody waits for a gun."""

BEFORE_HALF = 0.35
"""s before half of the rise in which the onset is looked for."""

LEVEL_GAP, LEVEL_TIME = 0.005, 0.1
"""s before the steep rise at which the window of the set level ends, and its length."""

SOON = 0.06
"""s from the steep rise within which the level is crossed."""

SET_LEAST = 0.8
"""Share of the window of the set level that the record must hold."""

EXIT_HOLD = 0.02
"""s that a block stays unloaded after its exit."""

DRAWS = 48
"""Draws of the noise by which the uncertainty of an event is found."""

REDRAWN, OWN_REDRAWN, HAND_REDRAWN, EXIT_REDRAWN = 0.87, 0.80, 1.0, 0.65
"""Scatter of an onset (of both feet, of one, of the hands) and of an exit, over that of redrawn noise, which adds to
what smoothing has left (simulated)."""

SMOOTH = 0.005
"""s over which force is averaged before noise is drawn on it."""

SPILL, EXIT_SPILL = 0.2, 0.05
"""Of a sampling interval: what remains of a bend between two samples, of an onset and an exit (simulated)."""


@dataclass(frozen=True, eq=False)
class Plate:
    """One plate of the start: its forces less its zero, (samples,), and what is known of the zero and the noise.

    x, z : forwards and up, N; zeros where not measured (`has`). zero_u : standard uncertainty of the zero, N, NaN where
    the plate was never seen empty. noise : SD of each.
    """

    x: Floats
    z: Floats
    has: tuple[bool, bool]
    zero_u: tuple[float, float]
    noise: tuple[float, float]
    zero: tuple[float, float]

    @property
    def whole(self) -> Floats:
        """Resultant, N."""
        return np.hypot(self.x, self.z)

    @property
    def doubt(self) -> float:
        """Standard uncertainty of the zero of the resultant at most, N; NaN where the plate was never seen empty."""
        return max((u for u, has in zip(self.zero_u, self.has, strict=True) if has), key=lambda u: (np.isnan(u), u))

    @property
    def spread(self) -> float:
        """SD of the noise of the resultant, N."""
        return max(noise for noise, has in zip(self.noise, self.has, strict=True) if has)


@dataclass(frozen=True, eq=False)
class Push:
    """One start. events : time s; u : standard uncertainty, s; NaN where not found. set_window : samples [a, b).

    code : why there is no start, "" where there is one. missing : event -> why it was not found.
    """

    plates: Mapping[str, Plate] = field(default_factory=dict)
    apart: bool = False
    events: Mapping[str, float] = field(default_factory=dict)
    u: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    set_window: tuple[int, int] = (0, 0)
    gun_method: str = ""
    code: str = ""


def push_of(trial: Trial, profile: Profile) -> Push:
    """The start in a trial, or why there is none."""
    kind = trial.start or "blocks"
    if kind == "flying":
        return Push(code="flying_start")
    raw, apart = _plates(trial)
    if not raw:
        return Push(code="no_feet")
    rate = trial.rate
    feet = np.asarray(sum(np.hypot(x, z) for name, (x, z, _) in raw.items() if name != HANDS))
    end = _gone(feet, rate)
    if isinstance(end, str):
        return Push(code=end)
    plates = {name: _zeroed(x, z, has, end, rate) for name, (x, z, has) in raw.items()}
    own = [name for name in plates if name != HANDS]
    total = np.asarray(sum(plates[name].whole for name in own))
    noise = float(np.sqrt(sum(plates[name].spread ** 2 for name in own)))
    gun, gun_u, method = _gun(trial, profile)
    rise = _rise(total, end, rate, gun)
    if isinstance(rise, str):
        return Push(code=rise)
    found = _onset(total, noise, rise, rate, profile, REDRAWN)
    if found is None:
        return Push(code="no_set" if rise < round(LEVEL_TIME * rate) else "no_push_onset")
    steep, onset, onset_u = found
    if gun > (end / rate) + 0.5:
        gun, missing = np.nan, {"gun": "gun_late"}
    else:
        missing = {} if np.isfinite(gun) else {"gun": "no_gun"}
    last = min(round(gun * rate), steep - round(LEVEL_GAP * rate)) if np.isfinite(gun) else steep - round(0.05 * rate)
    window = max(0, last - round(profile.set_time * rate)), max(last, 0)
    if _level(total, steep, rate) < HELD:
        return Push(code="not_set")
    if _lands(total, end, rate):
        return Push(code="lands_again")
    if _flies(total[steep : end - round(0.05 * rate)], rate):
        return Push(code="no_push")
    events, us = {"gun": gun, "push_onset": onset}, {"gun": gun_u, "push_onset": onset_u}
    for name, time in _alternatives(total, steep, window, rate, profile).items():
        events[f"push_onset_{name}"], us[f"push_onset_{name}"] = time, np.nan
    exits = [FRONT, REAR] if apart else own[:1]
    for name in exits:
        foot = plates[name]
        level = max(profile.exit_floor, profile.onset_sds * foot.spread)
        event = f"{name}_exit" if apart else "front_exit"
        values = foot.whole if apart else total
        events[event], us[event] = _exit(values, foot.spread, level, rise, end, rate)
        if apart:
            each = _onset(foot.whole, foot.spread, rise, rate, profile, OWN_REDRAWN)
            events[f"{name}_onset"], us[f"{name}_onset"] = each[1:] if each else (np.nan, np.nan)
            if each is None:
                missing[f"{name}_onset"] = "no_own_onset"
    if apart and not events["rear_exit"] <= events["front_exit"] + 0.02:
        return Push(code="blocks_swapped" if np.isfinite(events["rear_exit"]) else "no_exit")
    if not np.isfinite(events["front_exit"]):
        return Push(code="no_exit")
    if HANDS in plates:
        hands = plates[HANDS]
        time, u = _hand_onset(hands.whole, hands.spread, round(onset * rate), rate, profile)
        events["hand_onset"], us["hand_onset"] = time, u
        if not np.isfinite(time):
            missing["hand_onset"] = "no_hand_onset"
    return Push(plates, apart, events, us, missing, window, method)


def _lands(total: Floats, end: int, rate: float) -> bool:
    """Whether somebody comes down on the plates of the feet soon after the push: a jump, or the next contact."""
    after = total[end + round(EMPTY_AFTER * rate) : end + round(LANDS * rate)]
    return bool(len(after) and after.max() > 0.5 * float(total[:end].max()))


def _flies(total: Floats, rate: float) -> bool:
    """Whether the feet are in the air within what should be one push."""
    empty = (total < HELD)[np.newaxis]
    return bool(empty.size and lasting(empty, max(1, round(FLIES * rate))).any())


def _level(total: Floats, steep: int, rate: float) -> float:
    """What the feet hold just before the steep rise, N."""
    stop = steep - round(LEVEL_GAP * rate)
    part = total[max(0, stop - round(LEVEL_TIME * rate)) : max(stop, 0)]
    return float(part.mean()) if len(part) else float("inf")


# --- plates and their zero ------------------------------------------------------------------------------------------


def _plates(trial: Trial) -> tuple[dict[str, tuple[Floats, Floats, tuple[bool, bool]]], bool]:
    """Plate -> x, z and which of them was measured; and whether front and rear are told apart."""
    names = [name for name in trial.plates if name != BOX]
    apart = {FRONT, REAR} <= set(names)
    found: dict[str, tuple[Floats, Floats, tuple[bool, bool]]] = {}
    for row, name in enumerate(trial.plates):
        if name == BOX:
            continue
        z = np.asarray(trial.fz[row])
        x = trial.components.get(f"{name}.fx")
        has = x is not None, bool(np.any(z != 0.0))
        one = (np.zeros_like(z) if x is None else np.asarray(x), z, has)
        role = name if name == HANDS or (apart and name in (FRONT, REAR)) else FEET
        if role not in found:
            found[role] = one
        elif role == FEET:
            old = found[role]
            found[role] = (old[0] + one[0], old[1] + one[1], (old[2][0] and has[0], old[2][1] and has[1]))
    if not any(name != HANDS for name in found):
        return {}, False
    return {k: v for k, v in found.items() if not (apart and k == FEET)}, apart


def _gone(feet: Floats, rate: float) -> int | str:
    """Sample at which nobody pushes any more, or why there is no push."""
    size = max(1, round(0.01 * rate))
    smooth = np.convolve(feet, np.ones(size) / size, "same")
    floor = float(np.percentile(smooth, 2.0))
    top = float(smooth.max())
    if top - floor < WEAKEST:
        return "no_push"
    low = smooth < floor + GONE * (top - floor)
    peak = int(np.argmax(smooth))
    after = np.flatnonzero(lasting(low[np.newaxis, peak:], max(1, round(GONE_HOLD * rate)))[0])
    return peak + int(after[0]) if after.size else "no_exit"


def _zeroed(x: Floats, z: Floats, has: tuple[bool, bool], end: int, rate: float) -> Plate:
    """A plate less its zero, which it shows after the push."""
    first = end + round(EMPTY_AFTER * rate)
    last = min(len(z), first + round(EMPTY_MOST * rate))
    level, us, noises = [], [], []
    part = np.hypot(x[first:last], z[first:last])
    if part.size:
        begun = np.hypot(x[first:last] - np.median(x[first:last][:20]), z[first:last] - np.median(z[first:last][:20]))
        again = np.flatnonzero(begun > STEP)
        last = first + (int(again[0]) - round(0.02 * rate) if again.size else len(part))
    seen = last - first >= max(EMPTY_LEAST * rate, 10)
    for values in (x, z):
        own = values[first:last] if seen else values[: round(0.3 * rate)]
        noise = float(fourth_difference(own[np.newaxis])[0]) if len(own) > 8 else np.nan
        level.append(float(own.mean()) if seen else 0.0)
        us.append(max(noise, float(own.std())) / np.sqrt(len(own)) if seen else np.nan)
        noises.append(noise)
    return Plate(x - level[0] * has[0], z - level[1] * has[1], has, (us[0], us[1]), (noises[0], noises[1]),
                 (level[0], level[1]))  # fmt: skip


# --- the gun --------------------------------------------------------------------------------------------------------


def _gun(trial: Trial, profile: Profile) -> tuple[float, float, str]:
    """When the start signal was given, s, its standard uncertainty, and how it was seen."""
    found = instants(trial).get(GUN)
    if found is None or not len(found.times) or not np.isfinite(found.u95):
        return np.nan, np.nan, ""
    late = profile.gun_distance / profile.sound_speed
    method = found.method if late == 0.0 else f"{found.method}, {profile.gun_distance:g} m of sound"
    return float(found.times[0]) - late, found.u95 / 1.96, method


# --- the rise and its onset -----------------------------------------------------------------------------------------


def _rise(total: Floats, end: int, rate: float, gun: float) -> int | str:
    """Sample at which the feet's force has half of its rise in the push."""
    begin = max(0, end - round(LONGEST * rate))
    part = total[begin:end]
    if len(part) < 0.15 * rate:
        return "no_set"
    peak = begin + int(np.argmax(part))
    quiet = max(1, round(LEVEL_TIME * rate))
    stop = max(begin + quiet, min(peak, round(gun * rate))) if np.isfinite(gun) else begin + quiet
    level = float(np.median(total[max(0, stop - quiet) : stop]))
    level = min(level, float(np.median(total[begin : begin + quiet])))
    half = np.flatnonzero(total[begin : peak + 1] > 0.5 * (level + float(total[peak])))
    return begin + int(half[0]) if half.size and half[0] > 0 else "no_set"


def _onset(
    values: Floats, noise: float, rise: int, rate: float, profile: Profile, share: float
) -> tuple[int, float, float] | None:
    """The default rule: sample of the steep rise, time of the onset and its standard uncertainty, s."""
    first = max(0, rise - round(BEFORE_HALF * rate))
    margin = min(first, round(0.1 * rate))
    slope = slopes(_calm(values[first - margin : rise + round(0.1 * rate)], rate), rate)[margin:]
    steep = np.flatnonzero(lasting((slope > profile.onset_slope)[np.newaxis], _hold(profile.onset_hold, rate))[0])
    begins = steep[np.diff(steep, prepend=-2) > 1]
    for at in (first + begins).tolist():
        # noise may be steep for a moment long before: the rise is what crosses the level soon
        found = _crossing(values, at, noise, rate, profile, share)
        if found is not None:
            return at, *found
    return None


def _hold(seconds: float, rate: float) -> int:
    return max(1, round(seconds * rate))


def _calm(values: Floats, rate: float) -> Floats:
    """A copy at 50 Hz, zero lag; as it is where the rate is too low for the filter."""
    out = smoothed(values[np.newaxis], rate, 50.0)[0]
    return values if np.isnan(out).all() else np.where(np.isnan(out), values, out)


def slopes(values: Floats, rate: float, window: float = 0.010) -> Floats:
    """Least-squares slope over a window around each sample, N/s; NaN where the window leaves the record."""
    half = max(1, round(0.5 * window * rate))
    kernel = np.arange(half, -half - 1, -1.0)
    out = np.full(len(values), np.nan)
    if len(values) > 2 * half:
        out[half:-half] = np.convolve(values, kernel, "valid") / float(kernel @ kernel) * rate
    return out


def _crossing(
    values: Floats, steep: int, noise: float, rate: float, profile: Profile, share: float, sign: float = 1.0
) -> tuple[float, float] | None:
    """First lasting crossing of the set level and its threshold after the steep rise began: time, uncertainty, s."""
    gap, length = round(LEVEL_GAP * rate), max(3, round(LEVEL_TIME * rate))
    stop = steep - gap
    if stop < SET_LEAST * length:
        return None
    quiet = values[max(0, stop - length) : stop]
    level, sd = float(quiet.mean()), float(quiet.std(ddof=1))
    theta = max(profile.onset_sds * sd, profile.onset_floor)
    reach = gap + round(SOON * rate)
    part = sign * (values[stop : stop + reach] - level)
    hold = _hold(profile.onset_hold, rate)
    place = _first_above(part[np.newaxis], np.array([theta]), hold)[0]
    if not np.isfinite(place):
        return None
    base = smooth_of(part, rate)
    rng = np.random.default_rng(10)
    drawn = base + noise * rng.standard_normal((DRAWS, len(base)))
    levels = noise / np.sqrt(length) * rng.standard_normal(DRAWS)
    sds = np.maximum(sd * (1.0 + rng.standard_normal(DRAWS) / np.sqrt(2.0 * length)), 0.0)
    true = np.fmax(profile.onset_sds * noise, profile.onset_floor) if noise > 0.0 else theta
    thetas = np.maximum(profile.onset_sds * sds, profile.onset_floor) + levels
    middle = _first_above(base[np.newaxis], np.array([max(true, 1e-9)]), hold)[0]
    return (stop + float(place)) / rate, _scatter(_first_above(drawn, thetas, hold), middle, rate, share=share)


def _scatter(places: Floats, middle: float, rate: float, spill: float = SPILL, share: float = REDRAWN) -> float:
    """Standard uncertainty, s, of an event that the same rule finds at `places`, and without noise at `middle`."""
    off = places[np.isfinite(places)] - middle
    if off.size < DRAWS // 2 or not np.isfinite(middle):
        return float("nan")
    return float(np.sqrt(share**2 * np.mean(off * off) + spill**2)) / rate


def smooth_of(values: Floats, rate: float) -> Floats:
    """The mean over a few samples around each, with the ends kept."""
    size = 2 * (round(0.5 * SMOOTH * rate)) + 1
    padded = np.pad(values, size // 2, mode="reflect", reflect_type="odd") if len(values) > size else values
    return np.convolve(padded, np.ones(size) / size, "valid") if len(values) > size else values


def _first_above(rows: Floats, level: Floats, hold: int) -> Floats:
    """Interpolated column at which each row first goes above its level for `hold` samples; NaN where it never does."""
    above = rows > level[:, np.newaxis]
    stays = lasting(above, hold)
    found = stays.any(axis=1)
    at = stays.argmax(axis=1)
    rows_at = np.arange(len(rows))
    here, before = rows[rows_at, at], rows[rows_at, np.maximum(at - 1, 0)]
    part = np.where((at > 0) & (here > before), (level - before) / np.where(here > before, here - before, 1.0), 1.0)
    return np.where(found, at - 1.0 + np.clip(part, 0.0, 1.0) + (at == 0), np.nan)


def _alternatives(
    total: Floats, steep: int, window: tuple[int, int], rate: float, profile: Profile
) -> dict[str, float]:
    """What the other rules for the onset say, s; NaN where they say nothing."""
    quiet = total[window[0] : window[1]]
    found = {"slope": steep / rate}
    first = max(0, steep - round(0.1 * rate))
    part = total[first : steep + round(0.15 * rate)]
    if len(quiet) < 10:
        return found | dict.fromkeys(ALTERNATIVES[1:], np.nan)
    level, sd = float(quiet.mean()), float(quiet.std(ddof=1))
    hold = _hold(profile.onset_hold, rate)
    for name, theta in (("5sd", 5.0 * sd), ("3sd", 3.0 * sd), ("fixed", profile.onset_fixed)):
        found[name] = (first + float(_first_above(part[np.newaxis], np.array([level + theta]), hold)[0])) / rate
    return found


def _exit(values: Floats, noise: float, level: float, rise: int, end: int, rate: float) -> tuple[float, float]:
    """When a foot is gone: its force falls below the level for 20 ms; time and standard uncertainty, s."""
    last = min(len(values), end + round(0.15 * rate))
    top = rise + int(np.argmax(values[rise:end])) if end > rise else rise
    hold = _hold(EXIT_HOLD, rate)
    part = -values[top:last]
    place = _first_above(part[np.newaxis], np.array([-level]), hold)[0]
    if not np.isfinite(place):
        return float("nan"), float("nan")
    first = max(0, int(place) - 2 * hold)
    near = part[first : int(place) + 3 * hold]
    base = smooth_of(near, rate)
    drawn = base + noise * np.random.default_rng(11).standard_normal((DRAWS, len(base)))
    middle = float(_first_above(base[np.newaxis], np.array([-level]), hold)[0])
    u = _scatter(_first_above(drawn, np.full(DRAWS, -level), hold), middle, rate, EXIT_SPILL, EXIT_REDRAWN)
    return (top + float(place)) / rate, u


def _hand_onset(values: Floats, noise: float, onset: int, rate: float, profile: Profile) -> tuple[float, float]:
    """When the force of the hands begins to change, up or down, by the rule of the feet."""
    first, last = max(0, onset - round(0.2 * rate)), onset + round(0.1 * rate)
    margin = min(first, round(0.1 * rate))
    slope = np.abs(slopes(_calm(values[first - margin : last], rate), rate)[margin:])
    steep = np.flatnonzero(lasting((slope > profile.onset_slope)[np.newaxis], _hold(profile.onset_hold, rate))[0])
    if not steep.size:
        return float("nan"), float("nan")
    at = first + int(steep[0])
    found = [_crossing(values, at, noise, rate, profile, HAND_REDRAWN, sign) for sign in (1.0, -1.0)]
    times = [one for one in found if one is not None]
    return min(times) if times else (float("nan"), float("nan"))


def quiet_of(values: Any, window: tuple[int, int], rate: float) -> tuple[float, float, float]:
    """Mean, SD and slope (per s) of values over a window; NaN where it holds too little."""
    part = np.asarray(values[window[0] : window[1]], dtype=np.float64)
    if len(part) < max(5, 0.05 * rate):
        return float("nan"), float("nan"), float("nan")
    x = (np.arange(len(part)) - 0.5 * (len(part) - 1)) / rate
    return float(part.mean()), float(part.std(ddof=1)), float(x @ part / (x @ x))
