"""Sprint starts as repetitions: each record's push (`startpush`) as facts, curves of every plate, and their copies.

A start has no flight from standing and is not weighed by standing still: the weight is that of the set position where
plates carry all of it, else the mass that was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from hipdrive.analysis.curve import Curve
from hipdrive.analysis.facts import NO_TIER, NUMBER, Facts, no_drift
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene
from hipdrive.analysis.signal import Block, Floats, Ints
from hipdrive.analysis.stance import nowhere
from hipdrive.analysis.startpush import FEET, FRONT, HANDS, REAR, Plate, Push, push_of, quiet_of
from hipdrive.analysis.weighing import Still
from hipdrive.trial import Trial

PARTS = tuple(f"{plate}_{axis}" for plate in (FRONT, REAR, FEET, HANDS) for axis in "xz")
"""Every force that a start may have."""

MEASURED = ("gun", "hand_onset", "push_onset", "front_onset", "rear_onset", "rear_exit", "front_exit")
"""Events with an uncertainty of their own."""

BY_PLATES, BY_MASS, UNKNOWN = 0, 5, 7
"""Where the weight comes from: places in `locate.WEIGHED`."""

PIECES = 8
"""Pieces of the set position whose means say how certain its mean is."""

STUDENT = 2.365 / 1.96
"""97.5 % quantile of Student's t with 7 degrees of freedom, over that of the normal one."""

MARGIN = 0.06
"""s around set position and exit that the curves hold."""


class Starts(Rep):
    """Starts as metrics see them: the force of each part (`PARTS`) as a curve, its zero and its noise as inputs.

    pushes : one a row. weighed : rows whose weight is that of the set position. set_sum : mean vertical force there, N.
    """

    more = tuple(f"{part}_{what}" for part in PARTS for what in ("zero", "noise"))

    def __init__(self, facts: Facts, curve: Curve, pushes: Sequence[Push], trials: Sequence[Trial], weighed: Ints,
                 set_sum: Floats) -> None:  # fmt: skip
        super().__init__(facts, curve=curve)
        self.pushes, self.trials, self.weighed, self.set_sum = pushes, trials, weighed, set_sum
        self.parts: dict[str, Curve] = {}
        self._zeros: dict[str, Floats] = {}
        self._walks: dict[str, Floats] = {}
        self.wholes: dict[str, Curve] = {}
        for part in PARTS:
            self._add(part)
        for name in ("slope", "5sd", "3sd", "fixed"):
            times = np.array([push.events[f"push_onset_{name}"] for push in pushes])
            self.moments[f"push_onset_{name}"] = np.repeat(times[:, np.newaxis], self.k, axis=1)
        lifted = sum(self._zeros[part] for part in self.parts if part.endswith("_z"))
        self.weight = self.weight + np.where(self.weighed[:, np.newaxis] == 1, np.nan_to_num(lifted), 0.0)
        self.mass = self.weight / self.g

    def _add(self, part: str) -> None:
        """A part's curve and its copies, where any row has the part."""
        plate, axis = part.split("_")
        i = "xz".index(axis)
        rows = [push.plates.get(plate) for push in self.pushes]
        zero_u = np.array([0.0 if one is None else one.zero_u[i] if one.has[i] else 0.0 for one in rows])
        noise = np.array([0.0 if one is None or not one.has[i] else one.noise[i] for one in rows])
        self._zeros[part] = self._raised(f"{part}_zero", np.zeros(self.n), zero_u)
        self._walks[part] = self._raised(f"{part}_noise", np.zeros(self.n), noise * np.sqrt(1.0 / self.curve.rate))
        if any(one is not None and one.has[i] for one in rows):
            values = [None if one is None else one.x if i == 0 else one.z for one in rows]
            self.parts[part] = _curve_of(values, self.curve)

    def has(self, plate: str, axis: str) -> Floats:
        """Which rows measured a force."""
        i = "xz".index(axis)
        return np.array([plate in push.plates and push.plates[plate].has[i] for push in self.pushes])

    def under(self, row: int, plate: str) -> Plate:
        """A plate of a row, of NaN where the row lacks it: whoever asks has refused that row."""
        push = self.pushes[row]
        if plate in push.plates:
            return push.plates[plate]
        none = np.full_like(next(iter(push.plates.values())).x, np.nan)
        return Plate(none, none, (True, True), (np.nan, np.nan), (np.nan, np.nan), (np.nan, np.nan))

    def whole_of(self, plate: str) -> Curve:
        """The resultant of a plate as a curve."""
        if plate not in self.wholes:
            feet = [self.under(row, plate).whole for row in range(self.n)]
            self.wholes[plate] = _curve_of(feet, self.curve)
        return self.wholes[plate]

    @property
    def feet(self) -> tuple[str, ...]:
        """The plates of the feet: the same in every row of a block."""
        return (FRONT, REAR) if self.pushes[0].apart else (FEET,)

    @property
    def hands(self) -> bool:
        """Whether a plate is under the hands."""
        return HANDS in self.pushes[0].plates

    def impulse_of(self, part: str, start: str, end: str) -> Floats:
        """Impulse of a part between two events, N*s, (n, k); zero where nobody measures it."""
        a, b = self.times(start), self.times(end)
        if part not in self.parts:
            return np.zeros((self.n, self.k))
        curve = self.parts[part]
        whole = curve.read(b)[1] - curve.read(a)[1]
        span = b - a
        return np.asarray(whole + self._zeros[part] * span + self._walks[part] * np.sqrt(np.abs(span[:, :1])))

    def samples_of(self, row: int, start: str, end: str) -> slice:
        """The samples of a row from one event to another, within the record."""
        rate = self.curve.rate
        a, b = self.moments[start][row, 0], self.moments[end][row, 0]
        if not (np.isfinite(a) and np.isfinite(b)):
            return slice(0, 0)
        return slice(int(np.ceil(a * rate)), int(np.ceil(b * rate)))


