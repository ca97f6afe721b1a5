"""Cameras without a camera: one films any function of time, one plays a clip; and what can go wrong with them.

They behave as devices do: pictures come when they have been read out, with the device's number and time, and a picture
that is lost is a number that is missing.
"""

from __future__ import annotations

import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hipdrive.acquisition.video.camera import CameraEnd, CameraFacts, CameraLost, Frame
from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.picture import Image
from hipdrive.errors import UsageError

Scene = Callable[[float], Image]
"""The picture whose first row's exposure begins at a time, s."""

POLL_S = 0.002
MOST_JITTER = 0.4
"""Of the interval: pictures stay in order."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What a played camera does wrong, the same each time for a seed.

    drops : numbers of pictures that are lost on the way; loss : part of all that are lost besides.
    jitter : SD of the start of exposures, s (a stamped camera tells the true one).
    delay, late : s from the end of the readout to the computer, and the mean of what comes on top by chance.
    offset, drift : the device's clock tells (1 + drift) · t + offset.
    lost_at : s at which the cable is pulled.
    """

    drops: frozenset[int] = frozenset()
    loss: float = 0.0
    jitter: float = 0.0
    delay: float = 0.0
    late: float = 0.0
    offset: float = 0.0
    drift: float = 0.0
    lost_at: float = math.inf
    seed: int = 0

    def chance(self, number: int) -> tuple[bool, float, float]:
        """Of a picture: whether it is lost, jitter in SDs, and lateness in means."""
        rng = np.random.default_rng((self.seed, number))
        return number in self.drops or rng.random() < self.loss, float(rng.normal()), float(rng.exponential())


