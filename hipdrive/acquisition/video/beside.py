"""The clip beside the forces of a trial, to be looked at: which frame is which instant, and what is drawn on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hipdrive.acquisition.video.forceline import ForceLine, force_line
from hipdrive.acquisition.video.overlay import Marks, drawn
from hipdrive.errors import ReadError, UsageError
from hipdrive.trial import ClockMap, Floats, Footage, Track, Trial

Image = NDArray[np.uint8]

SAME = 1e-4
"""s; a track's frame nearer than this to one of the clip is that frame."""


class Frames(Protocol):
    """What is needed of a clip."""

    @property
    def times(self) -> Floats:
        """When each frame was taken, s on the clip's clock."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures, px."""

    def frame(self, i: int, width: int | None = None) -> Image:
        """One picture."""

    def close(self) -> None:
        """Let go of the file."""


class Beside:
    """Frames of a clip at times of the force.

    clip : its frames. footage, track, clock : what the trial knows of it; track and clock may be missing.
    line : where the force is in its pictures, where the plate was clicked and the clock is known.
    """

    def __init__(
        self, clip: Frames, footage: Footage, track: Track | None, clock: ClockMap | None, line: ForceLine | None = None
    ) -> None:
        self.clip, self.footage, self.track, self.clock, self.line = clip, footage, track, clock, line
        self.times: Floats = footage.times if clock is None else clock.to_force(footage.times)
        self.near = str(footage.about.get("near", ""))

    def __len__(self) -> int:
        """How many frames."""
        return len(self.times)

    def index_at(self, t: float) -> int:
        """The frame nearest to a time, s on the force's clock, or on the clip's where none joins them."""
        after = int(np.searchsorted(self.times, t))
        if after in (0, len(self.times)):
            return min(after, len(self.times) - 1)
        return after - int(t - self.times[after - 1] < self.times[after] - t)

    def points(self, i: int) -> Mapping[str, tuple[float, float]]:
        """Where the keypoints are in a frame, px; without those that were not seen."""
        if self.track is None or not len(self.track.times):
            return {}
        row = int(np.argmin(np.abs(self.track.times - self.footage.times[i])))
        if abs(float(self.track.times[row] - self.footage.times[i])) > SAME:
            return {}
        return {name: (float(x), float(y)) for name, (x, y) in
                zip(self.track.names, self.track.values[row], strict=True)
                if math.isfinite(x) and math.isfinite(y)}  # fmt: skip

    def picture(
        self, i: int, width: int | None = None, words: str = "", *, weights: float = math.nan, bare: bool = False,
    ) -> Image:  # fmt: skip
        """A frame with what is known drawn on it, and force in body weights; `bare` for nothing but the picture.

        Raises
        ------
        ReadError : it cannot be decoded.
        """
        whole = self.clip.size[0]
        image = self.clip.frame(i, None if width is None or width >= whole else width)
        if bare:
            return image
        arrow = self.line.at(float(self.times[i])) if self.line is not None else None
        column = math.nan if self.line is not None else weights
        marks = Marks(points=self.points(i), near=self.near, force=arrow, words=words, weights=column)
        return drawn(image, marks, scale=image.shape[1] / whole)

    def close(self) -> None:
        """Let go of the file."""
        self.clip.close()


def place_of(footage: Footage, beside: str = "") -> Path:
    """Where a clip is: where it was, or beside the trial's own file.

    Raises
    ------
    UsageError : in neither.
    """
    was = Path(footage.file)
    for path in (was, Path(beside).parent / was.name if beside else was):
        if path.is_file():
            return path
    raise UsageError("clip_gone", f"{was.name}: the clip is not where it was ({was}), nor beside the trial; put it "
                     "there to see its frames")  # fmt: skip


def beside(trial: Trial, which: int = 0, *, small: int | None = None) -> Beside:
    """The clip of a trial, opened.

    small : width, px, of pictures that are asked for again and again in any order, as in a window.

    Raises
    ------
    UsageError : the trial has none, or it is not to be found. ReadError : it is another file, or damaged.
    """
    from hipdrive.acquisition.video.clip import Clip
    from hipdrive.acquisition.video.clipclock import scale_of
    from hipdrive.acquisition.video.scrub import Scrubbed

    if not trial.footage:
        raise UsageError(
            "no_clip", f"{trial.file or 'trial'}: there is no clip beside these forces; add one with --video"
        )
    footage = trial.footage[which]
    clip = Clip(place_of(footage, trial.file), scale_of(footage.about))
    if footage.sha256 and clip.facts.sha256 != footage.sha256:
        clip.close()
        raise ReadError("clip_other", f"{clip.path}: is another clip than the one that was analysed; put that one "
                        "there, or add this one anew")  # fmt: skip
    track = next((one for one in trial.tracks if one.name == footage.name and one.unit == "px"), None)
    clock = trial.clocks.get(footage.name)
    frames = clip if small is None else Scrubbed(clip, min(small, clip.size[0]))
    return Beside(frames, footage, track, clock, None if clock is None else force_line(trial, footage.about))
