"""What a recording says while it runs: when the athlete stands still again, and, to other programs, what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hipdrive.acquisition.recorder import Chunk, Recorder
from hipdrive.analysis.live import Live
from hipdrive.analysis.said import Changed, Closed, Numbers, Said, Weighed

if TYPE_CHECKING:
    from hipdrive.acquisition.lsl import Publisher


class OnAir:
    """Looks at each new stretch of a recording, as `record(until=...)` asks it to.

    mass : kg, where it is known. stream : name of an LSL stream to send the forces and what happens to; None for none.
    ends : whether the recording is over once the athlete stands still after the movement.
    """

    def __init__(self, mass: float | None, stream: str | None, *, ends: bool) -> None:
        self.mass, self.stream, self.ends = mass, stream, ends
        self._live: Live | None = None  # the rate is known once the devices are open
        self._publisher: Publisher | None = None
        if stream is not None:
            from hipdrive.acquisition import lsl

            lsl.ready(stream)  # before anybody jumps

    def __call__(self, recorder: Recorder, chunk: Chunk) -> bool:
        """Whether the recording is over."""
        if self._live is None:
            self._live = Live(recorder.rate, recorder.plates, mass=self.mass)
            if self.stream is not None:
                from hipdrive.acquisition import lsl

                self._publisher = lsl.publish(recorder, self.stream)
        said = self._live.feed(recorder.newtons(chunk), chunk.first_sample)
        for one in said:
            self._tell(one, recorder.rate)
        return self.ends and any(isinstance(one, Closed) for one in said)

    def _tell(self, one: Said, rate: float) -> None:
        """To whoever receives the stream."""
        if self._publisher is None:
            return
        at = one.sample / rate
        if isinstance(one, Changed):
            self._publisher.say(one.state, at)
        elif isinstance(one, Weighed):
            self._publisher.say("weighed", at, weight=one.weight)
        elif isinstance(one, Numbers):
            values = {name: value.value for name, value in one.values.items()}
            self._publisher.say("numbers", at, jump=one.jump, kind=one.kind, stage=one.stage, **values)
        elif isinstance(one, Closed):
            self._publisher.say("trial", at, begin=one.begin / rate, end=one.end / rate, jumps=one.jumps)

    def close(self) -> None:
        """Send what is left."""
        if self._publisher is not None:
            self._publisher.close()
