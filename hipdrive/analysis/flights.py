"""Jumps among the flights of a record: which are countermovement, squat and drop jumps, and which are none."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.build import drops, implausible, is_drop, jumps, no_jump
from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.units import weight_code


def jumps_and_drops(scene: Scene) -> Found:
    """Countermovement, squat and drop jumps, and the count of the flights that are none."""
    block, located, given, refused, profile = scene.block, scene.located, scene.given, scene.refused, scene.profile
    others = np.zeros(len(block.lengths), dtype=np.int64)
    trusted = refused[located.record] == 0
    np.add.at(others, located.record[located.rebound & trusted], 1)
    usable = trusted & ~located.rebound
    drop = located.drop & usable
    stepped = np.zeros(len(drop), dtype=bool)
    fallen = drops(block, located.where(drop), given, profile)
    if fallen is not None:
        # a contact from an empty plate that is no fall: somebody stepped on and jumped at once
        stepped[np.flatnonzero(drop)[~is_drop(fallen)]] = True
        if stepped.any():
            fallen = drops(block, located.where(drop & ~stepped), given, profile)
    rest = usable & (~drop | stepped)
    found: list[Rep] = []
    if given.test == "dj":
        np.add.at(others, located.record[rest], 1)
    else:
        found = jumps(block, located.where(rest), given, profile)
        if given.test != "auto":
            fallen = None
            np.add.at(others, located.record[drop & ~stepped], 1)
    return Found(tuple(_judged(rep) for rep in (*found, fallen) if rep is not None), others)


def _judged(rep: Rep) -> FoundReps:
    """Repetitions with the reasons against them: what is no jump, weighs what nobody weighs, or goes too far."""
    code = no_jump(rep)
    flying = code == 0
    weight = rep.facts.weight
    wrong = (weight < rep.profile.weight_min) | (weight > rep.profile.weight_max)
    code[wrong] = weight_code(weight[wrong], rep.profile)
    code[(code == 0) & implausible(rep)] = NUMBER["implausible"]
    return FoundReps(rep, code, numbers(rep.facts.record, rep.facts.events["takeoff"]), flying)
