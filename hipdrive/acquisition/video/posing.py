"""A film of an athlete -> 33 landmarks in every frame, each with its spread: `pose_of`.

Two passes: the first follows the athlete, the second looks at every frame several times, in crops that differ a little
about a region that does not shake. The mean over crops has a third of the noise of one, and their spread says how sure
a landmark is (VIDEO.md 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from hipdrive.acquisition.video.blazepose import FOUND, NAMES, BlazePose, Image, Look, Region
from hipdrive.acquisition.video.following import Film, Follower, smoothed, spans
from hipdrive.acquisition.video.swaps import agreed, repaired
from hipdrive.errors import HipdriveError, UsageError
from hipdrive.trial import Floats, Locked, read_only

JITTER = (
    (1.0, 0.0, 0.0, 0.0), (0.92, -0.05, 0.0, 0.0), (1.08, 0.05, 0.0, 0.0), (1.0, 0.1, 0.01, -0.01),
    (1.0, -0.1, -0.01, 0.01), (0.96, 0.07, -0.01, -0.01), (1.04, -0.07, 0.01, 0.01), (0.94, 0.03, 0.015, 0.0),
    (1.06, -0.03, -0.015, 0.0),
)  # fmt: skip
"""Crops beside the region itself: size, turn (rad), and shift along x and y as shares of the size."""

LONGEST = 1280
"""px of the longer side of the pictures that are looked at; larger ones are decoded to this."""

SMALL, WANTED = 150.0, 250
"""px; a body less tall than the first is measured with a bias of degrees, one of the second has room (VIDEO.md 1)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose(Locked):
    """Landmarks of one athlete in every frame of a film.

    times : (frames,), s on the film's clock. xy : (frames, 33, 2), px of the picture as shown, NaN where the athlete
    was not seen. seen : (frames, 33), 0 to 1, how sure it is that a landmark is neither hidden nor outside, 0 where the
    athlete was not seen. sd : (frames, 33), px, spread of a single crop about the mean, root mean square of x and y.
    regions : (frames, 4), the square that was looked at: centre and size, px, turn, rad.
    """

    times: Floats
    xy: Floats
    seen: Floats
    sd: Floats
    regions: Floats
    names: tuple[str, ...] = NAMES
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Lock the arrays and check that they belong together."""
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        frames, names = len(self.times), len(self.names)
        shapes = {"times": (frames,), "xy": (frames, names, 2), "seen": (frames, names), "sd": (frames, names),
                  "regions": (frames, 4)}  # fmt: skip
        for name, shape in shapes.items():
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            if values.shape != shape:
                raise UsageError("pose_shape", f"a pose's {name} of shape {values.shape} do not fit {frames} frames of "
                                 f"{names} landmarks")  # fmt: skip

    @property
    def found(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """In which frames the athlete was seen, (frames,)."""
        return np.isfinite(self.xy[:, 0, 0])


def pose_of(
    frames: Film,
    backend: BlazePose,
    *,
    athlete: Sequence[float] | None = None,
    crops: int = 5,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pose:
    """The landmarks of one athlete in a film, which is read twice; one frame at a time is held.

    Parameters
    ----------
    athlete : box x0, y0, x1, y1 or point x, y, px, where the athlete is at first; without it the largest person is
        taken, of equally large ones the nearest to the middle.
    crops : 1 to 9 looks a frame; from 2 on there is a spread.
    progress : told how many steps of how many are done. cancelled : asked every frame.

    Raises
    ------
    UsageError : the place or the number of crops makes no sense.
    HipdriveError : cancelled, or nobody was found in the whole film.
    """
    if not 1 <= crops <= len(JITTER):
        raise UsageError("crops", f"{crops} crops a frame: choose 1 to {len(JITTER)}")
    times = np.asarray(frames.times, dtype=np.float64)
    small = _Small(frames)
    steps = _Steps(2 * len(times), progress, cancelled)
    follower = Follower(backend, small.place(athlete))
    tracked = np.full((len(times), 4), np.nan)
    for i, time, image in small.frames():
        steps.next()
        tracked[i] = follower.region(image, time) or np.nan
    if not np.isfinite(tracked).any():
        raise HipdriveError("nobody", _nobody(athlete))
    regions = smoothed(tracked, times)
    xy, seen, sd = np.full((len(times), len(NAMES), 2), np.nan), *np.full((2, len(times), len(NAMES)), np.nan)
    seen[:] = 0.0
    for i, _, image in small.frames():
        steps.next()
        if np.isfinite(regions[i, 0]):
            mean = _mean(backend.look(image, jittered(Region(*regions[i]), crops)))
            if mean is not None:
                xy[i], seen[i], sd[i] = mean
    regions[np.isnan(xy[:, 0, 0])] = np.nan
    xy, seen, sd, swapped = repaired(small.shown(xy), seen, sd * small.factor, times)
    regions[:, :2], regions[:, 2] = small.shown(regions[:, :2]), regions[:, 2] * small.factor
    notes = [*follower.notes, *_gaps(xy, times), *_narrow(xy), *swapped]
    return Pose(times=times, xy=xy, seen=seen, sd=sd, regions=regions, notes=tuple(notes),
                facts={**backend.facts, "crops": str(crops), "athlete": _said(athlete)})  # fmt: skip


@dataclass(frozen=True)
class _Small:
    """A film no larger than is of use: the networks see 256 px, and half of the time goes into larger pictures."""

    film: Film

    @property
    def factor(self) -> float:
        """Pixels as shown of one of these."""
        return self.film.size[0] / (self._width or self.film.size[0])

    @property
    def _width(self) -> int | None:
        width, longest = self.film.size[0], max(self.film.size)
        return round(width * LONGEST / longest) if longest > LONGEST else None

    def frames(self) -> Iterator[tuple[int, float, Image]]:
        return self.film.frames(width=self._width)

    def place(self, athlete: Sequence[float] | None) -> tuple[float, ...] | None:
        return None if athlete is None else tuple((float(one) + 0.5) / self.factor - 0.5 for one in athlete)

    def shown(self, places: Floats) -> Floats:
        """Places of pixels' centres as they are in the picture as shown."""
        return (places + 0.5) * self.factor - 0.5


