"""What has to hold between the tables of a rig file: names, wires, ranges. Each check raises a Fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hipdrive.hardware.devices import FORCE_UNITS, NI_TERMINAL, PLUGIN, Device
from hipdrive.hardware.facts import Fault
from hipdrive.hardware.kinds import Gauged, Kistler8, PlateFacts, Wrench6
from hipdrive.hardware.plates import bend, electric_limit

if TYPE_CHECKING:
    from hipdrive.hardware.rig import Rig


def check(rig: Rig) -> None:
    """Raise the first Fault there is."""
    names_are_unique(rig)
    devices_are_known(rig)
    clocks_can_be_shared(rig)
    plates_fit_their_devices(rig)
    terminals_are_wired_once(rig)
    lines_can_be_stamped_and_made(rig)
    plates_fit_their_inputs(rig)
    corrections_are_small(rig)


def names_are_unique(rig: Rig) -> None:
    """Two devices, plates or cameras of one name cannot be told apart, nor two entries for one box."""
    _unique("devices", "id", [device.id for device in rig.devices])
    # the driver does not care for case
    _unique("devices", "name", [device.name.lower() for device in rig.devices])
    _unique("plates", "id", [plate.id for plate in rig.plates])
    _unique("cameras", "id", [camera.id for camera in rig.cameras])
    _unique("sync", "id", [one.id for one in rig.sync])
    taken = {"gun", *(camera.id for camera in rig.cameras), *(plate.id for plate in rig.plates)}
    for number, one in enumerate(rig.sync, 1):  # what they record is stored by name
        if one.id in taken:
            raise Fault(f"sync {number}", f"id = {one.id!r} is that of something else", "give it its own id")
    for number, camera in enumerate(rig.cameras, 1):
        if camera.id == "gun":
            raise Fault(f"cameras {number}", "id = 'gun' is the start signal's", "give it its own id")
    _unique("outputs", "id", [output.id for output in rig.outputs])


def _unique(table: str, key: str, names: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in seen:
            raise Fault(f"{table} {number}", f"{key} = {name!r} is that of {table} {seen[name]} already",
                        f"give each its own {key}" if key == "id" else "put its plates on the first one")  # fmt: skip
        seen[name] = number


def devices_are_known(rig: Rig) -> None:
    """What is wired to a device that is not there is wired to nothing."""
    known = [device.id for device in rig.devices]
    for place, device in _users(rig):
        if device not in known:
            near = difflib.get_close_matches(device, known, 1)
            raise Fault(f"{place}, device", f"there is no device {device!r}",
                        f"did you mean {near[0]!r}?" if near else f"use {' or '.join(map(repr, known))}")  # fmt: skip


def _users(rig: Rig) -> Iterator[tuple[str, str]]:
    for plate in rig.plates:
        yield f"plate {plate.id!r}", plate.device
    for camera in rig.cameras:
        yield f"camera {camera.id!r}", camera.device
    for output in rig.outputs:
        yield f"output {output.id!r}", output.device
    if rig.start_signal is not None:
        yield "start_signal", rig.start_signal.device
    for one in rig.sync:
        yield f"sync {one.id!r}", one.device


def clocks_can_be_shared(rig: Rig) -> None:
    """A device on another's clock needs that device, the same rate, and a way for the clock."""
    known = {device.id: device for device in rig.devices}
    for one in rig.devices:
        if one.clock is None:
            continue
        place, lead = f"device {one.id!r}", known.get(one.clock)
        if lead is None or lead is one:
            others = [name for name in known if name != one.id]
            raise Fault(f"{place}, clock", f"{one.clock!r} is no other device",
                        f"use {' or '.join(map(repr, others))}" if others else "take it out")  # fmt: skip
        if lead.driver != one.driver:
            raise Fault(f"{place}, clock", f"{lead.id!r} is run by {lead.driver}, and this one by {one.driver}",
                        "devices of one driver can share a clock: take it out")  # fmt: skip
        if lead.clock is not None:
            raise Fault(f"{place}, clock", f"{lead.id!r} has no clock of its own but that of {lead.clock!r}",
                        f"use clock = {lead.clock!r}")  # fmt: skip
        if one.clock_by == "reference_clock":
            if one.clock_in != lead.clock_in:
                ours, theirs = one.clock_in or "nothing", lead.clock_in or "nothing"
                raise Fault(f"{place}, clock_in", f"{ours} is not the {theirs} of {lead.id!r}",
                            "give both the same clock_in and clock_by")  # fmt: skip
            continue
        if one.rate_hz != lead.rate_hz:
            raise Fault(f"{place}, rate_hz", f"{one.rate_hz:g} Hz is not the {lead.rate_hz:g} Hz of {lead.id!r}, whose "
                        "sample clock it shares", f"write rate_hz = {lead.rate_hz:g}")  # fmt: skip
        if one.clock_in is not None and lead.clock_out is None:
            raise Fault(f"device {lead.id!r}, clock_out",
                        f"nothing is given to the wire to {one.clock_in} of {one.id!r}",
                        'name the line at which the wire begins, for example clock_out = "PFI4"')  # fmt: skip
        stamped = [f"camera {camera.id!r}" for camera in rig.cameras if camera.device == one.id]
        signal = rig.start_signal
        if signal is not None and signal.line is not None and signal.device == one.id:
            stamped.append("start_signal")
        stamped += [f"sync {line.id!r}" for line in rig.sync if line.counter is not None and line.device == one.id]
        if stamped:
            raise Fault(f"{stamped[0]}, device", f"counters of {one.id!r} do not run on the clock that it shares, so "
                        "their stamps would drift", f"wire it to {lead.id!r}, or use the reference_clock")  # fmt: skip


