"""The kinds of plate that a rig file can name: channels, calibration, geometry and pose of each.

Which axes and signs each kind has, and how to find them with one thumb, is in WIRING.md; `plates` does the sums.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, WithJsonSchema, model_validator

from hipdrive.hardware.devices import Amplifier, Bridge, Range, TerminalConfig, check_range
from hipdrive.hardware.facts import Facts, Fault, Identifier, Line, Number, Positive, Terminal, fact

FORCES = ("fx", "fy", "fz")
MOMENTS = ("mx", "my", "mz")
KISTLER = ("fx12", "fx34", "fy14", "fy23", "fz1", "fz2", "fz3", "fz4")
RESERVED = ("gun", "time", "total", *FORCES, *MOMENTS, "tz", "copx", "copy", "px", "py")
"""Names that mean something else where a plate's name may stand."""

Length = Annotated[float, Field(strict=True, gt=0.0, le=10.0)]
Offset = Annotated[float, Field(strict=True, ge=-1.0, le=1.0)]
Place = Annotated[float, Field(strict=True, ge=-1000.0, le=1000.0)]
Channels = Mapping[Identifier, Terminal]
PerRole = Annotated[
    Mapping[Identifier, Positive],
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0},
                              {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}]}),
]  # fmt: skip
"""A number for each role, or one number for all."""


class Calibration(Facts):
    """Which calibration the numbers come from: stored with every trial."""

    id: Line = fact("number of the certificate, or what you call it", "K-4412873")
    date: dt.date = fact("day of the calibration", "2026-03-14")
    by: Line | None = fact("who calibrated", "Kistler", None)


class PlateFacts(Facts):
    """What every kind of plate has."""

    ROLES: ClassVar[tuple[str, ...]] = ()
    PER_ROLE: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    id: Identifier = fact("name of the plate: left, right, front, rear, hands, box, or your own", "left")
    device: Identifier = fact("id of the device that it is wired to", "ni0")
    channels: Channels = fact("which terminal, stream channel or column each channel is", {"fz": "ai0"})
    inverted: tuple[Identifier, ...] = fact("channels whose sign is to be turned", ["fz"], ())
    range_v: Range | None = fact("input range of its channels, V; without it the device's", [-5.0, 5.0], None)
    terminal_config: TerminalConfig | None = fact("wiring of its channels; without it the device's", "DIFF", None)
    range_n: Positive = fact("largest vertical force that plate and amplifier measure, N", 5000, le=1e6)
    calibration: Calibration = fact("calibration", {"id": "K-4412873", "date": "2026-03-14"})
    position_m: tuple[Place, Place] = fact("centre of the plate in the room, m: forward, left", [0.0, 0.25], (0.0, 0.0))
    heading_deg: Annotated[float, Field(strict=True, ge=-360.0, le=360.0)] = fact(
        "where the plate's own +x points, seen from above: 0 forward, 90 left, degrees", 90.0, 0.0
    )
    height_m: Annotated[float, Field(strict=True, ge=-10.0, le=10.0)] = fact(
        "height of its surface in the room, m", 0.0, 0.0
    )
    mat_m: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] = fact(
        "thickness of a mat or block on it, m", 0.01, 0.0
    )
    size_m: tuple[Length, Length] | None = fact("length along its x and y, m", [0.6, 0.4], None)
    cop_min_n: Positive = fact("vertical force below which there is no centre of pressure, N", 50.0, 50.0)
    model: Line | None = fact("maker and model", "Kistler 9260AA6", None)
    serial: Line | None = fact("serial number", "4412873", None)
    natural_freq_hz: Positive | None = fact("natural frequency as mounted, Hz", 400.0, None)

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, data: Any) -> Any:
        """One number for all roles becomes a number for each."""
        if not isinstance(data, dict) or not isinstance(data.get("channels"), dict):
            return data
        table = dict(data)
        for key, roles in cls.PER_ROLE.items():
            if isinstance(table.get(key), int | float) and not isinstance(table[key], bool):
                table[key] = dict.fromkeys(roles or (r for r in table["channels"] if isinstance(r, str)), table[key])
        return table

    @model_validator(mode="after")
    def _common(self) -> PlateFacts:
        if self.id in RESERVED:
            raise Fault("id", f"{self.id!r} has another meaning", "call the plate left, right, plate1 or the like")
        if self.ROLES:
            need(self.channels, self.ROLES, "channels")
        for key, roles in self.PER_ROLE.items():
            if getattr(self, key) is not None:
                need(getattr(self, key), roles or tuple(self.channels), key)
        for role in self.inverted:
            if role not in self.channels:
                raise Fault("inverted", f"there is no channel {role!r}", f"use {', '.join(self.channels)}")
        if len(set(self.inverted)) < len(self.inverted):
            raise Fault("inverted", "a channel is named twice", "name each channel once")
        if self.range_v is not None:
            check_range(self.range_v, "range_v")
        return self

    @property
    def roles(self) -> tuple[str, ...]:
        """Names of its channels in the order in which they are sampled and computed with."""
        return self.ROLES or tuple(self.channels)

    @property
    def bridged(self) -> Bridge | None:
        """The bridge input that it is wired to, if it is."""
        return getattr(self, "bridge", None)


