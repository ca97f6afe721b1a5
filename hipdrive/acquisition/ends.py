"""Which counts of a device say that a channel is at the end of its range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hipdrive.acquisition.source import SourceInfo
from hipdrive.analysis.rails import Rails


@dataclass(frozen=True, eq=False)
class Ends:
    """The ends of a device's channels, by their roles."""

    rails: Rails
    roles: tuple[str, ...]

    def reached(self, counts: ArrayLike) -> dict[str, int]:
        """Role -> samples at an end, of those that have any; a channel without a role is called after its place."""
        found = self.rails.reached(counts)
        return {self.roles[i] or f"channel {i + 1}": int(found[i]) for i in np.flatnonzero(found).tolist()}


def ends_of(info: SourceInfo) -> Ends:
    """The ends of what a source delivers."""
    rails = Rails(info.dtype, info.scaling, [one.low for one in info.channels], [one.high for one in info.channels])
    return Ends(rails, tuple(one.role for one in info.channels))
