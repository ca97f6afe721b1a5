"""The list of readers: a file format is one decorated function.

A reader sees a `Source` (the file, read once) and `Options` (what the user says about it) and returns a
`Trial`. Other packages add readers through the entry point group `hipdrive.readers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hipdrive.acquisition.formats.plaintext import decoded
from hipdrive.errors import ReadError
from hipdrive.trial import Trial

HEAD = 65536
"""Bytes that a reader may look at to recognise its format."""


@dataclass(frozen=True)
class Source:
    """A file to read: `name` is the path as given, `head` its first bytes; the rest is read on demand."""

    path: Path
    name: str
    head: bytes

    @property
    def suffix(self) -> str:
        """The last suffix, lower case."""
        return self.path.suffix.lower()

    @cached_property
    def data(self) -> bytes:
        """The whole file."""
        return self.path.read_bytes()

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def lines(self) -> list[str]:
        """The lines of a text file, whatever its encoding and line ends."""
        return decoded(self.data, self.name).split("\n")

    @cached_property
    def start(self) -> str:
        """The head as text, good enough to recognise a format."""
        return self.head.decode("utf-8-sig", errors="replace")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user says about a file.

    columns : role -> column name, for example `left.fz` -> `FP1`.
    unit : of the forces, where the file does not say it or says it wrongly.
    facts : further facts of the trial (test, mass, athlete ...), None where nothing was said.
    """

    rate: float | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    swap: bool = False
    unit: str | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Reader:
    """One file format: what it is called, how it is recognised and how it is read."""

    name: str
    suffixes: tuple[str, ...]
    can_open: Callable[[Source], bool]
    read: Callable[[Source, Options], Trial]
    last: bool = False

    @property
    def summary(self) -> str:
        """The first line of the reading function's docstring."""
        return (self.read.__doc__ or "").strip().split("\n")[0]


READERS: dict[str, Reader] = {}
"""Every reader by name; those marked `last` are asked after all others."""


def reader(
    name: str, *, suffixes: tuple[str, ...], can_open: Callable[[Source], bool], last: bool = False
) -> Callable[[Callable[[Source, Options], Trial]], Callable[[Source, Options], Trial]]:
    """Register a function (source, options) -> Trial as the reader of a format."""

    def register(function: Callable[[Source, Options], Trial]) -> Callable[[Source, Options], Trial]:
        READERS[name] = Reader(name, suffixes, can_open, function, last)
        return function

    return register


@cache
def load_plugins() -> tuple[str, ...]:
    """Load the readers of other packages once; a sentence for each that failed, so that ours still work."""
    complaints = []
    for point in entry_points(group="hipdrive.readers"):
        try:
            point.load()
        except Exception as error:
            complaints.append(f"the reader plug-in {point.name} could not be loaded: {error}")
    return tuple(complaints)


def recognised(source: Source, *, last: bool) -> Reader | None:
    """The first reader, of those asked early or of those asked last, that can open the file."""
    return next((one for one in READERS.values() if one.last is last and one.can_open(source)), None)


def reader_of(source: Source) -> Reader:
    """The reader of a file: formats with a signature first, then those of other packages, then plain text."""
    found = recognised(source, last=False)
    if found is None:
        complaints = load_plugins()
        found = recognised(source, last=False) or recognised(source, last=True)
    if found is None:
        kind = f" ({source.suffix})" if source.suffix else ""
        raise ReadError(
            "unknown_format",
            f"{source.name}: not a known format{kind}; hipdrive reads delimited text, AMTI NetForce text, "
            f"OpenSim .mot and .sto, C3D and its own .h5 trial files{''.join(f'; {text}' for text in complaints)}",
        )
    return found
