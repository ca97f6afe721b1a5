"""Jumps among the flights of a record: which are countermovement, squat and drop jumps, and which are none."""

from __future__ import annotations

import numpy as np

from hipdrive.analysis.build import drops, implausible, is_drop, jumps, no_jump
from hipdrive.analysis.facts import NUMBER
from hipdrive.analysis.rep import Rep
from hipdrive.analysis.scene import Found, FoundReps, Scene, numbers
from hipdrive.analysis.signal import Bools, Ints


def jumps_and_drops(scene: Scene) -> Found:
    """Countermovement, squat and drop jumps: each record's one test, and the count of its other flights."""
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
    reps = [r for r in (*found, fallen) if r is not None]
    return Found(_one_test(reps, others), others)


def _one_test(reps: list[Rep], others: Ints) -> tuple[FoundReps, ...]:
    """Drop what is no jump where there are jumps, and keep the commonest test of each record."""
    counts = np.zeros((len(reps), len(others)), dtype=np.int64)
    codes = [no_jump(rep) for rep in reps]
    flying = [code == 0 for code in codes]
    for rep, code in zip(reps, codes, strict=True):
        weight = rep.facts.weight
        wrong = (weight < rep.profile.weight_min) | (weight > rep.profile.weight_max)
        code[wrong] = NUMBER["bad_weight"]
        code[(code == 0) & implausible(rep)] = NUMBER["implausible"]
    for i, rep in enumerate(reps):
        np.add.at(counts[i], rep.facts.record[flying[i]], 1)
    winner = counts.argmax(axis=0) if len(reps) else others
    good = counts.sum(axis=0) > 0
    kept = []
    for i, rep in enumerate(reps):
        record = rep.facts.record
        keep = np.where(good[record], flying[i] & (winner[record] == i), True)
        np.add.at(others, record[~keep], 1)
        if keep.all():
            kept.append((rep, codes[i]))
        elif keep.any():
            kept.append((_subset(rep, keep), codes[i][keep]))
    return tuple(FoundReps(rep, code, numbers(rep.facts.record, rep.facts.events["takeoff"])) for rep, code in kept)


def _subset(rep: Rep, keep: Bools) -> Rep:
    """The same repetitions without some rows; derived events are taken over."""
    part = Rep(rep.facts.where(keep), curve=rep.curve.where(keep))
    for name, times in rep.moments.items():
        part.moments[name] = times[keep]
    part.moved = rep.moved
    return part
