"""Delays of a runner at 7 m/s, from motion alone, against a plain Butterworth filter and a parabola at the peak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, filtfilt

from hipdrive.acquisition.formats.motion import read_motion
from hipdrive.analysis.cycles import movements
from hipdrive.analysis.kinematics import motion_of
from hipdrive.analysis.profile import Profile
from hipdrive.analysis.registry import load_builtin

pytestmark = pytest.mark.real_data

AGREE = 0.5e-3
"""s: two low-passes of one cut-off differ at the ends of a record only."""

STANCES = ("right", "left", "right", "left", "right")
"""Whose foot is on the ground in each bend of the record, whose ankle marker is the lower one at the deepest point."""


def columns(path: Path) -> dict[str, NDArray[np.float64]]:
    lines = path.read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.strip() == "endheader")
    values = np.array([line.split() for line in lines[head + 2 :] if line.strip()], dtype=np.float64)
    return dict(zip(lines[head + 1].split(), values.T, strict=True))


def fastest(t: NDArray[np.float64], angle: NDArray[np.float64], low: float, end: float) -> float:
    """When an angle grows fastest between two times: -3 dB at 10 Hz after both passes, and a parabola."""
    once = 10.0 / (np.sqrt(2.0) - 1.0) ** 0.25
    speed = np.gradient(filtfilt(*butter(2, 2.0 * once * (t[1] - t[0])), angle), t)
    inside = np.flatnonzero((t > low) & (t < end))
    i = inside[np.argmax(speed[inside])]
    a, b, c = speed[i - 1 : i + 2]
    return float(t[i] + 0.5 * (a - c) / (a - 2.0 * b + c) * (t[1] - t[0]))


def test_knee_to_ankle_in_every_stance_of_a_sprint(data: Path) -> None:
    path = data / "sprint_kinematics_dorn" / "run0700cms.mot"
    load_builtin()
    motion, given = motion_of(read_motion(path)), columns(path)
    refused = 0
    for number, leg in enumerate(STANCES):
        bend = movements(motion, None, Profile(), leg)[number]
        side = leg[0]
        knee = given[f"knee_angle_{side}"]
        knee = -knee if knee.mean() > 0.0 else knee
        ankle, end = -given[f"ankle_angle_{side}"], bend.end + 0.05
        plain = fastest(given["time"], ankle, bend.low, end) - fastest(given["time"], knee, bend.low, end)
        told = bend.values["knee_ankle_delay"]
        print(f"{leg:5} {1e3 * told.value:5.1f} ± {1e3 * told.u95:4.1f} ms, plainly {1e3 * plain:5.1f} ms")
        assert told.value == pytest.approx(plain, abs=AGREE)
        assert 1e-3 < told.u95 < 10e-3
        refused += bend.values["hip_knee_delay"].code == "slow_peak"
    assert refused == len(STANCES)  # its peak is too broad for these angles
