"""The threads that bring the samples to the disk while they come: one writes each block, one waits for the disk.

Whatever the disk does, the readers do not notice: as long as a ring holds what is not written yet, nothing is lost, and
a disk that had no room is tried again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hipdrive import disk
from hipdrive.acquisition import rawlog
from hipdrive.acquisition.ring import Overrun
from hipdrive.acquisition.stream import Stream
from hipdrive.errors import UsageError

SYNC_S, RETRY_S, IDLE_S = 0.1, 1.0, 0.5
"""s between two waits for the disk; until a disk that failed is tried again; until a writer looks whether it missed
that there is something to write."""

PIECE = 4 << 20
"""Bytes of samples in one frame, when a writer has to catch up."""

STALLED, STALLED_S = "disk_stalled", 1.0
"""Code of a disk that stands still, and s after which that is told."""

GRACE_S = 10.0
"""s that the end of a recording waits for a disk that stands still."""

NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

Tell = Callable[..., None]


class LogWriter:
    """Appends what comes to a new log, and says where it could not.

    path : of the log; there must be no such file. header : facts of the recording, the log's first frame. streams :
    in the order of their numbers in the log. tell : called with code, sentence, device and sample of what goes wrong.

    Raises
    ------
    UsageError : the file cannot be made.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], streams: Mapping[str, Stream], tell: Tell) -> None:
        self.path, self.streams, self._tell = path, dict(streams), tell
        self.written = dict.fromkeys(streams, 0)
        self.failed: str = ""
        self._said: deque[bytes] = deque()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._lost = self._halted = False
        self._good = self._synced = 0
        try:
            self._file = disk.create(path)
            self._write(rawlog.MAGIC + rawlog.fact(header=dict(header)))
            disk.sync(self._file)
        except OSError as why:
            raise UsageError("log", f"{path}: the log of the recording cannot be written ({why.strerror or why}); "
                             "choose another folder, or make room") from None  # fmt: skip
        self._threads = [
            threading.Thread(target=work, name=f"hipdrive-log-{name}", daemon=True)
            for name, work in (("write", self._run), ("sync", self._sync))
        ]
        for one in self._threads:
            one.start()

    # --- for the crew ---

    def wake(self) -> None:
        """There is something to write."""
        self._wake.set()

    def say(self, **facts: Any) -> None:
        """Add a fact behind the samples that are there already."""
        self._said.append(rawlog.fact(**facts))
        self._wake.set()

    def close(self) -> None:
        """Write what is left, wait for the disk, and let go of the file.

        The readers must be done: what comes after this is not written.
        """
        self._closing.set()
        self._wake.set()
        end = time.monotonic() + GRACE_S
        for one in self._threads:
            one.join(max(0.1, end - time.monotonic()))
        if any(one.is_alive() for one in self._threads):
            self.failed = self.failed or "the disk does not answer"
            self._tell(STALLED, f"{self.path}: the disk has not answered for {GRACE_S:g} s", *self._behind())
            return  # a thread is still inside the system; the file closes with the process
        os.close(self._file)

    # --- the thread that writes ---

    def _run(self) -> None:
        while not self._halted:
            closing = self._closing.is_set()  # look first, then write: so the last samples are written, too
            try:
                self._drain()
            except OSError as why:
                self._full(why)
                if closing:
                    break
                self._closing.wait(RETRY_S)
                continue
            if closing and not self._said:
                break
            self._wake.wait(IDLE_S)
            self._wake.clear()
        self._halted = True

    def _drain(self) -> None:
        """Write all there is."""
        for number, (name, one) in enumerate(self.streams.items()):
            while self.written[name] < one.ring.count:
                self._device(number, name, one)
        while self._said:
            self._write(self._said[0])
            self._said.popleft()
        if self.failed:
            self._tell("log_resumed", f"{self.path}: the log goes on, nothing is missing in it" if not self._lost else
                       f"{self.path}: the log goes on")  # fmt: skip
            self.failed = ""

    def _device(self, number: int, name: str, one: Stream) -> None:
        """One frame of a device, or what is missing here."""
        start, info = self.written[name], one.info
        missing = next((gap for gap in one.gaps if gap.first_sample == start and gap.samples), None)
        if missing is not None:
            self._write(rawlog.fact(gap=[number, start, missing.samples, missing.code, missing.text]))
            self.written[name] = start + missing.samples
            return
        gap = one.next_gap(start + 1)
        most = max(info.block, PIECE // max(1, one.ring.row_bytes))
        stop = min(one.ring.count, start + most, *(() if gap is None else (gap,)))
        try:
            rows, stamps = one.ring.read(start, stop), one.ring.stamps(start, stop)
        except Overrun as late:
            behind = min(one.ring.count, late.oldest + one.ring.block)
            text = f"{self.path}: the disk was too slow, {behind - start} samples are not in the log"
            self._lost = True
            self._tell("log_overrun", text, name, start)
            self._said.append(rawlog.fact(gap=[number, start, behind - start, "log_overrun", text]))
            self.written[name] = behind
            return
        content = rows.tobytes() + (b"" if stamps is None else stamps.tobytes())
        self._write(rawlog.frame(rawlog.DATA, content, device=number, first=start,
                                 host_ns=one.ring.arrival(stop)))  # fmt: skip
        self.written[name] = stop

    def _behind(self) -> tuple[str, int]:
        """The device that is farthest from being written, and its first sample that is not."""
        return min(self.written.items(), key=lambda one: one[1] / self.streams[one[0]].info.rate)

    def _write(self, content: bytes) -> None:
        """All of it, or nothing: a frame that does not fit is taken back."""
        begin, behind = time.monotonic(), self._behind()
        try:
            disk.append(self._file, content)
            waited = time.monotonic() - begin
            if waited > STALLED_S:
                self._tell(STALLED, f"{self.path}: the disk stood still for {waited:.1f} s", *behind)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._good)
            raise
        self._good += len(content)

    def _full(self, why: OSError) -> None:
        """The disk takes nothing; said once."""
        if self.failed:
            return
        code = "disk_full" if why.errno in NO_ROOM else "disk_failed"
        self.failed = f"{self.path}: the log cannot be written ({why.strerror or why})"
        self._tell(code, f"{self.failed}; the recording goes on in memory: make room on the disk", *self._behind())

    # --- the thread that waits for the disk ---

    def _sync(self) -> None:
        while not self._halted:
            self._closing.wait(SYNC_S)
            good = self._good
            if good == self._synced:
                if self._closing.is_set():
                    time.sleep(0.005)
                continue
            try:
                disk.sync(self._file)
                self._synced = good
            except OSError as why:
                self._lost = True  # nobody knows what of it the disk has
                self._full(why)
                time.sleep(SYNC_S)
        with contextlib.suppress(OSError):
            disk.sync(self._file)


def header(**facts: Any) -> dict[str, Any]:
    """The first fact of a log, with the moment at which both clocks of this computer are read."""
    return {"utc": datetime.now(UTC).isoformat(timespec="microseconds"), "monotonic_ns": time.monotonic_ns(), **facts}
