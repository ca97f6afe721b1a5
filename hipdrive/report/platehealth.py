"""`hipdrive plates`: a look at the empty plates of a rig before anybody jumps: noise, hum, drift, zero, range."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from hipdrive.acquisition.ends import ends_of
from hipdrive.acquisition.recorder import Recorder
from hipdrive.analysis.plate_health import Health, Remark, Watch, at_the_end, remarks
from hipdrive.errors import UsageError
from hipdrive.report.table import COLOURS
from hipdrive.report.words import clean
from hipdrive.results import FAIL

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig

SHORTEST, LONGEST = 1.0, 600.0
"""s of a look."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen of the plates. clipped : channel -> samples at the end of its range."""

    health: tuple[Health, ...]
    clipped: Mapping[str, int]
    ranges: Mapping[str, float]

    def remarks(self) -> tuple[Remark, ...]:
        """Everything that is to be said, plate by plate."""
        ends = [at_the_end(*_named(role, samples)) for role, samples in self.clipped.items() if samples > 1]
        return (*ends, *(one for plate in self.health for one in remarks(plate)))


def _named(role: str, samples: int) -> tuple[str, str]:
    plate, _, channel = role.partition(".")
    return plate, f"channel {channel or plate} ({samples} samples)"


def look(rig: Rig, seconds: float) -> Look:
    """Watch the plates of a rig for some seconds.

    Raises
    ------
    UsageError : a device is not there, or it delivers nothing.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError("seconds", f"{seconds:g} s is no time to look at plates; give {SHORTEST:g} to {LONGEST:g} s")
    with Recorder(rig, _sources(rig, seconds)) as recorder:
        watch = Watch(recorder.plates, recorder.rate, held=min(seconds, 30.0))
        ends = {name: ends_of(one.info) for name, one in recorder.streams.items()}
        clipped: dict[str, int] = {}
        cursor = recorder.cursor(first=True)
        while recorder.seconds < seconds and not recorder.finished.is_set():
            chunk = cursor.new()
            if not chunk.samples:
                time.sleep(0.01)
                continue
            watch.add(recorder.newtons(chunk), chunk.first_sample)
            for device, counts in chunk.counts.items():
                for role, samples in ends[device].reached(counts).items():
                    clipped[role] = clipped.get(role, 0) + samples
        return Look(health=watch.health(), clipped=clipped, ranges=_ranges(rig))


def _sources(rig: Rig, seconds: float) -> Any:
    """Simulated plates stay empty for the time of a look."""
    if {device.driver for device in rig.devices} != {"simulated"}:
        return None
    from hipdrive.acquisition.source import open_sources

    return open_sources(rig, test="cmj", jumps=1, lead=seconds + 2.0)


def _ranges(rig: Rig) -> Mapping[str, float]:
    from hipdrive.hardware import plates

    return plates.ranges(rig)


def run(rig_name: str, seconds: float, *, as_json: bool) -> int:
    """The command; 1 where a channel is at the end of its range."""
    from hipdrive.hardware import rig as rigs

    rig = rigs.load(rig_name)
    seen = look(rig, seconds)
    if as_json:
        print(json.dumps(document(rig.name, seen), indent=1))
    else:
        show(rig.name, seen)
    return int(any(one.level == FAIL for one in seen.remarks()))


def document(rig: str, seen: Look) -> dict[str, Any]:
    """As JSON; what is not known is null."""
    plates = [
        {"plate": one.plate, "empty": one.empty, "level_n": _number(one.level), "noise_sd_n": _number(one.noise),
         "drift_n_per_min": _number(60.0 * one.drift.rate), "drift_u95_n_per_min": _number(60.0 * one.drift.u95),
         "range_n": _number(seen.ranges.get(one.plate, math.nan)), "seconds": one.seconds,
         "tones": [{"name": tone.name, "frequency_hz": tone.frequency, "amplitude_n": tone.amplitude,
                    "mains_hz": tone.mains or None, "order": tone.order or None} for tone in one.tones]}
        for one in seen.health
    ]  # fmt: skip
    return {"format": "hipdrive-plates", "version": 1, "rig": rig, "plates": plates, "clipped": dict(seen.clipped),
            "remarks": [vars(one) for one in seen.remarks()]}  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def show(rig: str, seen: Look) -> None:
    """As a table, and what to do."""
    console = Console(highlight=False)
    table = Table(title=f"Empty plates of {clean(rig)}", title_justify="left", title_style="bold", box=None)
    for name in ("plate", "force", "noise (SD)", "drift", "hum", "range"):
        table.add_column(name, justify="left" if name in ("plate", "hum") else "right")
    for one in seen.health:
        full = _shown(seen.ranges.get(one.plate, math.nan), "N", 0)
        table.add_row(clean(one.plate), f"{one.level:+.1f} N", _shown(one.noise, "N"), drift_text(one),
                      hum_text(one.tones), full)  # fmt: skip
    console.print(table)
    told = seen.remarks()
    for note in told:
        line = f"plate {clean(note.plate)}: {note.message}" + (f"; {note.remedy}" if note.remedy else "")
        console.print(f"[{COLOURS[note.level]}]{note.level}[/]: {line}.", soft_wrap=True)
    if not any(note.level != "info" for note in told):
        console.print("Nothing to mend.")


def _shown(value: float, unit: str, decimals: int = 1) -> str:
    return f"{value:.{decimals}f} {unit}" if math.isfinite(value) else "-"


def drift_text(one: Health) -> str:
    """A drift in newtons a minute."""
    if not math.isfinite(one.drift.rate):
        return "-"
    return f"{60.0 * one.drift.rate:+.1f} ± {60.0 * one.drift.u95:.1f} N/min"


def hum_text(found: Sequence[Any]) -> str:
    """The strongest tones."""
    return ", ".join(f"{one.name}: {one.amplitude:.2f} N" for one in found[:3]) or "none"
