"""A pose as a CSV file that `--motion` reads: a time, then x and y (px, y pointing down) of each landmark."""

from __future__ import annotations

import numpy as np

from hipdrive.acquisition.video.posing import Pose


def table(pose: Pose) -> str:
    """The text: unseen places are empty.

    >>> pose = Pose(times=np.zeros(1), xy=np.ones((1, 33, 2)), seen=np.ones((1, 33)), sd=np.ones((1, 33)),
    ...             regions=np.zeros((1, 4)))
    >>> [line[:50] for line in table(pose).splitlines()]
    ['time (s),nose_x (px),nose_y (px),left_eye_inner_x ', '0.000000,1.000,1.000,1.000,1.000,1.000,1.000,1.000']
    """
    heads = ["time (s)", *(f"{name}_{axis} (px)" for name in pose.names for axis in "xy")]
    lines = [",".join(heads)]
    for time, places in zip(pose.times, pose.xy.reshape(len(pose.times), -1), strict=True):
        lines.append(",".join([f"{time:.6f}", *("" if np.isnan(one) else f"{one:.3f}" for one in places)]))
    return "\n".join(lines) + "\n"