def need(given: Iterable[str], roles: tuple[str, ...], place: str) -> None:
    """Refuse a table that has not exactly these keys."""
    names = list(given)
    missing = [role for role in roles if role not in names]
    strange = [name for name in names if name not in roles]
    if strange:
        near = difflib.get_close_matches(strange[0], missing or roles, 1)
        raise Fault(f"{place}.{strange[0]}", "there is no such channel",
                    f"did you mean {near[0]}?" if near else f"use {', '.join(roles)}")  # fmt: skip
    if missing:
        raise Fault(place, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
                    f"give all of {', '.join(roles)}")  # fmt: skip


class Framed(PlateFacts):
    """A plate with axes of its own."""

    axes: Literal["z_down", "z_up"] = fact("whether the plate's own z points into the ground or up", "z_down", "z_down")
    reports: Literal["action", "reaction"] = fact(
        "whose force its axes show: the foot's on the plate (action) or the plate's on the foot (reaction)",
        "action",
        "action",
    )

    def below(self, z: float, key: str) -> None:
        """Refuse an origin on the wrong side: the surface lies above the sensors."""
        if self.axes == "z_down" and z > 0.0:
            raise Fault(key, f"z = {z:g} m puts the surface below the sensors, as z points down",
                        "it is the surface's centre seen from the sensors' origin, so z is negative; "
                        "if the sheet gives the origin seen from the surface, turn all three signs")  # fmt: skip
        if self.axes == "z_up" and z < 0.0:
            raise Fault(key, f"z = {z:g} m puts the surface below the sensors, as z points up",
                        "it is the surface's centre seen from the sensors' origin, so z is positive; "
                        "if the sheet gives the origin seen from the surface, turn all three signs")  # fmt: skip


class Gauged(PlateFacts):
    """A plate whose channels are load cells, each with a sensitivity of its own."""

    newton_per_volt: PerRole | None = fact("force for one volt, N/V: one number or one for each channel", 500.0, None)
    newton_per_unit: PerRole | None = fact(
        "of a device that sends numbers: force for one unit, N: one number or one for each channel", 1.0, None
    )
    rated_n: PerRole | None = fact("rated load of the cells, N (with rated_mv_per_v)", 5000.0, None)
    rated_mv_per_v: PerRole | None = fact("signal at the rated load, mV/V (with rated_n)", 2.0, None)
    bridge: Bridge | None = fact("bridge input of the device", {"excitation_v": 10.0}, None)
    amplifier: Amplifier | None = fact("amplifier before a voltage input", {"gain": 1000.0, "excitation_v": 10.0}, None)

    @model_validator(mode="after")
    def _sensitive(self) -> Gauged:
        if self.newton_per_unit is not None:
            once("newton_per_unit", {"newton_per_volt": self.newton_per_volt, "rated_n": self.rated_n,
                                     "rated_mv_per_v": self.rated_mv_per_v, "bridge": self.bridge,
                                     "amplifier": self.amplifier})  # fmt: skip
            return self
        given = sensitivity("newton_per_volt", self.newton_per_volt, self.rated_n, self.rated_mv_per_v,
                            "newton_per_volt, or rated_n and rated_mv_per_v with a bridge or an amplifier")  # fmt: skip
        rated = given == "pair"
        two_ways(self.bridge, self.amplifier)
        if rated and self.bridge is None and self.amplifier is None:
            raise Fault("rated_mv_per_v", "mV/V needs the supply of the bridge", "add a bridge or an amplifier")
        if not rated and (self.bridge is not None or self.amplifier is not None):
            raise Fault("newton_per_volt", "N/V is the force for one volt at the terminal, without bridge or gain",
                        "take bridge and amplifier out, or give rated_n and rated_mv_per_v")  # fmt: skip
        return self