def _curve_of(values: Sequence[Floats | None], like: Curve) -> Curve:
    """Rows of a part over the samples of another curve; zero where a row lacks it."""
    width = like.values.shape[1]
    rows = np.zeros((len(values), width))
    for target, one, origin in zip(rows, values, like.origin.tolist(), strict=True):
        if one is not None:
            part = one[origin : origin + width]
            target[: len(part)] = part
    return Curve.of(rows, like.origin, like.rate)


def is_start(plates: Sequence[str], trials: Sequence[Trial]) -> bool:
    """Whether records are starts, unasked: plates are called front and rear, or somebody said which start it is."""
    return {FRONT, REAR} <= set(plates) or (len(trials) > 0 and all(trial.start for trial in trials))


def starts(scene: Scene) -> Found:
    """One start a record. Unasked, only a record with plates called front and rear is one."""
    block, n = scene.block, len(scene.trials)
    others, code = np.zeros(n, dtype=np.int64), np.full(n, NUMBER["no_push"])
    if scene.given.test == "auto" and not is_start(block.names, scene.trials):
        return Found((), others, code)
    pushes = [push_of(trial, scene.profile) if not bad else Push(code="gaps")
              for trial, bad in zip(scene.trials, scene.refused.tolist(), strict=True)]  # fmt: skip
    code = np.array([NUMBER[push.code] if push.code else 0 for push in pushes])
    rows = np.flatnonzero(code == 0)
    if not len(rows):
        return Found((), others, code)
    rep = _rep(block, rows, [pushes[i] for i in rows], scene)
    backwards = np.array([_backwards(push, scene.block.rate) for push in rep.pushes])
    wrong = np.where(backwards, NUMBER["blocks_backwards"], 0)
    weight = rep.facts.weight
    bad = (weight < scene.profile.weight_min) | (weight > scene.profile.weight_max)
    wrong = np.where((wrong == 0) & bad, NUMBER["bad_weight"], wrong)
    return Found((FoundReps(rep, wrong, np.ones(len(rows), dtype=np.int64)),), others, code)


def _backwards(push: Push, rate: float) -> bool:
    """Whether the feet push backwards on the whole."""
    a, b = (round(push.events[name] * rate) for name in ("push_onset", "front_exit"))
    return sum(float(one.x[a:b].sum()) for name, one in push.plates.items() if name != HANDS and one.has[0]) < 0.0


