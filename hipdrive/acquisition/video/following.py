"""Who is the athlete, and where he or she is in each frame: one person is followed, and nobody else takes over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from hipdrive.acquisition.video.blazepose import CENTRE, FOUND, RIM, BlazePose, Image, Person, Region, region_of
from hipdrive.errors import UsageError
from hipdrive.trial import Floats

Place = tuple[float, ...]
"""Where the athlete is in the first frame: a box x0, y0, x1, y1 or a point x, y, px."""

NEAR = 0.5
"""Of the last region: somebody found anew further away than this is somebody else."""

ALIKE = (0.6, 1.6)
"""Of the last region's size: somebody found anew who is smaller or larger than this is somebody else."""

LEAP = 0.35
"""Of a region: nobody moves further from one frame to the next; the network then looks at somebody else."""

SETTLE, STILL = 4, 0.05
"""Looks at most until a detection's region stays; how little it then moves and grows, of its size."""

EQUALS = 0.75
"""Of the largest: who is at least as large may be the athlete as well, and the nearest to the middle is taken."""

SHORT = 0.25
"""s; a hole in the regions that is no longer is looked at again in a region between those beside it."""

SMOOTH = 0.045
"""s; spread of the bell that smooths regions, a low pass of 3 Hz: the crop must not shake with the landmarks."""


class Film(Protocol):
    """Frames on their own times, as `clip.Clip` has them."""

    @property
    def times(self) -> Floats:
        """Seconds, one a frame."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures as shown, px."""

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1, width: int | None = None
    ) -> Iterator[tuple[int, float, Image]]:  # fmt: skip
        """Index, time and picture (height, width, 3), red first, as often as it is asked."""


@dataclass(eq=False)
class Follower:
    """Follows one athlete from frame to frame; `notes` says how that one was chosen."""

    backend: BlazePose
    athlete: Place | None = None
    notes: list[str] = field(default_factory=list)
    _now: Region | None = None
    _last: Region | None = None
    _time: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a place that is none."""
        place = self.athlete
        if place is not None and (
            len(place) not in (2, 4) or not np.isfinite(place).all()
            or (len(place) == 4 and not (place[0] < place[2] and place[1] < place[3]))
        ):  # fmt: skip
            raise UsageError("athlete", "the athlete's place is a box x0,y0,x1,y1 or a point x,y in pixels of the "
                             "first frame")  # fmt: skip

    def region(self, image: Image, time: float) -> Region | None:
        """Where the athlete is in the next frame, None where that cannot be told."""
        found = None if self._now is None else self._seen_in(image, self._now)
        if found is None:
            found = self._begin(image, time) if self._last is None else self._again(image, self._last)
            if found is not None and self._last is not None and time - self._time > SHORT:
                self.notes.append(f"followed again at {time:.2f} s, {time - self._time:.2f} s after the athlete was "
                                  "lost and near that place: look whether it is the athlete")  # fmt: skip
        self._now = found
        if found is not None:
            self._last, self._time = found, time
        return found

    def _seen_in(self, image: Image, region: Region) -> Region | None:
        """The person's own region, of whom the landmarks in a region are."""
        look = self.backend.look(image, [region])
        if look.presence[0] < FOUND:
            return None
        found = region_of(look.xy[0, CENTRE], look.xy[0, RIM])
        return found if _same(region, found, LEAP) else None

    def _settled(self, image: Image, region: Region) -> Region | None:
        """A detection's region is rough, and landmarks in it are: what they say is looked at again until it stays."""
        now = region
        for _ in range(SETTLE):
            found = self._seen_in(image, now)
            if found is None or region.away(found) > LEAP:
                return None
            still = now.away(found) < STILL and abs(found.size / now.size - 1.0) < STILL
            now = found
            if still:
                break
        return now

    def _again(self, image: Image, last: Region) -> Region | None:
        """The person found anew who is where the athlete was, as large as the athlete was."""
        reach = 1.5 * last.size
        window = (int(last.x - reach), int(last.y - reach), int(last.x + reach), int(last.y + reach))
        near = [one.region for one in self.backend.people(image, window) if _same(last, one.region, NEAR)]
        found = self._settled(image, min(near, key=last.away)) if near else None
        return found if found is not None and _same(last, found, NEAR) else None

    def _begin(self, image: Image, time: float) -> Region | None:
        if self.athlete is None:
            people = self.backend.people(image)
            chosen = _chosen(people, image)
            if len(people) > 1:
                self.notes.append(f"{len(people)} people are seen at {time:.2f} s: the largest is taken for the "
                                  "athlete, of equally large ones the nearest to the middle; a box around the right "
                                  "one says it better")  # fmt: skip
        else:
            chosen = _at_place(self.backend, image, self.athlete)
        return None if chosen is None else self._settled(image, chosen)


