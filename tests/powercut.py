"""A power cut, modelled: every call that changes a disk is noted, and replayed up to a moment.

What was synced is there. Of what was written later nothing is there (`none`), or each page of 4 KiB with even odds, in
any order (`torn`). A new name is there once its folder was synced, later ones never, or with even odds. A file is made
of pages that may be missing in its middle: they read as zeros.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PAGE = 4096


@dataclass
class Call:
    """One call: what, when, of which file (by number, for names change), and its facts."""

    what: str
    t: float
    file: int = -1
    name: str = ""
    at: int = 0
    content: bytes = b""


@dataclass
class Tape:
    """All calls on files of a folder, in their order."""

    folder: Path
    calls: list[Call] = field(default_factory=list)
    open: dict[int, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def note(self, what: str, **facts: Any) -> None:
        self.calls.append(Call(what, time.monotonic(), **facts))

    def ours(self, path: Any) -> str | None:
        """The name of a file in the folder."""
        place = Path(os.fsdecode(path))
        return place.name if place.parent == self.folder else None


@contextmanager
def taped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    """Notes what this process does to files of a folder, through the calls of `os`."""
    tape = Tape(folder)
    real = {name: getattr(os, name) for name in ("open", "close", "write", "ftruncate", "fsync", "replace", "unlink")}
    real |= {"fdatasync": getattr(os, "fdatasync", os.fsync)}

    def open_(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        handle = int(real["open"](path, flags, *rest, **more))
        if Path(os.fsdecode(path)) == folder:
            tape.open[handle] = -1
        name = tape.ours(path)
        if name is not None:
            if flags & os.O_CREAT and name not in tape.names:
                tape.names[name] = len(tape.sizes)
                tape.sizes[tape.names[name]] = 0
                tape.note("create", file=tape.names[name], name=name)
            tape.open[handle] = tape.names[name]
        return handle

    def close(handle: int) -> None:
        tape.open.pop(handle, None)
        real["close"](handle)

    def write(handle: int, content: Any) -> int:
        done = int(real["write"](handle, content))
        file = tape.open.get(handle, -1)
        if file >= 0:
            tape.note("write", file=file, at=tape.sizes[file], content=bytes(content[:done]))
            tape.sizes[file] += done
        return done

    def ftruncate(handle: int, size: int) -> None:
        real["ftruncate"](handle, size)
        if tape.open.get(handle, -1) >= 0:
            tape.sizes[tape.open[handle]] = size
            tape.note("cut", file=tape.open[handle], at=size)

    def synced(name: str) -> Any:
        def sync(handle: int) -> None:
            begun = time.monotonic()
            before = {file: size for file, size in tape.sizes.items()}
            real[name](handle)
            if handle in tape.open:
                file = tape.open[handle]
                # what was written while it ran may have missed it
                tape.calls.append(Call("sync" if file >= 0 else "names", time.monotonic(), file=file,
                                       at=before.get(file, 0), name=str(begun)))  # fmt: skip

        return sync

    def replace(source: Any, target: Any, **more: Any) -> None:
        real["replace"](source, target, **more)
        old, new = tape.ours(source), tape.ours(target)
        if old is not None and new is not None:
            tape.names[new] = tape.names.pop(old)
            tape.note("rename", file=tape.names[new], name=new)

    def unlink(path: Any, **more: Any) -> None:
        real["unlink"](path, **more)
        name = tape.ours(path)
        if name is not None and name in tape.names:
            tape.note("remove", file=tape.names.pop(name), name=name)

    noted = {"open": open_, "close": close, "write": write, "ftruncate": ftruncate, "replace": replace,
             "unlink": unlink, "fsync": synced("fsync"), "fdatasync": synced("fdatasync")}  # fmt: skip
    for name, made in noted.items():
        monkeypatch.setattr(os, name, made)
    try:
        yield tape
    finally:
        for name, was in real.items():
            monkeypatch.setattr(os, name, was)


def cut(tape: Tape, moment: float, model: str, rng: random.Random, out: Path) -> None:
    """The folder as it may be after the power went at a moment."""
    calls = [one for one in tape.calls if one.t <= moment]
    durable: dict[int, int] = {}  # file -> bytes that a sync has finished with
    for one in calls:
        if one.what == "sync":
            durable[one.file] = max(durable.get(one.file, 0), one.at)
    named = max((place for place, one in enumerate(calls) if one.what == "names"), default=-1)
    contents: dict[int, bytearray] = {}
    names: dict[int, str] = {}
    for place, one in enumerate(calls):
        lucky = place <= named or (model == "torn" and rng.random() < 0.5)
        if one.what == "create":
            contents[one.file] = bytearray()
            if lucky:
                names[one.file] = one.name
        elif one.what == "rename" and lucky:
            for other in [file for file, name in names.items() if name == one.name]:
                del names[other]
            names[one.file] = one.name
        elif one.what == "remove" and lucky:
            names.pop(one.file, None)
        elif one.what == "cut":
            del contents[one.file][one.at :]
        elif one.what == "write":
            _written(contents[one.file], one, durable.get(one.file, 0), model, rng)
    out.mkdir()
    for file, name in names.items():
        (out / name).write_bytes(bytes(contents[file]))


def _written(content: bytearray, one: Call, durable: int, model: str, rng: random.Random) -> None:
    """The pages of a write that are there."""
    place = one.at
    while place < one.at + len(one.content):
        end = min(one.at + len(one.content), place - place % PAGE + PAGE)
        if end <= durable or (model == "torn" and rng.random() < 0.5):
            content.extend(bytes(max(0, end - len(content))))
            content[place:end] = one.content[place - one.at : end - one.at]
        elif place < durable:
            content.extend(bytes(max(0, durable - len(content))))
            content[place:durable] = one.content[place - one.at : durable - one.at]
        place = end
