"""Damaged, foreign and hostile trial files: one sentence each, nothing followed, nothing large allocated."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hipdrive import store
from hipdrive.errors import HipdriveError, StoreError
from hipdrive.results import FAIL
from hipdrive.trial import Trial

ATTACKS: dict[str, tuple[Callable[[Any, Path], None], str]] = {}
"""Name -> what is done to a good file (open for change, its folder), and what the sentence has to hold."""


def attack(part: str) -> Callable[[Callable[[Any, Path], None]], Callable[[Any, Path], None]]:
    """List a function as an attack."""

    def register(function: Callable[[Any, Path], None]) -> Callable[[Any, Path], None]:
        ATTACKS[function.__name__] = function, part
        return function

    return register


def replaced(file: Any, name: str, **how: Any) -> None:
    """A dataset in the place of another."""
    del file[name]
    file.create_dataset(name, **how).attrs["units"] = "N"


@attack("link to elsewhere")
def external_link(file: Any, folder: Path) -> None:
    shutil.copy(file.filename, folder / "other.h5")
    del file["raw/import"]
    file["raw/import"] = h5py.ExternalLink("other.h5", "/raw/import")


@attack("link to elsewhere")
def soft_link(file: Any, folder: Path) -> None:
    del file["raw"]
    file["raw"] = h5py.SoftLink("/derived")


@attack("link to elsewhere")
def soft_link_to_itself(file: Any, folder: Path) -> None:
    del file["trial/plates"]
    file["trial/plates"] = h5py.SoftLink("/trial/plates")


@attack("never writes")
def external_storage(file: Any, folder: Path) -> None:
    (folder / "secret").write_bytes(b"x" * 80)
    replaced(file, "raw/import/values", shape=(10, 1), dtype="f8", external=[(str(folder / "secret"), 0, 80)])


@attack("never writes")
def virtual_dataset(file: Any, folder: Path) -> None:
    layout = h5py.VirtualLayout((10, 1), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", shape=(10, 1))
    del file["raw/import/values"]
    file.create_virtual_dataset("raw/import/values", layout)


@attack("never writes")
def variable_length_texts(file: Any, folder: Path) -> None:
    replaced(file, "trial/notes", data=["x" * 10] * 3, dtype=h5py.string_dtype())


@attack("never writes")
def references(file: Any, folder: Path) -> None:
    replaced(file, "raw/import/values", data=np.array([[file["raw"].ref]], dtype=h5py.ref_dtype))


@attack("never writes")
def another_filter(file: Any, folder: Path) -> None:
    replaced(file, "raw/import/values", data=np.zeros((10, 1)), compression="lzf")


@attack("bytes that are not there")
def a_huge_shape(file: Any, folder: Path) -> None:
    replaced(file, "raw/import/values", shape=(10**12, 1), dtype="f8", chunks=(1000, 1))


@attack("bytes that are not there")
def a_large_shape_with_nothing_behind(file: Any, folder: Path) -> None:
    replaced(file, "raw/import/values", shape=(10**8, 1), dtype="f8", chunks=(1000, 1))


@attack("bytes that are not there")
def huge_texts(file: Any, folder: Path) -> None:
    replaced(file, "trial/notes", shape=(10,), dtype="S100000000", chunks=(1,))


@attack("not a single value")
def an_attribute_that_is_an_array(file: Any, folder: Path) -> None:
    file.attrs["rate_hz"] = np.zeros(1000)


@attack("makes no sense")
def a_rate_of_nothing(file: Any, folder: Path) -> None:
    file.attrs["rate_hz"] = float("nan")


@attack("is missing")
def no_raw(file: Any, folder: Path) -> None:
    del file["raw"]


@attack("neither counts nor values")
def a_group_for_values(file: Any, folder: Path) -> None:
    del file["raw/import/values"]


@attack("not a table of numbers")
def a_group_in_the_place_of_values(file: Any, folder: Path) -> None:
    del file["raw/import/values"]
    file.create_group("raw/import/values")


@attack("raw values need one channel")
def names_that_do_not_fit(file: Any, folder: Path) -> None:
    replaced(file, "raw/import/channels", data=np.array([b"a", b"b"]))


@attack("")
def numbers_for_names(file: Any, folder: Path) -> None:
    replaced(file, "trial/plates", data=np.array([1.0]))


@attack("")
def a_table_without_its_columns(file: Any, folder: Path) -> None:
    file["trial"].create_dataset("gaps", data=np.zeros(3))


@attack("")
def truth_that_is_no_json(file: Any, folder: Path) -> None:
    file["trial"].create_dataset("truth", data=np.array([b"{" * 100000]))


@attack("")
def truth_nested_too_deep(file: Any, folder: Path) -> None:
    file["trial"].create_dataset("truth", data=np.array([b"[" * 100000]))


@attack("")
def numbers_for_text(file: Any, folder: Path) -> None:
    file.attrs["uuid"] = 5
    del file["trial"]


@attack("format version '0.9'")
def an_unknown_version(file: Any, folder: Path) -> None:
    file.attrs["format_version"] = np.bytes_("0.9")


@attack("install a newer hipdrive")
def a_later_major_version(file: Any, folder: Path) -> None:
    file.attrs["format_version"] = np.bytes_("2.0")


@attack("format version 'one'")
def a_version_that_is_none(file: Any, folder: Path) -> None:
    file.attrs["format_version"] = np.bytes_("one")


@attack("not a hipdrive trial file")
def a_file_of_another_program(file: Any, folder: Path) -> None:
    file.attrs["format"] = np.bytes_("something")


def good(folder: Path) -> Path:
    return store.save(folder / "a.h5", Trial.from_forces(np.arange(3000.0), rate=1000, uuid="u", created="now"))


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(name: str, tmp_path: Path) -> None:
    path = good(tmp_path)
    change, part = ATTACKS[name]
    with h5py.File(path, "r+") as file:
        change(file, tmp_path)
    with pytest.raises(HipdriveError) as caught:
        store.load_trial(path)
    assert "\n" not in str(caught.value)
    assert part in str(caught.value)
    assert FAIL in {finding.level for finding in store.check(path)}


def test_a_loop_of_groups_is_found_and_does_no_harm(tmp_path: Path) -> None:
    path = good(tmp_path)
    with h5py.File(path, "r+") as file:
        file["raw/import/again"] = file["raw"]
    assert store.load_trial(path).samples == 3000
    assert any("leads back" in finding.message for finding in store.check(path))


def test_what_a_later_minor_version_added_is_ignored_and_kept(tmp_path: Path) -> None:
    path = good(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = np.bytes_("1.9")
        file.create_group("novelty")["anything"] = [1.0, 2.0]
        file.attrs["mood"] = np.bytes_("good")
    assert store.load_trial(path).samples == 3000
    assert store.index(path)[0]["mood"] == "good"


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"text", b"\x89HDF\r\n\x1a\n" + b"\x00" * 4000])
def test_not_hdf5(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not a whole HDF5 file"):
        store.load_trial(path)


def test_no_file(tmp_path: Path) -> None:
    for act in (store.load, store.load_trial, store.check, store.index):
        with pytest.raises(StoreError) as caught:
            act(tmp_path / "none.h5")
        assert "none.h5" in str(caught.value)
    with pytest.raises(StoreError, match="is not a file"):
        store.index(tmp_path)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX only")
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(StoreError, match="not a file"):
        store.load_trial(tmp_path / "pipe.h5")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated(part: float, tmp_path: Path) -> None:
    path = good(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    told = f"{path}: is not a whole HDF5 file, only {int(part * len(content))} of its {len(content)} bytes are there"
    with pytest.raises(StoreError) as caught:
        store.load_trial(path)
    assert str(caught.value) == f"{told}; take the backup or record again"
    assert [(one.message, one.remedy) for one in store.check(path)] == [(told, "take the backup or record again")]


LIBRARY = ("synchronously", "eof", "sblock", "addr", "(", "Unable to", "filter")
"""What only a programmer of HDF5 understands."""


@pytest.mark.parametrize("step", range(12))
def test_damage_is_told_without_the_words_of_the_library(step: int, tmp_path: Path) -> None:
    path = good(tmp_path)
    content = bytearray(path.read_bytes())
    start = step * len(content) // 12
    content[start : start + 700] = bytes(700)
    path.write_bytes(content)
    told = [one.message + one.remedy for one in store.check(path)]
    try:
        store.load_trial(path)
    except StoreError as error:
        told.append(str(error))
    for sentence in told:
        assert "\n" not in sentence and not [word for word in LIBRARY if word in sentence], sentence


def test_a_changed_sample_is_found(tmp_path: Path) -> None:
    path = good(tmp_path)
    with h5py.File(path, "r+") as file:
        file["raw/import/values"][5, 0] += 1e-9
    levels = {finding.check: finding.level for finding in store.check(path)}
    assert levels["raw"] == FAIL
    assert levels["force"] == FAIL
    with pytest.raises(StoreError, match="not those that were recorded"):
        store.add_run(path, analysis_of_nothing())
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_recording_that_was_not_finished(tmp_path: Path) -> None:
    path = good(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs.update(complete=False, end_reason=np.bytes_("power cut"))
    assert any("power cut" in finding.message for finding in store.check(path))


def analysis_of_nothing() -> Any:
    from hipdrive.results import Analysis

    return Analysis(file="", test="cmj", detected=True, profile="hipdrive", status="refused", why="no flight",
                    quality=(), reps=(), summary={}, provenance={})  # fmt: skip


CHECK_ALL = """
import sys
from hipdrive import store
from hipdrive.errors import HipdriveError
for line in sys.stdin:
    try:
        store.load_trial(line.strip())
        store.check(line.strip())
    except HipdriveError as error:
        assert "\\n" not in str(error)
    print("read", flush=True)