def sensitivity(place: str, single: object, first: object, second: object, either: str) -> Literal["single", "pair"]:
    """Which of two ways of saying the sensitivity is used; refuse none, both and half of one."""
    if single is None and first is None and second is None:
        raise Fault(place, "the sensitivity is missing", f"give {either}")
    if single is not None and (first is not None or second is not None):
        raise Fault(place, "the sensitivity is given twice", f"give either {either}")
    if single is None and (first is None or second is None):
        raise Fault(place, "only half of the sensitivity is given", f"give {either}")
    return "pair" if single is None else "single"


def once(place: str, others: Mapping[str, object]) -> None:
    """Refuse a second way of saying the sensitivity."""
    for key, value in others.items():
        if value is not None:
            raise Fault(place, f"{key} says how volts become newtons, and the device sends no volts",
                        f"take out {key} or {place}")  # fmt: skip


def two_ways(bridge: Bridge | None, amplifier: Amplifier | None) -> None:
    """Refuse a bridge that is amplified twice."""
    if bridge is not None and amplifier is not None:
        raise Fault("amplifier", "the channels are wired to a bridge input and to an amplifier",
                    "take out the one that is not there")  # fmt: skip


_GAUGED: Mapping[str, tuple[str, ...]] = {
    "newton_per_volt": (), "newton_per_unit": (), "rated_n": (), "rated_mv_per_v": (),
}  # fmt: skip


class Fz1(Gauged):
    """One channel: vertical force."""

    ROLES = ("fz",)
    PER_ROLE = _GAUGED
    kind: Literal["fz1"] = fact("kind of plate", "fz1")


class Cells(Gauged):
    """Several vertical load cells under a board: their sum is the force, their balance the centre of pressure."""

    PER_ROLE = _GAUGED
    kind: Literal["cells"] = fact("kind of plate", "cells")
    positions_m: Mapping[Identifier, tuple[Offset, Offset]] = fact(
        "where each cell is, seen from above from the centre, m: along the plate's x, and to the left of it",
        {"c1": [0.25, 0.18]},
    )

    @model_validator(mode="after")
    def _placed(self) -> Cells:
        if not 2 <= len(self.channels) <= 16:
            raise Fault("channels", f"a board of {len(self.channels)} cells",
                        "give 2 to 16 cells; a single one is kind = \"fz1\"")  # fmt: skip
        need(self.positions_m, tuple(self.channels), "positions_m")
        seen: dict[tuple[float, float], str] = {}
        for role, place in self.positions_m.items():
            if place in seen:
                raise Fault(f"positions_m.{role}", f"{list(place)} is where {seen[place]} is already",
                            "give each cell its own place")  # fmt: skip
            seen[place] = role
        return self


class Xyz3(Gauged, Framed):
    """Three channels: the force, without a centre of pressure."""

    ROLES = FORCES
    PER_ROLE = _GAUGED
    kind: Literal["xyz3"] = fact("kind of plate", "xyz3")


