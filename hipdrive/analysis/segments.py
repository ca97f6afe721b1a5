"""The centre of mass of a body from its segments, arms and all (de Leva 1996, table 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hipdrive.analysis.skeleton import SIDES
from hipdrive.trial import Floats


@dataclass(frozen=True)
class Part:
    """A segment: the share of body mass, and how far along from one landmark to the other its centre lies."""

    near: str
    far: str
    mass: float
    along: float


def _mean(men: float, women: float) -> float:
    return 0.5 * (men + women) / 100.0


TRUNK = Part("shoulder", "hip", _mean(43.46, 42.57), _mean(43.10, 37.82))
HEAD_MASS = _mean(6.94, 6.68)
HEAD_ABOVE = 0.447
"""Of the line from hips to shoulders: how far above the shoulders the head's centre lies (men 0.406, women 0.487: the
head's centre above the seventh neck vertebra, and that above the shoulders' middle)."""

LIMBS = {
    "thigh": Part("hip", "knee", _mean(14.16, 14.78), _mean(40.95, 36.12)),
    "shank": Part("knee", "ankle", _mean(4.33, 4.81), _mean(44.59, 44.16)),
    "foot": Part("heel", "toe", _mean(1.37, 1.29), _mean(44.15, 40.14)),
    "upper arm": Part("shoulder", "elbow", _mean(2.71, 2.55), _mean(57.72, 57.54)),
    "forearm": Part("elbow", "wrist", _mean(1.62, 1.38), _mean(45.74, 45.59)),
}
"""Segments of each side; trial files do not know the athlete's sex, so these are the means of both."""

HAND_MASS = _mean(0.61, 0.56)
HAND_BEYOND = 0.25
"""Of the forearm's length: how far beyond the wrist the hand's centre lies (79 % of 86 mm against 269 mm)."""

WHOLE = "segments_de_leva"


def centre_of_mass(points: Mapping[str, Floats]) -> tuple[Floats | None, str]:
    """The centre of mass of landmarks of shape (frames, 3), and the method with what was missing; None without legs.

    A limb seen on one side only stands for both; without arms the rest of the body stands for all of it.
    """
    sums: list[tuple[float, Floats]] = []
    short: list[str] = []
    shoulder, hip = _middle(points, "shoulder"), _middle(points, "hip")
    if shoulder is None or hip is None:
        return None, ""
    sums.append((TRUNK.mass, shoulder + TRUNK.along * (hip - shoulder)))
    ear = _middle(points, "ear")
    sums.append((HEAD_MASS, shoulder + HEAD_ABOVE * (shoulder - hip) if ear is None else ear))
    for name, limb in LIMBS.items():
        sides = _sides(points, limb)
        if not sides:
            if name in ("thigh", "shank"):
                return None, ""
            short.append(name)
            continue
        if len(sides) == 1:
            short.append(f"other {name}")
        sums += [(limb.mass * 2 / len(sides), near + limb.along * (far - near)) for near, far in sides]
        if name == "forearm":
            sums += [(HAND_MASS * 2 / len(sides), far + HAND_BEYOND * (far - near)) for near, far in sides]
    total = sum(mass for mass, _ in sums)
    com = sum((mass * place for mass, place in sums), np.zeros_like(hip)) / total
    return np.asarray(com), _method(short)


def _method(short: list[str]) -> str:
    """The method's name with what was missing."""
    arms = {"upper arm", "forearm"} & set(short)
    told = ["no_arms"] if len(arms) == 2 else ["no_forearms"] if "forearm" in arms else []
    told += ["no_feet"] if "foot" in short else []
    told += ["one_side"] if any(one.startswith("other") for one in short) else []
    return "_".join([WHOLE, *told])


def _middle(points: Mapping[str, Floats], part: str) -> Floats | None:
    sides = [points[f"{part}_{side}"] for side in SIDES if f"{part}_{side}" in points]
    sides = sides or ([points[part]] if part in points else [])
    return np.asarray(np.mean(sides, axis=0)) if sides else None


def _sides(points: Mapping[str, Floats], limb: Part) -> list[tuple[Floats, Floats]]:
    """Both ends of a limb, for each side on which both are there."""
    pairs = [(f"{limb.near}_{side}", f"{limb.far}_{side}") for side in SIDES]
    there = [(points[a], points[b]) for a, b in pairs if a in points and b in points]
    sideless = limb.near in points and limb.far in points
    return there or ([(points[limb.near], points[limb.far])] if sideless else [])