def plates_fit_their_devices(rig: Rig) -> None:
    """Volts come from terminals of an NI device, numbers from channels of a stream or columns of a board."""
    for plate in rig.plates:
        device = rig.device(plate.device)
        place = f"plate {plate.id!r}"
        if device.sends_numbers:
            _numbers(place, plate, device)
            continue
        if getattr(plate, "newton_per_unit", None) is not None:
            raise Fault(f"{place}, newton_per_unit", f"device {device.id!r} gives volts",
                        "give newton_per_volt, or what else says how volts become newtons")  # fmt: skip
        for role, terminal in plate.channels.items():
            if not NI_TERMINAL.fullmatch(terminal):
                raise Fault(place, f"channels.{role} = {terminal!r} has not the right form",
                            'write an input of the device, for example "ai0"')  # fmt: skip
    plates = {f"plate {plate.id!r}" for plate in rig.plates}
    for user, name in _users(rig):
        if user not in plates and rig.device(name).sends_numbers:
            raise Fault(f"{user}, device", f"device {name!r} has no lines for it", "wire it to an NI device")


def _numbers(place: str, plate: PlateFacts, device: Device) -> None:
    """A plate behind a device that measures by itself."""
    if plate.terminal_config is not None:
        raise Fault(f"{place}, terminal_config", f"device {device.id!r} has no terminals", "take it out")
    if device.board is not None and device.board.columns:
        for role, name in plate.channels.items():
            if name.lower() not in [column.lower() for column in device.board.values]:
                raise Fault(f"{place}, channels.{role}", f"device {device.id!r} has no column {name!r}",
                            f"use {', '.join(device.board.values)}")  # fmt: skip
    if device.unit == "V" or device.driver.startswith(PLUGIN):
        return
    per_unit: Mapping[str, float] | None = getattr(plate, "newton_per_unit", None)
    if per_unit is None:
        worth = FORCE_UNITS.get(str(device.unit))
        fits = isinstance(plate, Gauged | Wrench6)
        raise Fault(f"{place}, newton_per_unit", f"it is missing, and device {device.id!r} sends {device.unit}, not V",
                    f"give newton_per_unit = {worth or 0.05:g}" if fits else
                    "this kind of plate is for volts; use fz1, cells, xyz3 or wrench6")  # fmt: skip
    worth = FORCE_UNITS.get(str(device.unit))
    for role, value in per_unit.items():
        if worth is not None and not 0.8 < value / worth < 1.25:
            raise Fault(f"{place}, newton_per_unit", f"{value:g} N for one {device.unit} of {role} is far from "
                        f"{worth:g} N", f"give {worth:g}, or mend the unit of device {device.id!r}")  # fmt: skip


def terminals_are_wired_once(rig: Rig) -> None:
    """One terminal, one wire; with DIFF a channel has two."""
    for device in rig.devices:
        taken: dict[str, str] = {}
        for place, terminals in _wires(rig, device):
            for terminal in terminals:
                if terminal in taken:
                    raise Fault(place, f"{device.id}/{terminal} is already wired to {taken[terminal]}",
                                _remedy(terminal, terminals))  # fmt: skip
            taken |= dict.fromkeys(terminals, place)


def lines_can_be_stamped_and_made(rig: Rig) -> None:
    """Counters know PFI lines only, and a line is set between two blocks of samples."""
    for place, terminal in _counted(rig):
        if not terminal.startswith("PFI"):
            raise Fault(place, f"edges on {terminal} cannot be stamped", "wire it to a PFI terminal")
    for one in rig.sync:
        block = next(device.block_ms for device in rig.devices if device.id == one.device)
        if one.line is not None and one.bit_ms < 2.0 * block:
            raise Fault(f"sync {one.id!r}, bit_ms", f"{one.bit_ms:g} ms are less than two blocks of {block:g} ms, "
                        "between which the line is set", f"give at least {2.0 * block:g}")  # fmt: skip