def _rep(block: Block, rows: Ints, pushes: Sequence[Push], scene: Scene) -> Starts:
    rate, profile, n = block.rate, scene.profile, len(rows)
    trials = [scene.trials[i] for i in rows]
    events = {name: np.array([push.events.get(name, np.nan) for push in pushes]) for name in MEASURED}
    u = {name: np.array([push.u.get(name, np.nan) for push in pushes]) for name in MEASURED}
    given = scene.given.weight[rows]
    weighed = [_weighed(push, trial, w, scene) for push, trial, w in zip(pushes, trials, given, strict=True)]
    weight, weight_u, source, set_sum, why = (np.array(column) for column in zip(*weighed, strict=True))
    window = np.array([push.set_window for push in pushes])
    first = np.minimum(window[:, 0], np.floor((events["push_onset"] - MARGIN) * rate).astype(np.int64))
    first = np.maximum(first, 0)
    last = np.ceil((np.fmax(events["front_exit"], events["rear_exit"]) + MARGIN) * rate).astype(np.int64)
    net = _curve_of([_vertical(push) - np.nan_to_num(w) for push, w in zip(pushes, weight, strict=True)],
                    Curve.of(np.zeros((n, int((last - first).max()))), first, rate))  # fmt: skip
    nothing, zeros = np.full(n, np.nan), np.zeros(n)
    noise = np.array([max(one.spread for one in push.plates.values()) for push in pushes])
    facts = Facts(
        block=block, record=rows, test="block_start", profile=profile, zero=zeros, level=_levels(pushes), noise=noise,
        zero_u=zeros, weight=weight, weight_u=weight_u, events=events, u={k: np.nan_to_num(v) for k, v in u.items()},
        bias={}, reasons=_reasons(pushes, why), anchor=nothing, anchor_at="", anchor_velocity=zeros, start_u=zeros,
        **no_drift(n), tail=zeros, origin="push_onset",
        located=nowhere(rows, window[:, 0], window[:, 1], _still(pushes, window, rate), zeros, weight, noise),
        plate_zero={}, plate_noise={}, box_height=scene.given.box_height[rows], given_weight=given,
        load=scene.given.load[rows], tier=np.full(n, NO_TIER), two_plate_velocity=nothing,
    )  # fmt: skip
    return Starts(facts, Curve.of(net.values, first, rate, twice=True), pushes, trials, (source == BY_PLATES) * 1,
                  set_sum)  # fmt: skip


def _levels(pushes: Sequence[Push]) -> Floats:
    """Largest zero of the plates of each start, N."""
    return np.array([max((level for one in push.plates.values() for level in one.zero), key=abs) for push in pushes])


def _vertical(push: Push) -> Floats:
    return np.asarray(sum(one.z for one in push.plates.values()))


def _still(pushes: Sequence[Push], window: Ints, rate: float) -> Still:
    """The set position as a weighing."""
    found = []
    for push, (a, b) in zip(pushes, window.tolist(), strict=True):
        force = _vertical(push)[a:b]
        mean, sd, slope = quiet_of(force, (0, len(force)), rate)
        found.append((mean, sd, slope, PIECES, _pieces(force)[1]))
    mean, sd, slope, count, block_sd = np.array(found, dtype=np.float64).T
    return Still(window[:, 0], window[:, 1], mean, sd, slope, count.astype(np.int64), block_sd, np.zeros(len(found)))


def _pieces(force: Floats) -> tuple[float, float]:
    """Mean of a stretch, and the SD of the means of its pieces."""
    size = len(force) // PIECES
    if size < 2:
        return float("nan"), float("nan")
    means = force[: size * PIECES].reshape(PIECES, size).mean(axis=1)
    return float(force.mean()), float(means.std(ddof=1))


def _weighed(push: Push, trial: Trial, given: float, scene: Scene) -> tuple[float, float, int, float, str]:
    """Weight, its standard uncertainty, N, where it comes from, what the plates carry in the set position, and why not.

    The set position counts where plates carry all of it: with a plate under the hands, in a standing start, or where it
    agrees with the mass that was given.
    """
    profile = scene.profile
    a, b = push.set_window
    vertical = all(one.has[1] for one in push.plates.values())
    mean, sd = _pieces(_vertical(push)[a:b]) if vertical else (float("nan"), float("nan"))
    known = np.isfinite(given)
    agrees = bool(known and abs(mean - given) <= profile.set_weight_warn * given)
    whole = HANDS in push.plates or trial.start == "standing"
    if np.isfinite(mean) and (agrees or (whole and not known)):
        return mean, STUDENT * sd / np.sqrt(PIECES), BY_PLATES, mean, ""
    if known:
        return float(given), profile.given_mass_u * profile.g, BY_MASS, mean, ""
    return float("nan"), float("nan"), UNKNOWN, mean, "no_start_mass"


def _reasons(pushes: Sequence[Push], why: Iterable[str]) -> Mapping[str, Ints]:
    """Why events and the weight are missing."""
    found: dict[str, Ints] = {}
    for name in MEASURED:
        usual = "no_hand_plate" if name == "hand_onset" else "one_plate_start"
        codes = [push.missing.get(name, usual) if not np.isfinite(push.events.get(name, np.nan)) else ""
                 for push in pushes]  # fmt: skip
        if any(codes):
            found[name] = np.array([NUMBER[code] if code else 0 for code in codes])
    codes = [*why]
    if any(codes):
        found["weight"] = np.array([NUMBER[code] if code else 0 for code in codes])
    return found
