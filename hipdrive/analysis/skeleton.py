"""Names of markers and keypoints -> the landmarks of a body: one table, which a new marker set extends.

A name is compared without case, blanks, dots, dashes and a subject's prefix (`Anna:LASI`); its side is an `l`, `r`,
`left` or `right` before or after the part's name: `L_knee`, `LKNE`, `knee_left`, `RKnee`, `LEFT_KNEE` need one row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from hipdrive.trial import LEFT, RIGHT, Floats

SIDES = (LEFT, RIGHT)

PAIRED: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({
    "shoulder": (("sjc",), ("shoulder",), ("sho",), ("acr",), ("acromion",), ("sh",), ("ac",)),
    "elbow": (("ejc",), ("elbowlat", "elbowmed"), ("elbow", "elbowmedial"), ("elb", "melb"), ("elbow",), ("elb",),
              ("elbowlat",), ("lelbow",)),
    "wrist": (("wjc",), ("wristradius", "wristulna"), ("wra", "wrb"), ("wrist",), ("wri",), ("wr",), ("radius",)),
    "hip": (("hjc",), ("hipjointcenter",), ("hipjointcentre",), ("hip",), ("fep",), ("hjcreg",)),
    "knee": (("kjc",), ("kneejointcenter",), ("knee", "mknee"), ("knee", "kneemedial"), ("kneelat", "kneemed"),
             ("lfc", "mfc"), ("lepi", "mepi"), ("kne", "knm"), ("feo",), ("knee",), ("kne",), ("lepi",),
             ("kneelat",), ("lfc",)),
    "ankle": (("ajc",), ("anklejointcenter",), ("ankle", "mankle"), ("ankle", "anklemedial"),
              ("anklelat", "anklemed"), ("lmal", "mmal"), ("ank", "med"), ("tio",), ("ankle",), ("ank",), ("lmal",),
              ("anklelat",)),
    "heel": (("heel",), ("hee",), ("calc",), ("cal",)),
    "toe": (("toe",), ("bigtoe", "smalltoe"), ("bigtoe",), ("footindex",), ("p1mt", "p5mt"), ("mt1", "mt5"),
            ("mth1", "mth5"), ("foot",), ("5meta",), ("p5mt",)),
    "asis": (("asis",), ("asi",), ("ias",)),
    "psis": (("psis",), ("psi",), ("ips",)),
    "ear": (("ear",), ("fhd", "bhd")),
})  # fmt: skip
"""Landmark -> marker names, the best first; of several in one group the mean is taken, where all are there."""

SINGLE: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "sacrum": ("sacr", "sacrum", "sacral", "vsacral", "vsacr", "s1"),
    "c7": ("c7",),
})  # fmt: skip
"""Landmarks in the middle of the body."""

POSE = frozenset(("bigtoe", "smalltoe", "footindex", "eye", "ear", "nose"))
"""Names that only a pose program gives: their points are keypoints, not markers."""


def plain(name: str) -> str:
    """A marker's name without subject, case and separators.

    >>> plain("Anna:R.Knee_Medial")
    'rkneemedial'
    """
    return re.sub(r"[^a-z0-9]", "", name.rpartition(":")[2].lower())


def spellings(part: str, side: str) -> tuple[str, ...]:
    """How the marker of one side may be called; without a side only its own name."""
    return (f"{side[0]}{part}", f"{side}{part}", f"{part}{side}", f"{part}{side[0]}") if side else (part,)


def is_pose(names: Sequence[str]) -> bool:
    """Whether points are keypoints of a pose program rather than markers."""
    known = {plain(name) for name in names}
    keypoints = {one for part in POSE for side in SIDES for one in spellings(part, side)} | {"nose"}
    return bool(known & keypoints)


def landmarks(names: Sequence[str], values: Floats) -> tuple[dict[str, Floats], dict[str, str]]:
    """Points of shape (frames, names, d) -> landmarks, each (frames, d), and the markers each was made of.

    A landmark of one leg or arm is `knee_left`; one without a side in its name, as in a side view, is `knee`.
    """
    places = {plain(name): i for i, name in reversed(list(enumerate(names)))}
    found: dict[str, Floats] = {}
    made: dict[str, str] = {}
    for part, groups in PAIRED.items():
        for side in ("", *SIDES):
            rows = _first(groups, side, places, values)
            if rows:
                name = f"{part}_{side}" if side else part
                found[name] = values[:, rows].mean(axis=1)
                made[name] = "+".join(names[i] for i in rows)
    for name, spelled in SINGLE.items():
        row = next((places[one] for one in spelled if one in places), None)
        if row is not None:
            found[name], made[name] = values[:, row], names[row]
    return found, made


def _first(
    groups: Sequence[tuple[str, ...]], side: str, places: Mapping[str, int], values: Floats
) -> list[int]:  # fmt: skip
    """The markers of the first group of which every one is there and was seen at some time."""
    for group in groups:
        rows = [next((places[s] for s in spellings(part, side) if s in places), -1) for part in group]
        if min(rows) >= 0 and np.isfinite(values[:, rows]).all(axis=(1, 2)).any():
            return rows
    return []