class Wrench6(Framed):
    """Six channels that the maker's amplifier has decoupled: force and moment (C3D type 2)."""

    ROLES = FORCES + MOMENTS
    PER_ROLE: ClassVar = {"newton_per_volt": FORCES, "newton_metre_per_volt": MOMENTS,
                          "newton_per_unit": FORCES, "newton_metre_per_unit": MOMENTS}  # fmt: skip
    kind: Literal["wrench6"] = fact("kind of plate", "wrench6")
    newton_per_volt: PerRole | None = fact("force for one volt, N/V: one number or fx, fy, fz", {"fx": 500.0}, None)
    newton_metre_per_volt: PerRole | None = fact(
        "moment for one volt, N·m/V: one number or mx, my, mz", {"mx": 250.0}, None
    )
    newton_per_unit: PerRole | None = fact("of a device that sends numbers: force for one unit, N", 1.0, None)
    newton_metre_per_unit: PerRole | None = fact("of such a device: moment for one unit, N·m", 1.0, None)
    origin_m: tuple[Offset, Offset, Offset] = fact(
        "centre of the surface seen from the sensors' origin, in the plate's axes, m", [0.0, 0.0, -0.04]
    )

    @model_validator(mode="after")
    def _deep(self) -> Wrench6:
        for force, moment in ((self.newton_per_volt, "newton_metre_per_volt"),
                              (self.newton_per_unit, "newton_metre_per_unit")):  # fmt: skip
            key = moment.replace("_metre", "")
            if (force is None) != (getattr(self, moment) is None):
                lacking = key if force is None else moment
                raise Fault(lacking, "it is missing", f"give {key} and {moment}")
        if self.newton_per_unit is not None:
            once("newton_per_unit", {"newton_per_volt": self.newton_per_volt})
        elif self.newton_per_volt is None:
            raise Fault("newton_per_volt", "it is missing", "give newton_per_volt and newton_metre_per_volt")
        self.below(self.origin_m[2], "origin_m")
        return self


class Cop6(Framed):
    """Six channels: force, centre of pressure from the surface's centre, free moment (C3D type 1)."""

    ROLES = (*FORCES, "px", "py", "tz")
    PER_ROLE: ClassVar = {"newton_per_volt": FORCES, "metre_per_volt": ("px", "py"), "newton_metre_per_volt": ("tz",)}
    kind: Literal["cop6"] = fact("kind of plate", "cop6")
    newton_per_volt: PerRole = fact("force for one volt, N/V: one number or fx, fy, fz", {"fx": 500.0})
    metre_per_volt: PerRole = fact("length for one volt, m/V: one number or px, py", 0.05)
    newton_metre_per_volt: PerRole = fact("free moment for one volt, N·m/V", 50.0)


class Matrix6(Framed):
    """Six channels that a calibration matrix turns into force and moment (C3D type 4; AMTI, Bertec)."""

    ROLES = FORCES + MOMENTS
    kind: Literal["matrix6"] = fact("kind of plate", "matrix6")
    matrix: tuple[tuple[Number, ...], ...] = fact(
        "6 rows Fx Fy Fz (N), Mx My Mz (N·m), each of 6 columns: channels fx fy fz mx my mz",
        "[[2.9, 0, 0, 0, 0, 0], ...]",
    )
    matrix_per: Literal["V", "mV/V", "uV/V"] = fact("the signal that the matrix is for", "uV/V")
    amplifier: Amplifier | None = fact("amplifier before a voltage input", {"gain": 4000.0, "excitation_v": 10.0}, None)
    bridge: Bridge | None = fact("bridge input of the device", {"excitation_v": 10.0}, None)
    origin_m: tuple[Offset, Offset, Offset] = fact(
        "centre of the surface seen from the sensors' origin, in the plate's axes, m", [0.0, 0.0, -0.04]
    )

    @model_validator(mode="after")
    def _sound(self) -> Matrix6:
        columns = sorted({len(row) for row in self.matrix})
        if len(self.matrix) != 6 or columns != [6]:
            shape = " or ".join(map(str, columns)) or "no"
            raise Fault("matrix", f"{len(self.matrix)} rows of {shape} numbers",
                        "give 6 rows of 6: rows Fx Fy Fz Mx My Mz, columns the channels in the same order")  # fmt: skip
        if not _invertible(np.array(self.matrix)):
            raise Fault("matrix", "the rows are not independent, so two loads would look the same",
                        "copy all 36 numbers from the certificate")  # fmt: skip
        force, moment = (float(np.abs(np.array(self.matrix)[rows]).max()) for rows in (slice(3), slice(3, 6)))
        if moment > 10.0 * force:
            raise Fault("matrix", f"rows 4 to 6 reach {moment:g}, rows 1 to 3 only {force:g}, as if moments were N·mm",
                        "divide rows 4 to 6 by 1000, so that they give N·m")  # fmt: skip
        two_ways(self.bridge, self.amplifier)
        conditioned = self.bridge is not None or self.amplifier is not None
        if (self.matrix_per == "V") == conditioned:
            raise Fault("matrix_per", f"{self.matrix_per!r} does not go with "
                        + ("a bridge or an amplifier" if conditioned else "a plain voltage"),
                        'use "V" for volts at the terminal, "mV/V" or "uV/V" with bridge or amplifier')  # fmt: skip
        self.below(self.origin_m[2], "origin_m")
        return self


