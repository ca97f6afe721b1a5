"""A simulated athlete who does one test after the other, as a protocol asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hipdrive.acquisition.simulated import source
from hipdrive.acquisition.simulated.clock import Clock
from hipdrive.acquisition.simulated.engine import Engine
from hipdrive.errors import UsageError
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

SAME = ("mass", "left_share", "offset")
"""What an athlete and the plates keep from jump to jump."""


def played(names: Sequence[str], tests: Sequence[str], *, rate: float, seed: int = 0, lead: float = 3.0,
           pause: float = 2.0) -> source.Session:  # fmt: skip
    """What plates of these names see while one athlete does these tests; one a jump or series, in their order."""
    if not tests:
        raise UsageError("simulate", "a simulated athlete needs at least one test to do")
    settings: dict[str, Any] = {}
    parts: list[source.Session] = []
    jumps: list[tuple[int, Trial]] = []
    for number, test in enumerate(tests):
        part = source.session(names, test, rate=rate, seed=seed + number, jumps=1, lead=0.0 if number else lead,
                              pause=pause, **settings)  # fmt: skip
        jumps += [(start + sum(one.samples for one in parts), trial) for start, trial in part.jumps]
        truth = part.jumps[0][1].truth
        assert truth is not None
        settings = {key: truth.settings[key] for key in SAME}
        parts.append(part)
    return source.Session(
        rate=rate, jumps=tuple(jumps),
        force={name: np.concatenate([one.force[name] for one in parts]) for name in names},
        cop={name: np.concatenate([one.cop[name] for one in parts]) for name in names},
    )  # fmt: skip


def following(
    rig: Rig, tests: Sequence[str], *, clock: Clock | None = None, **settings: Any
) -> Iterator[source.SimulatedSource]:
    """A source for each simulated device of a rig. settings : as `played` takes them."""
    rate = float(rig.device(rig.plates[0].device).rate_hz)
    whole = played([plate.id for plate in rig.plates], tests, rate=rate, **settings)
    engine = Engine([source._device(rig, device, whole) for device in rig.devices], clock=clock)
    room = source.Room(engine, whole)
    bare = rig.model_copy(update={"cameras": ()})
    for device in bare.devices:
        yield source.SimulatedSource(room, device, bare.channels(device.id))
