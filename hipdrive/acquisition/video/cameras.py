"""Cameras by name: `uvc:0`, `basler`, `basler:SERIAL`, `file:CLIP`; which are there; one recorded beside forces.

>>> camera("file:jump.mp4").name
'file:jump.mp4'
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hipdrive.acquisition.video.camera import Camera
from hipdrive.acquisition.video.camerarecorder import CameraRecorder
from hipdrive.errors import UsageError

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

KINDS = ("uvc", "basler", "file")


@dataclass(frozen=True)
class Found:
    """A camera that is there: `name` as `camera` takes it, and what it is."""

    name: str
    what: str


def find() -> tuple[Found, ...]:
    """Cameras that are connected; on other systems than Linux this opens each for a moment."""
    from hipdrive.acquisition.video import basler, uvc

    return (
        *(Found(f"basler:{serial}", model) for serial, model in basler.serials()),
        *(Found(f"uvc:{index}", "camera of the system") for index in uvc.indices()),
    )


def camera(
    name: str,
    *,
    rate: float | None = None,
    size: tuple[int, int] | None = None,
    exposure: float | None = None,
    trigger: str = "",
    strobe: str = "",
) -> Camera:
    """The camera of a name, not opened yet.

    rate : pictures a second. size : (width, height). exposure : s. trigger, strobe : lines of a Basler camera.

    Raises
    ------
    UsageError : there is no such kind, or it cannot be told so.
    """
    kind, _, which = name.partition(":")
    if kind not in KINDS or (kind == "file" and not which):
        raise UsageError("camera_unknown", f"camera {name[:100]!r} is not known; give uvc:0, basler, basler:SERIAL or "
                         "file:CLIP")  # fmt: skip
    for what, value, most in (("rate", rate, 1e5), ("exposure", exposure, 1.0)):
        if value is not None and not 0.0 < value <= most:
            raise UsageError("camera_facts", f"{name}: a {what} of {value} makes no sense; give pictures a second, and "
                             "the exposure in s")  # fmt: skip
    if kind == "file":
        from hipdrive.acquisition.video.playedcamera import FileCamera

        return FileCamera(which)
    if kind == "basler":
        from hipdrive.acquisition.video.basler import BaslerCamera

        return BaslerCamera(which, rate=rate, exposure=exposure, size=size, trigger=trigger, strobe=strobe)
    if trigger or strobe:
        raise UsageError("camera_facts", f"{name}: cameras of the system have no lines; leave trigger and strobe out")
    if which and not which.isdigit():
        raise UsageError("camera_unknown", f"camera {name[:100]!r}: cameras of the system have numbers; give uvc:0")
    from hipdrive.acquisition.video.uvc import UvcCamera

    return UvcCamera(int(which or "0"), size=size, rate=rate, exposure=exposure)


def of_rig(rig: Rig, name: str) -> Camera:
    """The camera that a rig knows by this id and says what films; else the camera of this name.

    Raises
    ------
    UsageError : there is none, or the rig knows its line but not what films.
    """
    line = next((one for one in rig.cameras if one.id == name), None)
    if line is None:
        return camera(name)
    if line.source is None:
        raise UsageError("camera_source", f"{rig.file or rig.name}: camera {name!r} does not say what films; add "
                         'source = "basler:SERIAL" or "uvc:0" to it')  # fmt: skip
    exposure = None if line.exposure_ms is None else line.exposure_ms / 1e3
    return camera(line.source, rate=line.fps if line.direction == "in" else None, exposure=exposure)


def record_camera(
    one: Camera | str, path: str | os.PathLike[str], *, tell: Callable[[str, str], object] | None = None
) -> CameraRecorder:
    """A camera that films into `path` from now on, until `stop` of what is returned.

    Beside the forces: start it before them, stop it after them, and never wait for it between. `tell` is given code
    and sentence of what goes wrong, such as to `Recorder.log`.

    Raises
    ------
    UsageError : camera or file cannot be had.
    """
    recorder = CameraRecorder(camera(one) if isinstance(one, str) else one, path, tell=tell)
    recorder.start()
    return recorder
