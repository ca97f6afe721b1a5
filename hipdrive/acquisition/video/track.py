"""A pose as Tracks: the points that `analysis.kinematics.motion_of` makes angles of, and how sure each of them is."""

from __future__ import annotations

import numpy as np

from hipdrive.acquisition.video.posing import Pose
from hipdrive.trial import Track

LEAST = 0.0
"""Certainty from which on a landmark counts as seen. The network's guess of a hidden limb is good while both sides move
alike and says so in its spread; who compares sides needs more, 0.5 for example."""


def tracks_of(pose: Pose, name: str, *, view: str | None = None, least: float = LEAST) -> tuple[Track, Track]:
    """Points in pixels as shown, y pointing down, and the spread of each; both on the clip's clock.

    view : `side` or `front`, where it is known. least : landmarks less sure than this are NaN.

    >>> import numpy as np
    >>> from hipdrive.analysis.kinematics import stated
    >>> pose = Pose(times=np.arange(2.0), xy=np.zeros((2, 33, 2)), seen=np.ones((2, 33)), sd=np.ones((2, 33)),
    ...             regions=np.zeros((2, 4)))
    >>> points, spread = tracks_of(pose, "clip", view="side")
    >>> stated(points), points.values.shape, spread.values.shape
    ({'up': '-y', 'view': 'side'}, (2, 33, 2), (2, 33, 1))
    """
    kind = "points up=-y" + (f" view={view}" if view else "")
    hidden = pose.seen < least
    points = Track(name=name, kind=kind, times=pose.times, values=np.where(hidden[:, :, None], np.nan, pose.xy),
                   names=pose.names, unit="px")  # fmt: skip
    spread = Track(name=f"{name}.spread", kind="spread", times=pose.times,
                   values=np.where(hidden, np.nan, pose.sd)[:, :, None], names=pose.names, unit="px")  # fmt: skip
    return points, spread
