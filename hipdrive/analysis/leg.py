"""A trial of one leg where each foot has a plate: the leg's own plate is the trial."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hipdrive.analysis.segment import LOADED
from hipdrive.trial import LEFT, RIGHT, Trial

OTHER = {LEFT: RIGHT, RIGHT: LEFT}
"""The other leg."""

EMPTY = 0.10
"""Share of the force up to which the plate of the other leg counts as empty."""

UNLOADED = 2.0
"""Percentile of a plate's force that is its zero: it is off the floor for longer in every jump."""


class Leg(NamedTuple):
    """A trial as it is analysed, and how much of the force the other leg's plate carries: NaN where there is none."""

    trial: Trial
    share: float = math.nan

    @property
    def alone(self) -> bool:
        """Whether the other plate is empty, and was left out."""
        return self.share <= EMPTY


def of_one_leg(trial: Trial) -> Leg:
    """The trial without the other leg's plate where that is empty; unchanged where both legs push.

    >>> import hipdrive as hd
    >>> hopping = hd.simulate("cmj", left_share=1.0).with_facts(side="left")
    >>> of_one_leg(hopping).trial.plates
    ('left',)
    >>> of_one_leg(hd.simulate("cmj").with_facts(side="left")).trial.plates
    ('left', 'right')
    """
    other = OTHER.get(trial.side)
    if other is None or not {trial.side, other} <= set(trial.plates):
        return Leg(trial)
    row = trial.plates.index(other)
    feet = trial.fz[[trial.plates.index(trial.side), row]]
    zero = np.percentile(feet, UNLOADED, axis=1, keepdims=True)
    # whoever stands all the time never shows the zero
    feet = feet - zero if zero.sum() < LOADED else feet
    total = feet.sum(axis=0)
    loaded = total > LOADED
    share = float(feet[1, loaded].sum() / total[loaded].sum()) if loaded.any() else 0.0
    if share > EMPTY:
        return Leg(trial, share)
    keep = [i for i in range(len(trial.plates)) if i != row]
    ranges = tuple(trial.ranges[i] for i in keep if i < len(trial.ranges))
    alone = replace(trial, fz=trial.fz[keep], plates=tuple(trial.plates[i] for i in keep), ranges=ranges)
    return Leg(alone, share)