"""


@pytest.mark.slow
def test_flipped_bytes_never_make_a_traceback(tmp_path: Path) -> None:
    """In a process of its own: HDF5 itself may crash on rubbish, which Python cannot turn into a sentence."""
    content = good(tmp_path).read_bytes()
    rng = np.random.default_rng(1)
    reader, crashes = _reader(), 0
    for k in range(400):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), 8):
            broken[place] ^= int(rng.integers(1, 256))
        path = tmp_path / f"broken{k}.h5"
        path.write_bytes(broken)
        assert reader.stdin is not None and reader.stdout is not None
        reader.stdin.write(f"{path}\n")
        reader.stdin.flush()
        if reader.stdout.readline() != "read\n":
            said = reader.communicate(timeout=60)[1]
            assert "Traceback" not in said, said
            reader, crashes = _reader(), crashes + 1
        path.unlink()
    said = reader.communicate(timeout=60)[1]
    assert "Traceback" not in said, said
    assert crashes < 20


def _reader() -> subprocess.Popen[str]:
    """A process that reads the files it is told."""
    return subprocess.Popen([sys.executable, "-c", CHECK_ALL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 20000), value=st.integers(1, 255))
def test_a_flipped_byte_of_raw_values_is_never_silent(tmp_path: Path, place: int, value: int) -> None:
    """Within the compressed samples: gzip, fletcher32 or the fingerprint sees it."""
    path = good(tmp_path)
    with h5py.File(path) as file:
        values = file["raw/import/values"]
        chunk = values.id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + place % chunk.size] ^= value
    path.write_bytes(content)
    assert FAIL in {finding.level for finding in store.check(path)}
