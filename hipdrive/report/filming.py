"""A camera beside a recording: it films from before the first sample to after the last, into a clip of its own."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hipdrive.errors import HipdriveError
from hipdrive.report import exchange
from hipdrive.report.job import tell
from hipdrive.report.words import clean
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from hipdrive.acquisition.video.cameralog import CameraLog
    from hipdrive.acquisition.video.camerarecorder import CameraRecorder

SIMULATED = "simulated"
"""The camera beside the simulated plates."""


class Filming:
    """Films while it is entered; the recording of the forces never waits for it, and never ends because of it.

    rig : file or name. camera : its name or its id in the rig, None for none. file : of the trial, after which the clip
        is called.

    Raises
    ------
    UsageError : there is a clip already, or no such camera.
    """

    def __init__(self, rig: str, camera: str | None, file: Path, *, force: bool = False) -> None:
        self.rig, self.camera, self.clip = rig, camera, file.with_suffix(".mp4")
        self._recorder: CameraRecorder | None = None
        self._log: CameraLog | None = None
        if camera is not None:
            exchange.fresh(self.clip, force=force)

    @property
    def options(self) -> dict[str, Any]:
        """Of the simulated devices: only an athlete with joints can be filmed."""
        return {"joints": True} if self.camera == SIMULATED else {}

    def __enter__(self) -> Filming:
        """Begin to film."""
        if self.camera is not None and self.camera != SIMULATED:
            from hipdrive.acquisition.video.cameras import of_rig, record_camera
            from hipdrive.hardware.rig import load

            camera = of_rig(load(self.rig), self.camera)
            self._recorder = record_camera(camera, self.clip, tell=lambda code, said: tell(said))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Film no more; what went wrong is told, and the forces are kept all the same."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            try:
                self._log = recorder.stop()
            except HipdriveError as why:
                tell(str(why))

    def finish(self, trial: Trial) -> bool:
        """Say what was filmed of a trial; False where there should be a clip and is none."""
        if self.camera is None:
            return True
        if self.camera == SIMULATED:
            from hipdrive.acquisition.video.onstage import film

            try:
                self._log = film(trial, self.clip)
            except HipdriveError as why:
                tell(str(why))
        if self._log is None:
            return False
        lost = f", {self._log.lost} lost" if self._log.lost else ""
        print(f"{clean(self.clip)}: {len(self._log.times)} frames{lost}")
        return True
