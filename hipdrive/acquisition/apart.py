"""Those who record, in a process of their own: what this one does or suffers cannot delay or end a recording.

The same as a `Crew`, of which the other process has one. Samples come through memory that both see, the rest as lines
of JSON. When this process dies, the other one ends its log; when the other one dies, what it read is still here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

from hipdrive.acquisition import memory, wire
from hipdrive.acquisition.crew import Plan
from hipdrive.acquisition.rawlog import plain
from hipdrive.acquisition.ring import Ring, needs
from hipdrive.acquisition.saying import Line, line_of
from hipdrive.acquisition.stream import Stream
from hipdrive.errors import UsageError
from hipdrive.trial import Truth

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

OPENING_S, ANSWER_S, ENDING_S = 60.0, 10.0, 30.0
"""s that are waited for: the other process to open and start the devices; to answer a question; to end."""

DIED = "recorder_died"


class Apart:
    """Starts a process that reads the devices of a rig.

    options : of `open_sources`. hear : called with each line that somebody there says, from a thread of its own.
    """

    def __init__(self, rig: Rig, options: dict[str, Any], plan: Plan, hear: Callable[[Line], None]) -> None:
        self.rig, self.options, self.plan = rig, options, plan
        self.stopping, self.finished = threading.Event(), threading.Event()
        self.streams: dict[str, Stream] = {}
        self.running: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._hear = hear
        self._last_truth: dict[str, tuple[list[int], Any]] = {}
        self._asking, self._asked = threading.Lock(), 0
        self._talking = threading.Lock()

    # --- life ---

    def open(self) -> None:
        """Start the process, which takes hold of the devices. Errors as of `Crew.open`."""
        self._replies: Queue[dict[str, Any]] = Queue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop
        self._ears = threading.Thread(target=self._listen, name="hipdrive-ears", daemon=True)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hipdrive.acquisition.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, env=_environment(), **_alone(),
        )  # fmt: skip
        self._ears.start()
        log = None if self.plan.log is None else os.path.abspath(self.plan.log)
        self._tell(rig=self.rig.text, name=self.rig.name, options=self.options, ring_s=self.plan.ring_s,
                   limit_s=self.plan.limit_s, log=log)  # fmt: skip
        for one in self._reply("opened", OPENING_S):
            info = wire.info_from_json(one["info"])
            shape: dict[str, Any] = {"block": info.block, "dtype": info.dtype, "stamped": info.clock == "stamped"}
            size = needs(one["capacity"], len(info.channels), **shape)
            ring = Ring(one["capacity"], len(info.channels), memory=memory.attach(one["memory"], size), **shape)
            self.streams[info.id] = Stream(info, ring)

    def start(self) -> None:
        """Start the devices, and wait until they sample. Errors as of `Crew.start`."""
        self._tell(start=True)
        self._reply("started", OPENING_S)

    def halt(self) -> None:
        """Tell the other process to stop sampling, and do not wait."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._tell(halt=True)

    def stop(self) -> None:
        """Stop sampling, and wait until the other process has ended its log and itself."""
        self.stopping.set()
        if self.process is not None:
            self._tell(stop=True)
            self._ears.join(ENDING_S)
            if self._ears.is_alive():
                self.process.kill()
                self._ears.join(ENDING_S)
            assert self.process.stdin is not None and self.process.stdout is not None
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait(ENDING_S)
            self._errors.close()
        self.finished.set()

    # --- talking ---

    def keep(self, **facts: Any) -> None:
        """Facts for the log alone."""
        self._tell(keep=facts)

    def truth(self, device: str, first_sample: int, samples: int) -> Truth | None:
        """The true answers of a simulated stretch; None where nobody knows them, or nobody is there to ask."""
        if {one.driver for one in self.rig.devices} != {"simulated"}:
            return None
        with self._asking:
            if self.process is not None and self._ears.is_alive():
                self._asked += 1
                self._tell(truth=[device, first_sample, samples], number=self._asked)
                with contextlib.suppress(UsageError):
                    while True:  # an answer that came too late is to another question
                        number, truth = self._reply("answer", ANSWER_S)
                        if number == self._asked:
                            return wire.truth_from_json(truth)
            known = self._last_truth.get(device)
            return wire.truth_from_json(known[1]) if known and known[0] == [first_sample, samples] else None

    def _tell(self, **facts: Any) -> None:
        """An order; that nobody is there any more is found out by who listens."""
        if self.process is None or self.process.stdin is None:
            return
        with self._talking, contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(facts, default=plain).encode() + b"\n")
            self.process.stdin.flush()

    def _reply(self, name: str, seconds: float) -> Any:
        """What the other process answers under this name.

        Raises
        ------
        UsageError : what kept it from doing so.
        """
        try:
            said = self._replies.get(timeout=seconds)
        except Empty:
            raise UsageError("recorder_silent", f"{self.rig.name}: the process that records has not answered for "
                             f"{seconds:g} s; try once more") from None  # fmt: skip
        if "failed" in said:
            raise UsageError(str(said["code"]), str(said["failed"]))
        return said[name]

    # --- listening ---

    def _listen(self) -> None:
        """Everything the other process says, until it ends."""
        assert self.process is not None and self.process.stdout is not None
        ended = False
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:  # a library of the other process spoke out of turn
                continue
            ended = ended or "stopped" in said or "failed" in said
            self._heard(said)
        if not ended:
            self._died()
        for one in self.streams.values():
            one.finished.set()
        self.stopping.set()
        self.finished.set()

    def _heard(self, said: dict[str, Any]) -> None:
        if "line" in said:
            self._hear(said["line"])
        elif "edges" in said:
            self.streams[said["device"]].edges.extend(wire.edges_from_json(one) for one in said["edges"])
        elif "finished" in said:
            stream = self.streams[said["finished"]]
            if said["edges_lost"] is not None:
                sample, text = said["edges_lost"]
                stream.edges_lost = (int(sample), str(text))
            stream.finished.set()
            self.stopping.set()
            if all(one.finished.is_set() for one in self.streams.values()):
                self.finished.set()
        elif "stopped" in said:
            self.running = list(said["stuck"])
            self._last_truth = {device: (place, truth) for device, place, truth in said["truth"]}
        else:
            self._replies.put(said)

    def _died(self) -> None:
        """The other process is gone without having said so; what it read is here."""
        assert self.process is not None
        try:
            code = self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            code = None
        how = _meaning(code) + self._last_words()
        text = f"{self.rig.name}: the process that records has ended ({how}); record again"
        self._hear(line_of(DIED, text, sample=min((one.ring.count for one in self.streams.values()), default=0)))
        for one in self.streams.values():
            if not one.finished.is_set():
                one.lost(DIED, text)
        self._replies.put({"failed": text, "code": DIED})

    def _last_words(self) -> str:
        """The last line that it wrote about an error."""
        with contextlib.suppress(OSError, ValueError):
            self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            return f": {lines[-1][:300]}" if lines else ""
        return ""


def _meaning(code: int | None) -> str:
    if code is None:
        return "it does not answer"
    return f"by signal {-code}" if code < 0 else f"with code {code}"


def _environment() -> dict[str, str]:
    """Ours, and where this hipdrive is."""
    here = str(Path(__file__).resolve().parents[2])
    there = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": here if not there else f"{here}{os.pathsep}{there}"}


def _alone() -> dict[str, Any]:
    """So that Ctrl-C in the terminal is ours alone, and no console opens."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
                | subprocess.ABOVE_NORMAL_PRIORITY_CLASS}  # fmt: skip
    return {"start_new_session": True}
