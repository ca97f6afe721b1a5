"""A rig: the devices, plates, cameras and lines of a room, read from a TOML file.

`load("simulated")` or `load("lab.toml")` gives a `Rig`, or a UsageError with one sentence that says which file, where,
what is there and what to do. WIRING.md beside this module explains every key and how to check the wiring.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Discriminator, Field, PrivateAttr, ValidationError, model_validator

from hipdrive.errors import UsageError
from hipdrive.hardware.checkfile import CheckFacts, beside, joined
from hipdrive.hardware.checks import check
from hipdrive.hardware.devices import (
    Bridge,
    Camera,
    Channel,
    Device,
    StartSignal,
    SyncLine,
    TerminalConfig,
    Trigger,
    number_range,
)
from hipdrive.hardware.explain import explain
from hipdrive.hardware.facts import Facts, Line, fact
from hipdrive.hardware.kinds import MOMENTS, Plate
from hipdrive.hardware.outputs import Output

T = TypeVar("T")
FOLDER = Path(__file__).with_name("rigs")
LARGEST_FILE = 1_000_000
"""Bytes: nobody writes a longer rig."""

START_ROLE = "gun"
"""Role of the channel of an analogue start signal (CONTRACTS: names)."""


class Rig(Facts):
    """What is in the room. `text`, `sha256` and `file` say where it comes from; `text` is stored with every trial."""

    schema_version: Literal["hipdrive-rig/1"] = fact(
        "version of this file", "hipdrive-rig/1", "hipdrive-rig/1", alias="schema"
    )
    name: Line = fact("name of the rig", "Jump lab")
    description: Line = fact("one line about it", "two plates, left and right", "")
    devices: Annotated[tuple[Device, ...], Field(min_length=1)] = fact("boxes that sample", "[[devices]]")
    plates: Annotated[tuple[Annotated[Plate, Discriminator("kind")], ...], Field(min_length=1)] = fact(
        "force plates", "[[plates]]"
    )
    cameras: tuple[Camera, ...] = fact("lines to cameras", "[[cameras]]", ())
    start_signal: StartSignal | None = fact("where the gun comes in", {"device": "ni0", "line": "PFI2"}, None)
    sync: tuple[SyncLine, ...] = fact("lamps and triggers for joining clocks", "[[sync]]", ())
    outputs: tuple[Output, ...] = fact("digital lines that are set by what happens", "[[outputs]]", ())
    calibration_checks: tuple[CheckFacts, ...] = fact(
        "checks with known masses, from the file beside that `hipdrive calibrate` writes", "[[calibration_checks]]", ()
    )

    _text: str = PrivateAttr("")
    _file: str = PrivateAttr("")

    @model_validator(mode="after")
    def _consistent(self) -> Rig:
        check(self)
        # Whoever starts devices looks at their start triggers; that of a shared clock follows from it.
        self.__dict__["devices"] = tuple(self._started(one) for one in self.devices)
        return self

    def _started(self, one: Device) -> Device:
        """The device with what starts it: on another's clock, that clock."""
        if one.clock is None or one.start_trigger is not None:
            return one
        lead = next(device.name for device in self.devices if device.id == one.clock)
        terminal = f"/{lead}/ai/StartTrigger"
        if one.clock_by == "sample_clock":
            terminal = one.clock_in or f"/{lead}/ai/SampleClock"
        return one.model_copy(update={"start_trigger": Trigger(terminal=terminal)})

    @property
    def text(self) -> str:
        """The TOML as it was read."""
        return self._text

    @property
    def file(self) -> str:
        """File that it was read from."""
        return self._file

    @property
    def sha256(self) -> str:
        """Fingerprint of `text` in UTF-8."""
        return hashlib.sha256(self._text.encode("utf-8")).hexdigest()

    def device(self, name: str) -> Device:
        """The device of an id."""
        return _one("device", name, {device.id: device for device in self.devices}, self.name)

    def plate(self, name: str) -> Plate:
        """The plate of an id."""
        return _one("plate", name, {plate.id: plate for plate in self.plates}, self.name)

    def only(self, driver: str) -> Rig:
        """What of the rig hangs on the devices of one driver: for that driver, which need not know the others."""
        devices = tuple(one for one in self.devices if one.driver == driver)
        ids, signal = {one.id for one in devices}, self.start_signal
        return self.model_copy(update={
            "devices": devices,
            "plates": tuple(one for one in self.plates if one.device in ids),
            "cameras": tuple(one for one in self.cameras if one.device in ids),
            "start_signal": signal if signal is not None and signal.device in ids else None,
            "sync": tuple(one for one in self.sync if one.device in ids),
            "outputs": tuple(one for one in self.outputs if one.device in ids),
        })  # fmt: skip

    def channels(self, device: str) -> tuple[Channel, ...]:
        """Inputs of a device in the order in which they are sampled: plates, start signal, sync lines."""
        box = self.device(device)
        found = [_channel(box, plate, role) for plate in self.plates if plate.device == device for role in plate.roles]
        signal = self.start_signal
        if signal is not None and signal.device == device and signal.terminal is not None:
            low, high = signal.range_v or box.range_v
            found.append(Channel(role=START_ROLE, terminal=signal.terminal, kind="voltage", low=low, high=high,
                                 unit="V", terminal_config=box.terminal_config))  # fmt: skip
        low, high = box.range_v
        found += [Channel(role=one.id, terminal=one.analog, kind="voltage", low=low, high=high, unit="V",
                          terminal_config=box.terminal_config)
                  for one in self.sync if one.device == device and one.analog is not None]  # fmt: skip
        return tuple(found)