def jittered(region: Region, crops: int) -> list[Region]:
    """The region and others about it."""
    return [Region(region.x + dx * region.size, region.y + dy * region.size, region.size * size, region.angle + turn)
            for size, turn, dx, dy in JITTER[:crops]]  # fmt: skip


def _mean(look: Look) -> tuple[Floats, Floats, Floats] | None:
    """Landmarks, how sure they are seen and their spread, of the crops that hold a person; None where few do."""
    good = look.presence >= FOUND
    if 2 * int(good.sum()) <= len(good):
        return None
    xy, seen = agreed(look.xy[good, : len(NAMES)], (look.visible * look.inside)[good, : len(NAMES)])
    sd = np.sqrt(xy.var(axis=0, ddof=1).mean(axis=1)) if len(xy) > 1 else np.full(len(NAMES), np.nan)
    return xy.mean(axis=0), seen.mean(axis=0), sd


@dataclass
class _Steps:
    """Tells how far the work is, and stops it."""

    total: int
    progress: Callable[[int, int], None] | None
    cancelled: Callable[[], bool] | None
    done: int = 0

    def next(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise HipdriveError("cancelled", "the pose was stopped before the end of the clip; nothing is kept of it")
        self.done += 1
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total)


# --- what has to be said ---


def _nobody(athlete: Sequence[float] | None) -> str:
    if athlete is None:
        return ("nobody was found in this clip: the athlete has to be seen whole and at least a fifth of the picture "
                "tall; a box around the athlete helps with a small one")  # fmt: skip
    return f"nobody was found at {_said(athlete)} in this clip; give a box around the athlete in the first frame"


def _said(athlete: Sequence[float] | None) -> str:
    return "found" if athlete is None else ",".join(f"{one:g}" for one in athlete)


def _gaps(xy: Floats, times: Floats) -> list[str]:
    """Where the athlete was not seen; nothing was put there."""
    found = np.isfinite(xy[:, 0, 0])
    holes = spans(~found, times, 0.0)
    if not holes:
        return []
    longest = sorted(holes, key=lambda one: one[0] - one[1])[:3]
    where = ", ".join(f"{times[a]:.2f} to {times[b - 1]:.2f} s" for a, b in sorted(longest))
    more = f" and in {len(holes) - 3} other stretches" if len(holes) > 3 else ""
    return [f"the athlete was not seen in {int((~found).sum())} of {len(times)} frames: {where}{more}"]


def _narrow(xy: Floats) -> list[str]:
    """A body that is small in the picture."""
    seen = xy[np.isfinite(xy[:, 0, 0])]
    tall = float(np.quantile(np.ptp(seen, axis=1).max(axis=1), 0.9)) if len(seen) else SMALL
    if tall >= SMALL:
        return []
    return [
        f"the athlete is only {tall:.0f} px tall, so angles are off by degrees: film from nearer, {WANTED} px are good"
    ]