class PlayedCamera(ABC):
    """A camera whose pictures are made here.

    clock : seconds of what is filmed, now; by default they begin with `start`. realtime : pictures come when the clock
    says so; else as fast as they are read. stamped, numbered : what the device tells.
    """

    def __init__(
        self,
        name: str,
        *,
        realtime: bool = True,
        clock: Callable[[], float] | None = None,
        trouble: Trouble | None = None,
        stamped: bool = True,
        numbered: bool = True,
    ) -> None:
        self.name, self.realtime, self.trouble = name, realtime, trouble or Trouble()
        self.stamped, self.numbered = stamped, numbered
        self._clock = clock
        self._began_ns, self._began = 0, 0.0
        self._next, self._given = 0, 0
        self._until = math.inf
        self.facts: CameraFacts | None = None

    @abstractmethod
    def open(self) -> CameraFacts:
        """What it films."""

    @abstractmethod
    def _time(self, number: int) -> float | None:
        """When the exposure of a picture shall begin, s; None after the last."""

    @abstractmethod
    def _image(self, number: int, t: float) -> Image:
        """The picture whose exposure begins at t."""

    def now(self) -> float:
        """Seconds of what is filmed."""
        if self._clock is not None:
            return self._clock()
        return (time.monotonic_ns() - self._began_ns) / 1e9

    def start(self) -> None:
        """Begin with the first picture from now on."""
        self._began_ns = time.monotonic_ns()
        self._began = 0.0 if self._clock is None or not self.realtime else self._clock()
        self._until, self._given = math.inf, 0
        self._next = self._first(self._began)

    def _first(self, t: float) -> int:
        """Number of the first picture that begins at t or later."""
        return 0

    def read(self, timeout: float) -> Frame | None:
        """The next picture that is not lost."""
        assert self.facts is not None
        give_up = time.monotonic() + timeout
        while True:
            number = self._next
            planned = self._time(number)
            lost, jitter, late = self.trouble.chance(number)
            if planned is None:
                raise CameraEnd
            most = MOST_JITTER / self.facts.rate
            t = planned + float(np.clip(self.trouble.jitter * jitter, -most, most))
            ready = t + sum(one for one in (self.facts.exposure, self.facts.readout) if math.isfinite(one))
            if ready > self._until:
                raise CameraEnd
            if t >= self.trouble.lost_at:
                raise CameraLost("camera_lost", f"{self.name}: the camera is gone; check its cable, and record again")
            here = ready + self.trouble.delay + self.trouble.late * late
            if not self._waited(here, give_up):
                return None
            self._next += 1
            if not lost:
                return self._frame(number, t, here)

    def _waited(self, here: float, give_up: float) -> bool:
        while self.realtime and self.now() < here:
            if time.monotonic() >= give_up:
                return False
            time.sleep(POLL_S)
        return True

    def _frame(self, number: int, t: float, here: float) -> Frame:
        assert self.facts is not None
        image = self._image(number, t)
        arrived = time.monotonic_ns() if self.realtime else self._began_ns + round(1e9 * (here - self._began))
        own = (1.0 + self.trouble.drift) * t + self.trouble.offset
        self._given += 1
        return Frame(image=image, number=number if self.numbered else self._given - 1,
                     t_device=own if self.stamped else math.nan, t_host_ns=arrived,
                     exposure=self.facts.exposure)  # fmt: skip

    def stop(self) -> None:
        """Pictures that are read out by now are still given."""
        self._until = min(self._until, self.now()) if self.realtime else -math.inf

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Nothing is held."""


class SyntheticCamera(PlayedCamera):
    """Films a scene.

    Parameters
    ----------
    scene : the picture whose first row's exposure begins at t, s; `exposed` makes one of a scene that is drawn for an
        instant, and a renderer that knows exposure and readout is given as it is.
    rate : pictures a second. phase : s at which picture 0 begins. duration : s after which there are none, on the
        scene's clock.
    exposure, readout : s, what the scene was made with, as the camera tells them.
    """

    def __init__(
        self,
        scene: Scene,
        rate: float,
        *,
        name: str = "synthetic",
        phase: float = 0.0,
        duration: float = math.inf,
        exposure: float = 0.0,
        readout: float = 0.0,
        realtime: bool = True,
        clock: Callable[[], float] | None = None,
        trouble: Trouble | None = None,
        stamped: bool = True,
        numbered: bool = True,
    ) -> None:
        super().__init__(name, realtime=realtime, clock=clock, trouble=trouble, stamped=stamped, numbered=numbered)
        if not (0.0 < rate <= 1e5 and 0.0 <= exposure <= 1.0 / rate and 0.0 <= readout <= 1.0 and duration > 0.0):
            raise UsageError("camera_facts", f"{name}: {rate} pictures a second, exposed for {exposure} s and read out "
                             f"in {readout} s make no sense; an exposure fits between two pictures")  # fmt: skip
        self._scene, self._rate, self._phase, self._duration = scene, rate, phase, duration
        self._exposure, self._readout = exposure, readout

    def open(self) -> CameraFacts:
        """Its facts; the size is that of the first picture."""
        height, width = self._scene(self._phase).shape[:2]
        self.facts = CameraFacts(name=self.name, size=(width, height), rate=self._rate, exposure=self._exposure,
                                 readout=self._readout, stamped=self.stamped, numbered=self.numbered)  # fmt: skip
        return self.facts

    def _first(self, t: float) -> int:
        return max(0, math.ceil((t - self._phase) * self._rate))

    def _time(self, number: int) -> float | None:
        t = self._phase + number / self._rate
        return t if t < self._duration else None

    def _image(self, number: int, t: float) -> Image:
        return self._scene(t)


class FileCamera(PlayedCamera):
    """Plays a clip on its own times."""

    def __init__(
        self,
        path: str | Path,
        *,
        realtime: bool = True,
        trouble: Trouble | None = None,
        time_scale: float | None = None,
    ) -> None:
        super().__init__(f"file:{path}", realtime=realtime, trouble=trouble)
        self._path, self._scale = Path(path), time_scale
        self._clip: Clip | None = None
        self._running: Iterator[tuple[int, float, Image]] = iter(())

    def open(self) -> CameraFacts:
        """Its facts.

        Raises
        ------
        ReadError : the file is no clip.
        """
        self._clip = Clip(self._path, self._scale)
        facts = self._clip.facts
        self.facts = CameraFacts(name=self.name, size=self._clip.size, rate=facts.nominal_rate / facts.time_scale,
                                 stamped=True, numbered=True, identity={"sha256": facts.sha256})  # fmt: skip
        return self.facts

    def start(self) -> None:
        """Begin with its first frame."""
        super().start()
        assert self._clip is not None
        self._running = self._clip.frames()

    def _time(self, number: int) -> float | None:
        assert self._clip is not None
        return float(self._clip.times[number]) if number < len(self._clip) else None

    def _image(self, number: int, t: float) -> Image:
        return next(image for i, _, image in self._running if i == number)

    def close(self) -> None:
        """Close the file."""
        self._running = iter(())
        if self._clip is not None:
            self._clip.close()


def exposed(scene: Scene, exposure: float = 0.0, readout: float = 0.0, *, instants: int = 8, bands: int = 16) -> Scene:
    """A scene that is drawn for an instant, as a shutter that is open for a while sees it.

    Each picture is the mean of `instants` over the exposure. With a rolling shutter each of `bands` of rows is exposed
    later than the one above it, so that all take `readout` s.
    """

    def mean(t: float) -> Image:
        if exposure <= 0.0:
            return scene(t)
        moments = t + exposure * (np.arange(instants) + 0.5) / instants
        return np.asarray(np.mean([scene(float(one)) for one in moments], axis=0).round(), dtype=np.uint8)

    def rolled(t: float) -> Image:
        out = mean(t)
        if readout <= 0.0:
            return out
        edges = np.linspace(0, len(out), bands + 1).round().astype(int)
        return np.concatenate([mean(t + readout * 0.5 * (a + b) / len(out))[a:b]
                               for a, b in itertools.pairwise(edges)])  # fmt: skip

    return rolled