def _one(what: str, name: str, known: dict[str, T], rig: str) -> T:
    if name not in known:
        raise UsageError(f"{what}_unknown", f"rig {rig!r} has no {what} {name!r}; it has {', '.join(known)}")
    return known[name]


def _channel(device: Device, plate: Plate, role: str) -> Channel:
    bridge: Bridge | None = plate.bridged
    config: TerminalConfig = plate.terminal_config or device.terminal_config
    name, terminal = f"{plate.id}.{role}", plate.channels[role]
    if device.sends_numbers:
        low, high = number_range(device, plate.range_v)
        return Channel(role=name, terminal=terminal, kind="number", low=low, high=high, unit=_unit(device, role))
    if bridge is None:
        low, high = plate.range_v or device.range_v
        return Channel(
            role=name, terminal=terminal, kind="voltage", low=low, high=high, unit="V", terminal_config=config
        )
    end = bridge.range_mv_per_v * 1e-3
    return Channel(role=name, terminal=terminal, kind="bridge", low=-end, high=end, unit="V/V", terminal_config=config,
                   excitation_v=bridge.excitation_v, resistance_ohm=bridge.resistance_ohm,
                   configuration=bridge.configuration)  # fmt: skip


def _unit(device: Device, role: str) -> str:
    """What a device sends that measures by itself: beside forces also moments and places, in SI."""
    if device.unit == "N" and role in MOMENTS:
        return "N*m"
    return str(device.unit)


# --- reading ---


def names() -> tuple[str, ...]:
    """The example rigs, `simulated` first.

    >>> names()[0]
    'simulated'
    """
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name != "simulated"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of `hipdrive rigs`."""

    name: str
    description: str
    devices: tuple[str, ...]
    plates: tuple[str, ...]
    file: str


def catalogue() -> tuple[Entry, ...]:
    """The example rigs with a line about each."""
    rigs = ((name, load(name)) for name in names())
    return tuple(
        Entry(
            name=name,
            description=rig.description,
            devices=tuple(f"{device.name} ({device.driver}, {device.rate_hz:g} Hz)" for device in rig.devices),
            plates=tuple(f"{plate.id} ({plate.kind})" for plate in rig.plates),
            file=rig.file,
        )
        for name, rig in rigs
    )


def schema() -> dict[str, Any]:
    """JSON schema of a rig file, for editors (WIRING.md says how)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Rig.model_json_schema(),
        "title": "hipdrive rig",
    }


