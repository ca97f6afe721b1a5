"""Results on disk: whole files written in one step, and a table that grows and can be continued."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hipdrive import disk
from hipdrive.errors import ReadError, UsageError
from hipdrive.report import frames
from hipdrive.report.frames import Row

TABLE_START = b"file,sha256,"
UNITS_START = b"column,unit,meaning"
"""First bytes of our own CSV, and of the units beside it."""

PATIENCE = 2.0
"""Seconds between two writes of a growing table: what a power cut may cost."""


def write(path: Path, content: bytes) -> None:
    """The whole file or nothing: written beside the target, synced, then renamed over it."""
    with disk.draft(path) as stream:
        stream.write(content)


def guard(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that would replace an input, or a directory that is not there.

    Raises
    ------
    UsageError : one sentence.
    """
    if any(_same(out, one) for one in inputs):
        raise UsageError("out_is_input", f"{out}: the output would replace an input; choose another --out")
    if out.is_dir():
        raise UsageError("out_is_folder", f"{out} is a folder; give --out the name of a file")
    if not out.resolve().parent.is_dir():
        raise UsageError("out_folder", f"{out.parent}: no such folder; make it first or choose another --out")


def guard_kind(out: Path, starts: tuple[bytes, ...]) -> None:
    """Refuse to replace a file that hipdrive did not write: `starts` are what the first bytes may hold.

    Raises
    ------
    UsageError : one sentence.
    """
    if not out.exists():
        return
    if not out.is_file():
        raise UsageError("out_device", f"{out}: this is no ordinary file; choose another --out")
    with out.open("rb") as file:
        first = file.read(400)
    if first and not any(start in first for start in starts):
        raise UsageError("out_foreign", f"{out}: this file was not written by hipdrive and is left alone; "
                         "choose another --out")  # fmt: skip


def is_own_table(path: Path) -> bool:
    """Whether a CSV is a table that hipdrive wrote, and so no recording."""
    with path.open("rb") as file:
        first = file.read(32)
    return first.startswith((TABLE_START, UNITS_START))


class Sheet:
    """A wide table on disk, CSV or Parquet, that grows file by file.

    With `resume` it starts from what is there. `has` says whether a file was analysed in the same way before.
    """

    def __init__(self, path: Path, kind: str, *, resume: bool = False) -> None:
        self.path, self.kind = path, kind
        self.rows: list[Row] = _load(path, kind) if resume and path.exists() else []
        self._known = {(row.get("sha256"), row.get("settings")) for row in self.rows}
        self._due = time.monotonic() + PATIENCE

    def has(self, sha256: str, settings: Mapping[str, Any]) -> bool:
        """Whether rows of these bytes under these settings are in the table."""
        return (sha256, frames.settings_text(settings)) in self._known

    def add(self, rows: Sequence[Row]) -> None:
        """Append the repetitions of one file, and write when it is time."""
        self.rows += rows
        self._known |= {(row["sha256"], row["settings"]) for row in rows}
        if time.monotonic() > self._due:
            began = time.monotonic()
            self.flush()
            self._due = time.monotonic() + max(PATIENCE, 10 * (time.monotonic() - began))

    def flush(self) -> None:
        """Write the table; a CSV gets its list of units beside it."""
        if self.kind == "parquet":
            write(self.path, parquet_bytes(self.rows))
            return
        write(self.path, frames.to_csv(self.rows).encode("utf-8", "replace"))
        write(units_path(self.path), frames.units_csv(frames.columns(self.rows)).encode("utf-8", "replace"))


def fingerprint(path: Path) -> str:
    """The sha256 of a file's bytes.

    Raises
    ------
    ReadError : it is a pipe or a device, which never ends.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ReadError("not_a_file", f"{path}: this is no ordinary file; give a recording")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def units_path(path: Path) -> Path:
    """Where the units of a CSV stand.

    >>> units_path(Path("team.csv")).name
    'team.units.csv'
    """
    return path.with_name(f"{path.stem}.units.csv")


def parquet_bytes(rows: list[Row]) -> bytes:
    """The rows as a Parquet file."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(frames.to_arrow(rows), out)
    return out.getvalue()


def _load(path: Path, kind: str) -> list[Row]:
    if kind != "parquet":
        return frames.from_csv(path.read_text("utf-8"))
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()
