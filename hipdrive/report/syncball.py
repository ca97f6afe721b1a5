"""A dropped ball as a check of two clocks: printed for `hipdrive sync --method ball`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hipdrive.analysis.profile import Profile
from hipdrive.analysis.uncertainty import COVERAGE
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.report.document import plain
from hipdrive.report.words import clean
from hipdrive.trial import Floats, Track, Trial

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def check(trial: Trial, tracks: Sequence[Track], point: str, up: str | None, *, as_json: bool) -> int:
    """Compare when a ball bounces by picture and by force, with the clock that the trial has."""
    from hipdrive.analysis.balldrop import ball_drop

    track, heights, metres = _heights(tracks, point, up)
    clock = trial.clocks.get(track.name)
    seen = ball_drop(trial, track.times, heights, scale_known=metres)
    u95 = COVERAGE * seen.camera_error
    values: dict[str, Any] = {"format": "hipdrive-ball", "version": 1, "camera": seen.camera, "camera_u95": u95,
                              "force": seen.force, "late": None if clock is None else seen.late(clock)}  # fmt: skip
    if as_json:
        print(json.dumps(plain(values), indent=1, allow_nan=False))
        return 0
    print(f"bounce    camera {seen.camera:.4f} s ± {1e3 * u95:.1f} ms, plate {seen.force:.4f} s")
    if clock is None:
        print(f"offset    {seen.force - seen.camera:+.4f} s; keep it with --method manual --offset "
              f"{seen.force - seen.camera:.4f} --u95 {u95 + 0.5 / trial.rate:.4f}")  # fmt: skip
        return 0
    late = seen.late(clock)
    fine = abs(late) <= Profile().sync_residual_pass + u95
    print(f"verdict   the camera has the bounce {1e3 * abs(late):.1f} ms {'late' if late > 0 else 'early'}: "
          + ("the clocks agree" if fine else "the clocks do not agree; half a frame is the usual cause, since a "
             "frame's time may be its start or its middle"))  # fmt: skip
    return 0 if fine else 1


def _heights(tracks: Sequence[Track], point: str, up: str | None) -> tuple[Track, Floats, bool]:
    """The ball's height over time and whether it is in metres."""
    for track in tracks:
        if point in track.names:
            values = track.values[:, track.names.index(point)]
            said = up or ("z" if values.shape[1] == 3 else "-y")
            axis = "xyz".find(said.lstrip("+-") or "?")
            if not 0 <= axis < values.shape[1]:
                raise UsageError("up", f"--motion-as up={clean(said)}: these points have {values.shape[1]} dimensions; "
                                 "give x, y or z, with - where it points down")  # fmt: skip
            scale = METRES.get(track.unit)
            sign = -1.0 if said.startswith("-") else 1.0
            return track, values[:, axis] * (scale or 1.0) * sign, scale is not None
    names = ", ".join(clean(name) for track in tracks for name in track.names[:6])
    raise HipdriveError("no_point", f"no point {clean(point)!r} is in the motion ({names} ...); name it with --point")
