"""Whatever happens while a file is written, the old one or the new one is there, whole, and nothing else."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hipdrive import store
from hipdrive.errors import StoreError
from hipdrive.trial import Trial

ROOT = Path(__file__).parents[1]


SYNC = "fdatasync" if sys.platform == "linux" else "fsync"


def trial(mark: float, samples: int = 4000) -> Trial:
    rng = np.random.default_rng(int(mark))
    return Trial.from_forces(rng.normal(mark, 1.0, (2, samples)), rate=1000, athlete=f"A{mark:g}")


def full_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """A disk that is full after some bytes: the last write that fits is a part of what was asked for."""
    left, write = [room], os.write

    def full(handle: int, content: Any) -> int:
        part = bytes(content)[: left[0]]
        if not part:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= len(part)
        return write(handle, part)

    monkeypatch.setattr(os, "write", full)


@pytest.mark.parametrize("room", [0, 1, 500, 20_000])
def test_full_disk(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.save(tmp_path / "a.h5", trial(1))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        full_disk(patch, room)
        with pytest.raises(StoreError, match="No space left on device"):
            store.save(path, trial(2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", [SYNC, "replace"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_a_step_that_fails(step: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.save(tmp_path / "a.h5", trial(1))

    def fails(*args: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fails)
        with pytest.raises(StoreError, match="the old file, if any, is untouched"):
            store.save(path, trial(2))
    assert store.load_trial(path).athlete == "A1"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_writes_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples that differ when read back, with every checksum of HDF5 in order."""
    path = store.save(tmp_path / "a.h5", trial(1))
    write = store._write_synced

    def worse(part: Path, content: bytes, *, like: Path) -> None:
        write(part, content, like=like)
        with h5py.File(part, "r+") as file:
            file["raw/import/values"][7, 0] += 1.0

    monkeypatch.setattr(store, "_write_synced", worse)
    with pytest.raises(StoreError, match="nothing was written"):
        store.save(path, trial(2))
    assert store.load_trial(path).athlete == "A1"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        store.save(tmp_path / "none" / "a.h5", trial(1))


def test_a_folder_in_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.h5").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        store.save(tmp_path / "a.h5", trial(1))
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX")
def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    real = store.save(tmp_path / "real.h5", trial(1))
    real.chmod(0o640)
    link = tmp_path / "link.h5"
    link.symlink_to(real)
    assert store.save(link, trial(2)) == link
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert store.load_trial(real).athlete == "A2"


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = store.save(tmp_path / ("a" * 240 + ".h5"), trial(1))
    assert store.load_trial(path).athlete == "A1"


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("mount") is None, reason="needs a small tmpfs")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system of 256 kB, where this is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        path = store.save(disk / "a.h5", trial(1, 1000))
        with pytest.raises(StoreError, match="No space left"):
            store.save(path, trial(2, 40000))
        assert store.load_trial(path).athlete == "A1"
        assert list(disk.iterdir()) == [path]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


WRITER = """
import sys
import numpy as np
from hipdrive import store
from hipdrive.trial import Trial
rng = np.random.default_rng(0)
trials = [Trial.from_forces(rng.normal(i, 1.0, (2, 6000)), rate=1000, athlete=f"A{i}") for i in range(4)]
print("ready", flush=True)
while True:
    for one in trials:
        store.save(sys.argv[1], one)
"""


@pytest.mark.slow
def test_killed_while_saving(tmp_path: Path) -> None:
    """kill -9 at random times of a process that does nothing but save: the file is always whole."""
    if sys.platform == "win32":
        pytest.skip("POSIX only")
    path = store.save(tmp_path / "a.h5", trial(9))
    rng = np.random.default_rng(5)
    for _ in range(10):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(float(rng.uniform(0.005, 0.08)))
            child.send_signal(signal.SIGKILL)
        assert store.load_trial(path).athlete.startswith("A")
        assert not [finding for finding in store.check(path) if finding.level == "fail"]
    left = [p.name for p in tmp_path.iterdir() if p != path]
    assert all(name.startswith(".hipdrive-") and name.endswith(".part") for name in left)
    assert len(list(store.load(tmp_path))) == 1
