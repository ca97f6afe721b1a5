"""Steps as repetitions: each contact of a run (`contacts`) with its flight, its weight and what it pushes.

A run is weighed by the mass that was given, else by its mean vertical force over whole steps: between two contacts of
a steady run the body neither rises nor falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hipdrive.analysis.checks import NONE, NOTED, WARNED, limits
from hipdrive.analysis.contacts import Contact, Run, contacts_of, goes_on, may_run, sides_of
from hipdrive.analysis.curve import Curve
from hipdrive.analysis.facts import NO_TIER, NUMBER, Facts, no_drift
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene
from hipdrive.analysis.signal import Block, Floats, Ints
from hipdrive.analysis.stance import nowhere
from hipdrive.analysis.weighing import Still
from hipdrive.trial import Trial

BY_RUN, BY_MASS, UNKNOWN = 0, 5, 7
"""Where the weight comes from: places in `locate.WEIGHED`."""

FEW_STEPS = 4
"""Whole steps from which a run weighs the athlete."""

RISE = 0.08
"""m/s: standard uncertainty of the difference of the vertical velocities at the ends of a run (engineering default)."""

MISSED, AWAY = 2.2, 0.6
"""Median flights, and steps beyond one, from which a contact beside the plates is taken to lie in a flight."""

OFF = 0.25
"""Share by which the vertical impulse of a contact may differ from what its flights need: beyond, it was not all on
the plates."""

MARGIN = 0.02
"""s around a contact that its curve holds."""


@dataclass(frozen=True, eq=False)
class Step:
    """One contact among those of its run. number counts from 1.

    flight_before, flight : s, NaN at the ends of the run. missed : whether a contact may be missing after it.
    misfit : by how much its vertical impulse differs from what its flights need, %, NaN where that is not known.
    """

    run: Run
    contact: Contact
    number: int
    flight_before: float
    flight: float
    after: Contact | None
    missed: bool
    side: str
    misfit: float = np.nan

    @property
    def partial(self) -> bool:
        """Whether a part of the contact was beside the plates."""
        return abs(self.misfit) > 100.0 * OFF


class Steps(Rep):
    """Steps as metrics see them. steps : one a row. trials : one a row. weighed : where each weight comes from."""

    def __init__(
        self, facts: Facts, curve: Curve, steps: Sequence[Step], trials: Sequence[Trial], weighed: Ints
    ) -> None:
        super().__init__(facts, curve=curve)
        self.steps, self.trials, self.weighed = steps, trials, weighed

    def of(self, values: Sequence[float] | Floats) -> Floats:
        """A number of each row in every copy, (n, k)."""
        return np.repeat(np.asarray(values, dtype=np.float64)[:, np.newaxis], self.k, axis=1)

    def needs_whole(self) -> None:
        """Refuse contacts that are cut off, or not all on the plates."""
        self.require(np.array([not one.contact.cut for one in self.steps]), "cut_contact")
        self.require(np.array([not one.partial for one in self.steps]), "beside_plates")

    def needs_next(self) -> None:
        """Refuse steps whose next contact is not known."""
        self.require(np.array([one.after is not None for one in self.steps]), "last_step")
        self.require(np.array([not one.missed for one in self.steps]), "missed_contact")

    def needs_places(self) -> None:
        """Refuse steps of which one end is not known: of a contact that is not whole only a part has a place."""
        self.needs_whole()
        self.needs_next()
        self.require(np.array([one.after is None or not one.after.cut for one in self.steps]), "cut_contact")
        beside = {id(one.contact) for one in self.steps if one.partial}
        self.require(np.array([id(one.after) not in beside for one in self.steps]), "beside_plates")

    def needs_horizontal(self) -> None:
        """Refuse records whose plates measure no horizontal force, or were never empty."""
        self.require(np.array([one.run.horizontal for one in self.steps]), "no_horizontal")
        self.require(np.array([np.isfinite(one.contact.doubt).all() for one in self.steps]), "no_empty_plate")


def footsteps(scene: Scene) -> Found:
    """Every contact of every record as one step; unasked, only of what is a run over plates for sure."""
    block, n = scene.block, len(scene.trials)
    others, code = np.zeros(n, dtype=np.int64), np.full(n, NUMBER["no_contact"])
    unasked = scene.given.test == "auto"
    if unasked and len(block.names) < 2:
        return Found((), others, code)
    runs = [Run(code="gaps") if bad else _run(trial, scene.profile, unasked)
            for trial, bad in zip(scene.trials, scene.refused.tolist(), strict=True)]  # fmt: skip
    code = np.array([NUMBER[run.code] if run.code else 0 for run in runs])
    if not (code == 0).any():
        return Found((), others, code)
    record, steps, weights = [], [], []
    for r in np.flatnonzero(code == 0).tolist():
        given = float(scene.given.weight[r])
        weight = _weighed(runs[r], given, scene.profile)
        own = _steps(runs[r], weight[0])
        steps += own
        record += [r] * len(own)
        weights += [weight] * len(own)
    rep = _rep(block, np.array(record), steps, weights, scene)
    bad = (rep.facts.weight < scene.profile.weight_min) | (rep.facts.weight > scene.profile.weight_max)
    wrong = np.where(bad, NUMBER["bad_weight"], 0)
    return Found((FoundReps(rep, wrong, np.array([one.number for one in steps])),), others, code)


def _run(trial: Trial, profile: Profile, unasked: bool) -> Run:
    """The run of a record; unasked, only one that is a run for sure."""
    if unasked and not may_run(trial):
        return Run(code="no_contact")
    run = contacts_of(trial, profile)
    return run if not unasked or run.code or goes_on(run) else Run(code="no_contact")


def _steps(run: Run, weight: float) -> list[Step]:
    """The steps of a run, with their flights; what is missing after one is told by flights much longer than others."""
    contacts, missed = run.contacts, _missed(run.contacts)
    flights = [b.start - a.end for a, b in pairwise(contacts)]
    sides = sides_of(contacts, missed)
    found = []
    for i, one in enumerate(contacts):
        before = flights[i - 1] if i and not missed[i - 1] else np.nan
        flight = flights[i] if i < len(flights) else np.nan
        after = contacts[i + 1] if i + 1 < len(contacts) else None
        aired = 0.5 * (before + flight)
        misfit = np.nan
        if np.isfinite(aired) and not missed[i] and np.isfinite(weight):
            needed = weight * (one.time + aired)
            misfit = 100.0 * (one.impulse(2) - needed) / needed
        found.append(Step(run, one, i + 1, before, flight, after, missed[i], sides[i], misfit))
    return found


def _missed(contacts: Sequence[Contact]) -> list[bool]:
    """After which contacts another one may be missing: their flight is as long as a step and more."""
    pairs = list(pairwise(contacts))
    if not pairs:
        return [False]
    flights = np.array([b.start - a.end for a, b in pairs])
    usual, step = float(np.median(flights)), float(np.median([b.start - a.start for a, b in pairs]))
    return [bool(f > MISSED * usual and f > usual + AWAY * step) for f in flights] + [False]


def _weighed(run: Run, given: float, profile: Profile) -> tuple[float, float, int]:
    """Weight of a run, its standard uncertainty, N, and where it comes from."""
    if np.isfinite(given):
        return given, profile.given_mass_u * profile.g, BY_MASS
    whole = _unbroken(run.contacts)
    if len(whole) <= FEW_STEPS:
        return np.nan, np.nan, UNKNOWN
    span = whole[-1].start - whole[0].start
    lifted = sum(one.impulse(2) for one in whole[:-1])
    weight = lifted / span
    return weight, weight / profile.g * RISE / span, BY_RUN


def _unbroken(contacts: Sequence[Contact]) -> list[Contact]:
    """The longest stretch of whole contacts among which none is missing."""
    stretches: list[list[Contact]] = [[]]
    for one, gap in zip(contacts, _missed(contacts), strict=True):
        if not one.cut:
            stretches[-1].append(one)
        if one.cut or gap:
            stretches.append([])
    return max(stretches, key=len)


def _rep(block: Block, record: Ints, steps: Sequence[Step], weights: Sequence[tuple[float, float, int]],
         scene: Scene) -> Steps:  # fmt: skip
    rate, n = block.rate, len(steps)
    contacts = [one.contact for one in steps]
    weight, weight_u, source = (np.array(column) for column in zip(*weights, strict=True))
    start, end = np.array([one.start for one in contacts]), np.array([one.end for one in contacts])
    after = [one.after for one in steps]
    follows = [one.after is not None and not one.missed for one in steps]
    next_ = np.array([one.start if one is not None and ok else np.nan for one, ok in zip(after, follows, strict=True)])
    next_u = np.array([one.start_u if one is not None and ok else 0.0 for one, ok in zip(after, follows, strict=True)])
    events = {"first_contact": start, "takeoff": end, "next_contact": next_}
    u = {"first_contact": np.array([one.start_u for one in contacts]),
         "takeoff": np.array([one.end_u for one in contacts]), "next_contact": next_u}  # fmt: skip
    why = [0 if ok else NUMBER["missed_contact" if one.missed else "last_step"]
           for one, ok in zip(steps, follows, strict=True)]  # fmt: skip
    reasons = {"next_contact": np.array(why)} if any(why) else {}
    if not np.isfinite(weight).all():
        reasons["weight"] = np.where(np.isfinite(weight), 0, NUMBER["no_run_weight"])
    origin = np.array([one.first for one in contacts])
    net = np.zeros((n, max(one.push.shape[1] for one in contacts)))
    for row, one, w in zip(net, contacts, np.nan_to_num(weight).tolist(), strict=True):
        row[: one.push.shape[1]] = one.push[2] - w
    nothing, zeros = np.full(n, np.nan), np.zeros(n)
    noise = np.array([float(one.noise[2]) for one in contacts])
    still = Still(origin, origin, weight, zeros, zeros, np.zeros(n, dtype=np.int64), zeros, zeros)
    facts = Facts(
        block=block, record=record, test="steps", profile=scene.profile, zero=zeros, level=zeros, noise=noise,
        zero_u=zeros, weight=weight, weight_u=np.nan_to_num(weight_u), events=events, u=u, bias={}, reasons=reasons,
        anchor=nothing, anchor_at="", anchor_velocity=zeros, start_u=zeros, **no_drift(n), tail=zeros,
        origin="first_contact", located=nowhere(record, origin, origin, still, zeros, weight, noise), plate_zero={},
        plate_noise={}, box_height=scene.given.box_height[record], given_weight=scene.given.weight[record],
        load=scene.given.load[record], tier=np.full(n, NO_TIER), two_plate_velocity=nothing,
    )  # fmt: skip
    trials = [scene.trials[r] for r in record.tolist()]
    return Steps(facts, Curve.of(net, origin, rate, twice=True), steps, trials, source)


# --- checks ---------------------------------------------------------------------------------------------------------


def of_steps(rep: Steps) -> dict[str, tuple[Floats, Ints]]:
    """Values and levels of the checks of steps, one a row."""
    contacts = [one.contact for one in rep.steps]
    first = np.array([one.number == 1 for one in rep.steps])
    cut = np.array([bool(one.cut) for one in contacts])
    beside = np.array([one.partial for one in rep.steps])
    missed = np.array([one.missed for one in rep.steps])
    askew = np.array([float(np.degrees(np.arctan2(one.run.heading[1], one.run.heading[0]))) for one in rep.steps])
    weighed = np.where(first & (rep.weighed == BY_RUN), rep.facts.weight, np.nan)
    return {
        "system_weight": limits(np.where(first, rep.facts.weight, np.nan), np.zeros(rep.n, dtype=bool)),
        "weight_of_run": (weighed, np.where(np.isfinite(weighed), NOTED, NONE)),
        "cut_contact": (np.array([float(one.number) for one in rep.steps]), np.where(cut, NOTED, NONE)),
        "beside_plates": (np.array([one.misfit for one in rep.steps]), np.where(beside, WARNED, NONE)),
        "missed_contact": (np.array([one.flight for one in rep.steps]), np.where(missed, WARNED, NONE)),
        "run_direction": (askew, np.where(first & (askew != 0.0), NOTED, NONE)),
        "unloaded_noise_sd": limits(rep.facts.noise, rep.facts.noise > rep.profile.noise_warn),
    }