def _counted(rig: Rig) -> Iterator[tuple[str, str]]:
    for camera in rig.cameras:
        yield f"camera {camera.id!r}, terminal", camera.terminal
    for one in rig.sync:
        if one.terminal is not None:
            yield f"sync {one.id!r}, terminal", one.terminal
    if rig.start_signal is not None and rig.start_signal.line is not None:
        yield "start_signal, line", rig.start_signal.line


def _remedy(terminal: str, terminals: Sequence[str]) -> str:
    if terminal == terminals[0]:
        return "give each its own terminal"
    return "with DIFF it is the minus of " + terminals[0] + ": move one, or set diff_minus of the device (WIRING.md)"


def _wires(rig: Rig, device: Device) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Who uses which terminals of a device."""
    for plate in rig.plates:
        if plate.device == device.id:
            config = plate.terminal_config or device.terminal_config
            pair = config == "DIFF" and plate.bridged is None
            for role in plate.roles:
                place = f"plate {plate.id!r}, channels.{role}"
                yield place, (_pair(device, plate.channels[role], place) if pair else (plate.channels[role],))
    signal = rig.start_signal
    if signal is not None and signal.device == device.id:
        if signal.terminal is not None:
            pair = device.terminal_config == "DIFF"
            yield "start_signal", _pair(device, signal.terminal, "start_signal") if pair else (signal.terminal,)
        if signal.line is not None:
            yield "start_signal", (signal.line,)
    if device.start_trigger is not None:
        yield f"device {device.id!r}, start_trigger", (device.start_trigger.terminal,)
    for key, terminal in (("clock_in", device.clock_in), ("clock_out", device.clock_out)):
        if terminal is not None:
            yield f"device {device.id!r}, {key}", (terminal,)
    for camera in rig.cameras:
        if camera.device == device.id:
            yield f"camera {camera.id!r}", (camera.terminal,)
            if camera.counter is not None:
                yield f"camera {camera.id!r}", (camera.counter,)
    for one in rig.sync:
        if one.device == device.id:
            for terminal in (one.line, one.terminal, one.counter, one.counter_off):
                if terminal is not None:
                    yield f"sync {one.id!r}", (terminal,)
            if one.analog is not None:
                pair = device.terminal_config == "DIFF"
                place = f"sync {one.id!r}"
                yield place, _pair(device, one.analog, place) if pair else (one.analog,)
    for output in rig.outputs:
        if output.device == device.id:
            yield f"output {output.id!r}", (output.line,)


def _pair(device: Device, terminal: str, place: str) -> tuple[str, ...]:
    """Plus and minus of a differential channel."""
    gap = device.diff_minus
    number = int(terminal[2:])
    if gap == 0:
        return (terminal,)
    if number % (2 * gap) >= gap:
        raise Fault(place, f"{terminal} is the minus of ai{number - gap} with DIFF",
                    f"wire plus to ai{number - gap}, or set diff_minus of {device.id!r} (WIRING.md)")  # fmt: skip
    return terminal, f"ai{number + gap}"


def plates_fit_their_inputs(rig: Rig) -> None:
    """A range that ends below the largest force would clip it unseen."""
    for plate in rig.plates:
        channels = [c for c in rig.channels(plate.device) if c.role.partition(".")[0] == plate.id]
        limit, role = electric_limit(plate, [c.low for c in channels], [c.high for c in channels])
        if plate.range_n > limit * 1.001:
            first = next(channel for channel in channels if channel.role == f"{plate.id}.{role}")
            raise Fault(f"plate {plate.id!r}, range_n",
                        f"{plate.range_n:g} N is more than the {limit:.5g} N at which {role} leaves its input range "
                        f"({first.low:g} to {first.high:g} {first.unit})",
                        "choose a larger input or amplifier range, mend the sensitivity, or lower range_n")  # fmt: skip


LARGEST_CORRECTION = 0.03
"""m; a plate that bends more than that is broken."""


def corrections_are_small(rig: Rig) -> None:
    """A polynomial in the wrong order or unit moves the centre of pressure off the plate."""
    for plate in rig.plates:
        if isinstance(plate, Kistler8) and plate.cop_correction is not None:
            x, y = np.meshgrid(np.linspace(0.0, plate.a_m, 11), np.linspace(0.0, plate.b_m, 11))
            with np.errstate(over="ignore", invalid="ignore"):
                largest = float(np.max(np.abs(bend(plate.cop_correction, x, y))))
            if not largest <= LARGEST_CORRECTION:
                raise Fault(f"plate {plate.id!r}, cop_correction",
                            f"it moves the centre of pressure by up to {largest * 1e3:.3g} mm between the sensors",
                            "copy P1x..P6x, P1y..P6y in this order, as given for mm")  # fmt: skip