def load(rig: str | Path) -> Rig:
    """The rig of a TOML file, or an example rig by its name.

    Calibration checks in the file beside it (`lab.calibration.toml`, see `checkfile`) belong to its text.

    Raises
    ------
    UsageError : there is no such file or rig, or it is broken; one sentence says where and what to do.

    >>> load("simulated").name
    'simulated'
    """
    if isinstance(rig, str) and rig in names():
        return loads(_read(FOLDER / f"{rig}.toml"), FOLDER / f"{rig}.toml")
    path = Path(rig)
    if isinstance(rig, str) and path.suffix.lower() != ".toml" and not _is_file(path):
        near = difflib.get_close_matches(rig, names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"give a .toml file or one of {', '.join(names())}"
        raise UsageError("rig_unknown", f"there is no rig {rig[:200]!r}; {hint}")
    text, checks = _read(path), beside(path)
    return loads(joined(text, _read(checks), checks) if _is_file(checks) else text, path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _read(path: Path) -> str:
    shown = str(path) if str(path).isprintable() else repr(str(path))
    if not _is_file(path):
        try:
            what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
        except (OSError, ValueError):
            what = "is no name that a file can have"
        raise UsageError(
            "rig_file", f"{shown[:300]}: the rig file {what}; give a TOML file or one of {', '.join(names())}"
        )
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as why:
        raise UsageError("rig_file", f"{shown}: the rig file cannot be read ({why.strerror}); "
                         "check its permissions") from why  # fmt: skip
    if len(content) > LARGEST_FILE:
        raise UsageError("rig_file", f"{shown}: more than {LARGEST_FILE:,} bytes are no rig; give a TOML file")
    try:
        return content.decode("utf-8-sig")  # some editors begin with a byte-order mark
    except UnicodeDecodeError as why:
        line = content[: why.start].count(b"\n") + 1
        raise UsageError("rig_file", f"{shown}: line {line} has the byte 0x{content[why.start]:02x}, "
                         "which is not UTF-8; save the file as UTF-8") from why  # fmt: skip


def loads(text: str, file: str | Path = "rig") -> Rig:
    """The rig of a TOML text, for example the one stored in a trial file; `file` names it in errors."""
    shown = str(file) if str(file).isprintable() else repr(str(file))
    try:
        text.encode("utf-8")
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise UsageError("rig_toml", f"{shown}: this is no TOML: {_one_line(why)}; {_toml_hint(text)}") from why
    except UnicodeEncodeError as why:
        raise UsageError("rig_toml", f"{shown}: the text holds half a character; save the file as UTF-8") from why
    except (ValueError, RecursionError, OverflowError) as why:
        reason = "it is nested too deeply" if isinstance(why, RecursionError) else _one_line(why)
        raise UsageError("rig_toml", f"{shown}: this is no rig: {reason}; start from an example rig") from why
    if not table:
        raise UsageError("rig_empty", f"{shown}: the file is empty; start from an example rig, for example "
                         f"{FOLDER / 'simulated.toml'}")  # fmt: skip
    try:
        rig = Rig.model_validate(table)
    except ValidationError as why:
        raise UsageError("rig", f"{shown}: {explain(why, table, Rig)}") from why
    except (ValueError, RecursionError, OverflowError) as why:
        raise UsageError("rig", f"{shown}: this is no rig: {_one_line(why)}; start from an example rig") from why
    rig._text, rig._file = text, str(file)
    return rig


def _one_line(why: BaseException) -> str:
    words = " ".join(str(why).split())
    return (words[:1].lower() + words[1:])[:200]


def _toml_hint(text: str) -> str:
    if "“" in text or "”" in text or "„" in text:
        return 'use straight quotation marks (")'
    return "texts need quotation marks, numbers a point, tables [[plates]]"
