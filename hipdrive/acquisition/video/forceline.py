"""The force of the plates in a picture: an arrow from where it acts, by the camera that the plate's corners told."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hipdrive.analysis.viewed import camera_of, projected
from hipdrive.trial import Floats, Trial

LONG = 0.6
"""m of the arrow for a force of one body weight."""

LEAST = 30.0
"""N: below, nobody stands on the plates and the centre of pressure is noise."""

Place = tuple[float, float]


@dataclass(frozen=True, eq=False)
class ForceLine:
    """Forces of a trial in a picture.

    force : ndarray, shape (samples, 3), N, of all plates. cop : (samples, 3), m from the middle of the plate that was
    clicked. scale : m of the arrow for a newton.
    """

    camera: tuple[Floats, Floats, Floats]
    rate: float
    force: Floats
    cop: Floats
    scale: float

    def at(self, t: float) -> tuple[Place, Place] | None:
        """Foot and tip of the arrow, px, at a time, s; None where there is no force, or nobody knows where it acts."""
        place = round(t * self.rate)
        if not 0 <= place < len(self.force) or self.force[place, 2] < LEAST:
            return None
        ends = np.stack([self.cop[place], self.cop[place] + self.scale * self.force[place]])
        px = projected(ends, self.camera)
        if not np.isfinite(px).all():
            return None
        return (float(px[0, 0]), float(px[0, 1])), (float(px[1, 0]), float(px[1, 1]))


def force_line(trial: Trial, about: Mapping[str, Any]) -> ForceLine | None:
    """The line for a clip whose `camera` and `plate` (the id of the one that was clicked) are known; else None.

    The athlete's forward is the rig's X where he faces right or away in the picture's plate, as `view` orders corners.
    """
    camera = camera_of(about.get("camera"))
    plate = about.get("plate")
    if camera is None or not isinstance(plate, str) or plate not in trial.plates:
        return None
    centre = _positions(trial).get(plate)
    rows = [(k, name) for k, name in enumerate(trial.plates) if f"{name}.copx" in trial.components]
    if centre is None or len(rows) != len(trial.plates):
        return None
    fz = trial.fz
    total = fz.sum(axis=0)
    force, cop = np.zeros((trial.samples, 3)), np.zeros((trial.samples, 3))
    force[:, 2] = total
    for axis, name in enumerate(("fx", "fy")):
        parts = [trial.components[f"{plate}.{name}"] for _, plate in rows if f"{plate}.{name}" in trial.components]
        if len(parts) == len(rows):
            force[:, axis] = np.sum(parts, axis=0)
    for axis, name in enumerate(("copx", "copy")):
        moments = sum(np.nan_to_num(trial.components[f"{plate}.{name}"]) * np.maximum(fz[k], 0.0) for k, plate in rows)
        cop[:, axis] = moments / np.maximum(np.maximum(fz, 0.0).sum(axis=0), 1e-9) - centre[axis]
    usual = float(np.median(total[total > LEAST])) if (total > LEAST).any() else math.nan
    return ForceLine(camera, trial.rate, force, cop, LONG / usual) if math.isfinite(usual) else None


def _positions(trial: Trial) -> dict[str, tuple[float, float]]:
    """Where the middles of the plates are, m, by the rig of the trial."""
    try:
        plates = tomllib.loads(trial.rig).get("plates", [])
        placed = {str(one["id"]): one.get("position_m", (0.0, 0.0)) for one in plates}
        return {name: (float(at[0]), float(at[1])) for name, at in placed.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, IndexError, AttributeError):
        return {}