def _same(one: Region, other: Region, reach: float) -> bool:
    """Whether regions may be of one person: within reach, and about as large."""
    return one.away(other) <= reach and ALIKE[0] * one.size < other.size < ALIKE[1] * one.size


def _chosen(people: Sequence[Person], image: Image) -> Region | None:
    """The largest; of those about as large, the nearest to the middle of the picture."""
    if not people:
        return None
    middle = (image.shape[1] / 2.0, image.shape[0] / 2.0)
    largest = max(one.region.size for one in people)
    return min((one.region for one in people if one.region.size >= EQUALS * largest),
               key=lambda one: _apart(one, middle))  # fmt: skip


def _at_place(backend: BlazePose, image: Image, place: Place) -> Region | None:
    """The person in a box or at a point of the picture."""
    if len(place) == 4:
        x0, y0, x1, y1 = place
        margin = 0.25 * max(x1 - x0, y1 - y0)
        window = (int(x0 - margin), int(y0 - margin), int(x1 + margin), int(y1 + margin))
        inside = [one.region for one in backend.people(image, window)
                  if x0 <= one.region.x <= x1 and y0 <= one.region.y <= y1]  # fmt: skip
        middle = ((x0 + x1) / 2.0, (y0 + y1) / 2.0)
        if backend.detector is None:
            return Region(*middle, 1.25 * max(x1 - x0, y1 - y0), 0.0)
    else:
        middle = (place[0], place[1])
        inside = [one.region for one in backend.people(image) if _apart(one.region, middle) <= 0.5 * one.region.size]
    return min(inside, key=lambda one: _apart(one, middle), default=None)


def _apart(region: Region, place: tuple[float, float]) -> float:
    return float(np.hypot(region.x - place[0], region.y - place[1]))


def smoothed(regions: Floats, times: Floats) -> Floats:
    """Regions (frames, 4), NaN where the athlete is lost -> steady ones, with short holes bridged.

    A region is no measurement: the landmarks are measured anew in whatever region they are looked for.
    """
    found = np.full(regions.shape, np.nan)
    for first, last in spans(np.isfinite(regions[:, 0]), times, SHORT):
        part, at = regions[first:last], times[first:last]
        seen = np.isfinite(part[:, 0])
        # cosine and sine of the turn, since the angle itself jumps where a somersault passes the half turn
        columns = np.column_stack([part[:, :3], np.cos(part[:, 3]), np.sin(part[:, 3])])
        frame = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
        whole = np.column_stack([np.interp(at, at[seen], column[seen]) for column in columns.T])
        calm = gaussian_filter1d(median_filter(whole, size=(5, 1), mode="nearest"), SMOOTH / frame, axis=0,
                                 mode="nearest")  # fmt: skip
        found[first:last] = np.column_stack([calm[:, :3], np.arctan2(calm[:, 4], calm[:, 3])])
    return found


def spans(seen: np.ndarray[tuple[int], np.dtype[np.bool_]], times: Floats, bridge: float) -> list[tuple[int, int]]:
    """Stretches [first, last) of frames that are seen, joined across holes of up to `bridge` seconds.

    >>> seen = np.array([False, True, True, False, True, False, False, False, True])
    >>> spans(seen, np.arange(9) / 10.0, 0.2)
    [(1, 5), (8, 9)]
    """
    rows = np.flatnonzero(seen)
    if not len(rows):
        return []
    apart = (np.diff(rows) > 1) & (np.diff(times[rows]) > bridge + 1e-9)
    starts = np.concatenate([rows[:1], rows[1:][apart]])
    ends = np.concatenate([rows[:-1][apart], rows[-1:]]) + 1
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