def _invertible(matrix: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Whether the loads can be told apart, whatever the units of rows and columns."""
    for axis in (1, 0):
        largest = np.abs(matrix).max(axis=axis, keepdims=True)
        if not np.all(largest > 0.0):
            return False
        matrix = matrix / largest
    return bool(np.all(np.isfinite(matrix))) and float(np.linalg.cond(matrix)) < 1e6


class ChargeAmplifier(Facts):
    """A charge amplifier behind a piezoelectric plate."""

    range_pc: PerRole = fact("charge at full scale, pC: one number or one for each channel", 10000.0)
    full_scale_v: Positive = fact("voltage at full scale, V", 10.0, 10.0)
    model: Line | None = fact("its model", "5233A", None)


class Kistler8(Framed):
    """Four three-axis sensors whose horizontal outputs are joined in pairs (C3D type 3; Kistler)."""

    ROLES = KISTLER
    PER_ROLE: ClassVar = {"newton_per_volt": KISTLER, "sensitivity_pc_per_n": KISTLER}
    kind: Literal["kistler8"] = fact("kind of plate", "kistler8")
    sensitivity_pc_per_n: PerRole | None = fact(
        "charge for one newton, pC/N, from the certificate", {"fz1": 3.81}, None
    )
    amplifier: ChargeAmplifier | None = fact("the charge amplifier", {"range_pc": 10000.0}, None)
    newton_per_volt: PerRole | None = fact(
        "force for one volt, N/V (plates with an amplifier inside)", {"fz1": 500.0}, None
    )
    a_m: Length = fact("distance of the sensors from the centre along x, m", 0.21, le=2.0)
    b_m: Length = fact("distance of the sensors from the centre along y, m", 0.26, le=2.0)
    az0_m: Offset = fact("surface seen from the sensors along z, m: negative when z points down", -0.052)
    cop_correction: Annotated[tuple[Number, ...], Field(min_length=12, max_length=12)] | None = fact(
        "Kistler's P1x..P6x, P1y..P6y, for millimetres", "[P1x, P2x, ..., P6y]", None
    )

    @model_validator(mode="before")
    @classmethod
    def _spread_range(cls, data: Any) -> Any:
        amplifier = data.get("amplifier") if isinstance(data, dict) else None
        if isinstance(amplifier, dict) and isinstance(amplifier.get("range_pc"), int | float):
            if isinstance(amplifier["range_pc"], bool):
                return data
            return {**data, "amplifier": {**amplifier, "range_pc": dict.fromkeys(KISTLER, amplifier["range_pc"])}}
        return data

    @model_validator(mode="after")
    def _charged(self) -> Kistler8:
        sensitivity("sensitivity_pc_per_n", self.newton_per_volt, self.sensitivity_pc_per_n, self.amplifier,
                    "sensitivity_pc_per_n and amplifier, or newton_per_volt alone")  # fmt: skip
        if self.amplifier is not None:
            need(self.amplifier.range_pc, KISTLER, "amplifier.range_pc")
        self.below(self.az0_m, "az0_m")
        return self


Plate = Fz1 | Cells | Xyz3 | Matrix6 | Kistler8 | Wrench6 | Cop6
KINDS: Mapping[str, type[PlateFacts]] = {
    "fz1": Fz1, "cells": Cells, "xyz3": Xyz3,
    "matrix6": Matrix6, "kistler8": Kistler8, "wrench6": Wrench6, "cop6": Cop6,
}  # fmt: skip
