"""A pose as a Track: the points that `analysis.kinematics.motion_of` makes angles of, each with its own doubt."""

from __future__ import annotations

import numpy as np

from hipdrive.acquisition.video.posing import Pose
from hipdrive.trial import Track


def track_of(pose: Pose, name: str, *, view: str | None = None, least: float = 0.0) -> Track:
    """Points in pixels of the picture as shown, y pointing down, on the clip's clock; `sd` is the spread of the crops.

    view : `side` or `front`, where it is known. least : landmarks less sure than this (`Pose.seen`) are NaN. By default
    none is: the guess of a hidden limb is good as long as both sides move alike, and its spread says how good.

    >>> pose = Pose(times=np.arange(2.0), xy=np.zeros((2, 33, 2)), seen=np.ones((2, 33)), sd=np.ones((2, 33)),
    ...             regions=np.zeros((2, 4)))
    >>> found = track_of(pose, "clip", view="side")
    >>> found.kind, found.values.shape, found.sd.shape
    ('points up=-y view=side', (2, 33, 2), (2, 33))
    """
    hidden = pose.seen < least
    return Track(name=name, kind="points up=-y" + (f" view={view}" if view else ""), times=pose.times,
                 values=np.where(hidden[:, :, None], np.nan, pose.xy), names=pose.names, unit="px",
                 sd=np.where(hidden, np.nan, pose.sd))  # fmt: skip
