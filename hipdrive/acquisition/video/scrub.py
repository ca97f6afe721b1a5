"""Any frame of a clip in milliseconds: small pictures kept as JPEG, filled by whatever passes over the clip."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from hipdrive.acquisition.video.clip import Clip
from hipdrive.acquisition.video.picture import Image
from hipdrive.errors import HipdriveError, UsageError

LIMIT = 256 << 20
"""Bytes of pictures that are kept; a frame of 540 x 960 takes 0.1 MB."""


class ScrubCache:
    """Small pictures of a clip by frame number; a pass in one thread may fill it while another looks.

    width : of the pictures, at most the clip's. quality : of the JPEG, 1 to 100. limit : bytes; what was looked at
    longest ago goes first.
    """

    def __init__(self, clip: Clip, *, width: int = 540, quality: int = 85, limit: int = LIMIT) -> None:
        if not (1 <= quality <= 100 and width >= 1 and limit >= 1):
            raise UsageError("scrub", f"small pictures {width} pixels wide, of quality {quality}, in {limit} bytes "
                             "cannot be; give a quality from 1 to 100")  # fmt: skip
        self.clip, self.width, self.limit = clip, min(width, clip.size[0]), limit
        self.bytes = 0
        self._quality = [cv2.IMWRITE_JPEG_QUALITY, quality]
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many frames are kept."""
        return len(self._kept)

    def __contains__(self, i: object) -> bool:
        """Whether a frame is kept."""
        return i in self._kept

    def image(self, i: int) -> Image:
        """Frame i, small, RGB; decoded from the clip where it is not kept.

        Raises
        ------
        ReadError : the clip's frame cannot be decoded. UsageError : there is none.
        """
        with self._lock:
            packed = self._kept.get(i)
            if packed is not None:
                self._kept.move_to_end(i)
        if packed is None:
            packed = self.put(i, self.clip.frame(i, self.width))
        return np.asarray(cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR_RGB), dtype=np.uint8)

    def put(self, i: int, image: Image) -> bytes:
        """Keep a frame, RGB of any size with the clip's proportions; the bytes of its JPEG."""
        if image.shape[1] != self.width:
            height = max(1, round(self.clip.size[1] * self.width / self.clip.size[0]))
            image = np.asarray(cv2.resize(image, (self.width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        done, packed = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), self._quality)
        if not done:
            raise HipdriveError("scrub", f"{self.clip.path}: frame {i} cannot be made small; close other programs")
        content = packed.tobytes()
        with self._lock:
            self.bytes += len(content) - len(self._kept.pop(i, b""))
            self._kept[i] = content
            while self.bytes > self.limit and len(self._kept) > 1:
                self.bytes -= len(self._kept.popitem(last=False)[1])
        return content

    def passing(self, frames: Iterable[tuple[int, float, Image]]) -> Iterator[tuple[int, float, Image]]:
        """Frames of a pass, each kept while it passes."""
        for i, t, image in frames:
            self.put(i, image)
            yield i, t, image

    def fill(self, over: threading.Event | None = None) -> None:
        """Keep all frames, as far as there is room, in one pass, until `over`.

        Raises
        ------
        ReadError : a frame cannot be decoded.
        """
        for _ in self.passing(self.clip.frames(width=self.width)):
            if self.bytes > 0.95 * self.limit or (over is not None and over.is_set()):
                return


class Scrubbed:
    """A clip to be looked at in a window: any frame small and at once, as soon as a thread has passed over it.

    clip : is closed with this. width : of the pictures.
    """

    def __init__(self, clip: Clip, width: int) -> None:
        self.clip, self.times, self.size = clip, clip.times, clip.size
        self._cache = ScrubCache(clip, width=width)
        self._over = threading.Event()
        self._filling = threading.Thread(target=self._fill, name="hipdrive-scrub", daemon=True)
        self._filling.start()

    def frame(self, i: int, width: int | None = None) -> Image:
        """Frame i, small; whole where no width is given.

        Raises
        ------
        ReadError : it cannot be decoded. UsageError : there is none.
        """
        return self.clip.frame(i) if width is None else self._cache.image(i)

    def _fill(self) -> None:
        with contextlib.suppress(HipdriveError):  # a damaged frame is told when it is looked at
            self._cache.fill(self._over)

    def close(self) -> None:
        """Pass no further, and let go of the file."""
        self._over.set()
        self._filling.join(5.0)
        self.clip.close()
