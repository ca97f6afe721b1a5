"""The simulated athlete filmed: a synthetic camera beside the stand-in plates, its clip, log and view file.

It films after the recording what a camera beside the plates would have seen meanwhile, picture by picture, so no frame
depends on how fast this computer draws. Its clock is its own: nothing but pulses, lamp and body joins it to the force.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hipdrive.acquisition.video import viewfile
from hipdrive.acquisition.video.cameralog import CameraLog
from hipdrive.acquisition.video.camerarecorder import CameraRecorder
from hipdrive.acquisition.video.clipclock import NAME
from hipdrive.acquisition.video.playedcamera import SyntheticCamera, Trouble
from hipdrive.acquisition.video.rendered import Leap, Renderer
from hipdrive.acquisition.video.scene import Camera, Lamp, Scene
from hipdrive.acquisition.video.viewfile import ViewFacts
from hipdrive.analysis.instants import instants
from hipdrive.errors import UsageError
from hipdrive.trial import Trial

RATE, EXPOSURE, READOUT = 60.0, 0.002, 0.010
"""Pictures a second; s of an exposure, and of reading all rows."""

SIZE, FOCAL = (960, 720), 1050.0
"""px."""

BEFORE, AFTER = 1.5, 2.0
"""s filmed before the take-off and after it."""


def film(trial: Trial, path: Path, *, seed: int = 0) -> CameraLog:
    """Film the movement of a recorded trial of the athlete with joints into `path`; what the camera said of it.

    Raises
    ------
    UsageError : it is not such a trial, or the clip cannot be written.
    """
    if trial.truth is None or "phase" not in trial.truth.settings or "takeoff" not in trial.truth.events:
        raise UsageError("no_athlete", f"{trial.file or 'trial'}: holds no whole jump of the simulated athlete, "
                         "so there is nothing to film; record a little longer")  # fmt: skip
    takeoff, rng = trial.truth.events["takeoff"], np.random.default_rng(seed)
    phase = max(0.0, takeoff - BEFORE) + float(rng.uniform(0.0, 1.0 / RATE))
    scene = Scene(camera=Camera(size=SIZE, focal=FOCAL), lamp=_lamp(trial), discs=False, seed=seed)
    renderer = Renderer(Leap.of(trial), scene)
    camera = SyntheticCamera(
        lambda t: renderer.image(t, EXPOSURE, READOUT), RATE, phase=phase, exposure=EXPOSURE, readout=READOUT,
        duration=min(trial.duration, takeoff + AFTER), realtime=False, name=NAME,
        trouble=Trouble(offset=float(rng.uniform(-5.0, 5.0)), seed=seed),
    )  # fmt: skip
    recorder = CameraRecorder(camera, path, codec="h264")
    recorder.start()
    recorder.ended.wait()
    log = recorder.stop()
    viewfile.write(viewfile.file_of(path), _view(renderer))
    return log


def _lamp(trial: Trial) -> Lamp | None:
    """The lamp as it was recorded; it is off before its first change."""
    for one in instants(trial).values():
        if one.kind == "lamp" and len(one.times) and len(one.off):
            off = one.off[np.searchsorted(one.off, one.times[0]) :]
            return Lamp(one.times[: len(off) + 1], off)
    return None


def _view(renderer: Renderer) -> ViewFacts:
    """What somebody would say of the picture: the right plate's corners, to a tenth of a pixel."""
    plate = renderer.corners("right")
    size = renderer.scene.plates["right"]
    told = {
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in plate], "picture": list(SIZE),
        "plate_size_m": [float(np.ptp(size[:, 0])), float(np.ptp(size[:, 1]))], "facing": "right", "plate": "right",
        "readout_ms": 1e3 * READOUT, "focal_px": FOCAL,
    }  # fmt: skip
    if renderer.scene.lamp is not None:
        told["lamp"] = [float(one) for one in renderer.lamp_box()]
    return ViewFacts.model_validate(told)
