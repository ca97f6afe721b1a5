"""The store of weights: what is kept, what is refused, and that archives of strangers do no harm."""

import hashlib
import io
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import standin_pose as standin
from typer.testing import CliRunner, Result

from hipdrive import cli_pose
from hipdrive.acquisition.formats.motion import read_motion
from hipdrive.acquisition.video import weights as store
from hipdrive.acquisition.video.blazepose import DETECTOR, loaded
from hipdrive.acquisition.video.network import LiteRT
from hipdrive.errors import ReadError, StoreError, UsageError

FULL, FINDER, LITE = b"full" * 50, b"finder" * 40, b"lite" * 30
MEMBERS = {
    "mediapipe/modules/pose_detection/pose_detection.tflite": FINDER,
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": FULL,
    "mediapipe/modules/hand_landmark/hand_landmark_full.tflite": b"a hand",
    "mediapipe-0.10.21.dist-info/LICENSE": b"Apache License, Version 2.0",
}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Three small contents stand for the networks; the store is an empty folder that is not there yet."""
    table = {
        digest(FINDER): store.Known(store.DETECTOR, "pose_detection.tflite", "detector"),
        digest(FULL): store.Known(store.LANDMARKS, "pose_landmark_full.tflite", "landmarks (full)"),
        digest(LITE): store.Known(store.LANDMARKS, "pose_landmarks_lite.tflite", "landmarks (lite)"),
    }
    monkeypatch.setattr(store, "KNOWN", MappingProxyType(table))
    monkeypatch.setenv("HIPDRIVE_POSE", str(tmp_path / "kept" / "here"))
    return tmp_path / "kept" / "here"


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_wheel_is_kept_with_its_licence_and_where_it_came_from(known: Path, tmp_path: Path) -> None:
    assert not store.available()
    found = store.import_file(archive(tmp_path / "mediapipe.whl", MEMBERS))
    assert set(found) == {digest(FULL), digest(FINDER)} == set(store.available())
    assert sorted(one.name for one in known.iterdir()) == [
        "LICENSE", "NOTICE", "pose_detection.tflite", "pose_landmark_full.tflite",
    ]  # fmt: skip
    assert (known / "LICENSE").read_bytes() == MEMBERS["mediapipe-0.10.21.dist-info/LICENSE"]
    notice = (known / "NOTICE").read_text(encoding="utf-8")
    assert "Apache" in notice and "from mediapipe.whl" in notice and digest(FULL) in notice
    kept = store.weights()
    assert (kept.detector, kept.landmarks) == (FINDER, FULL)
    assert kept.facts == {"detector_sha256": digest(FINDER), "landmarks_sha256": digest(FULL)}


def test_networks_come_one_by_one_and_the_best_is_used(known: Path, tmp_path: Path) -> None:
    store.import_file(archive(tmp_path / "lite.task", {"pose_landmarks_detector.tflite": LITE}))
    with pytest.raises(ReadError, match="there is no network for detector; bring both once"):
        store.weights()
    one = tmp_path / "anything.tflite"
    one.write_bytes(FINDER)
    store.import_file(one)
    assert store.weights().landmarks == LITE
    one.write_bytes(FULL)
    store.import_file(one)
    assert store.weights().landmarks == FULL
    notice = (known / "NOTICE").read_text(encoding="utf-8")
    assert "from lite.task" in notice and notice.count("sha256") == 3  # what was there is still told


def test_a_bundle_is_known_as_a_whole(known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .task whose networks nobody knows one by one is kept as it came, and its networks are taken from it."""
    heavy, finder = b"heavy" * 60, b"another finder" * 20
    task = archive(tmp_path / "heavy.task", {
        "pose_detector.tflite": finder, "pose_landmarks_detector.tflite": heavy,
    })  # fmt: skip
    one = store.Known(store.BUNDLE, "heavy.task", "both")
    before = dict(store.KNOWN)
    with pytest.raises(ReadError, match="is no network that hipdrive knows"):
        store.import_file(task)
    monkeypatch.setattr(store, "KNOWN", MappingProxyType({digest(task.read_bytes()): one} | before))
    assert set(store.import_file(task)) == {digest(task.read_bytes())}
    kept = store.weights()
    assert (kept.detector, kept.landmarks) == (finder, heavy)
    assert kept.facts == {"detector_sha256": digest(finder), "landmarks_sha256": digest(heavy)}
    assert (known / "heavy.task").read_bytes() == task.read_bytes()
    (known / "heavy.task").write_bytes(task.read_bytes()[:-1] + b"!")
    with pytest.raises(ReadError, match="no network for detector and landmarks"):
        store.weights()


def test_a_network_that_was_changed_on_the_disk_is_not_there(known: Path, tmp_path: Path) -> None:
    store.import_file(archive(tmp_path / "a.whl", MEMBERS))
    (known / "pose_landmark_full.tflite").write_bytes(FULL[:-1] + b"!")
    assert set(store.available()) == {digest(FINDER)}
    with pytest.raises(ReadError, match="there is no network for landmarks"):
        store.weights()


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"x/pose_landmark_full.tflite": b"other"}, "'pose_landmark_full.tflite' is no network that hipdrive knows"),
        ({"x/hand.tflite": FULL}, "holds no network for poses"),
        ({}, "no whole archive|holds no network|no network that hipdrive knows"),
    ],
)
def test_what_is_not_known_is_refused(known: Path, tmp_path: Path, members: dict[str, bytes], why: str) -> None:
    with pytest.raises(ReadError, match=why):
        store.import_file(archive(tmp_path / "a.whl", members))
    assert not known.exists()


def test_hostile_names_write_nothing_elsewhere(known: Path, tmp_path: Path) -> None:
    store.import_file(archive(tmp_path / "a.whl", {
        "../../pose_detection.tflite": FINDER, "/etc/pose_landmark_full.tflite": FULL,
        "..\\..\\pose_evil.tflite": b"evil", "a/../LICENSE": b"Apache",
    }))  # fmt: skip
    assert {one.relative_to(tmp_path).parts[0] for one in tmp_path.rglob("*")} == {"a.whl", "kept"}
    assert set(store.available()) == {digest(FULL), digest(FINDER)}


def test_a_bomb_is_not_unpacked(known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LARGEST", 10_000)
    bomb = archive(tmp_path / "bomb.task", {"pose_detector.tflite": bytes(5_000_000)})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ReadError, match="larger than any network"):
        store.import_file(bomb)
    raw = bytearray(bomb.read_bytes())  # and a header that lies about the size
    for at in (raw.find(b"PK\x03\x04") + 22, raw.find(b"PK\x01\x02") + 24):
        raw[at : at + 4] = struct.pack("<I", 100)
    bomb.write_bytes(raw)
    with pytest.raises(ReadError):
        store.import_file(bomb)
    (tmp_path / "big.tflite").write_bytes(bytes(10_001))
    with pytest.raises(ReadError, match="larger than any network"):
        store.import_file(tmp_path / "big.tflite")
    assert not known.exists()


def test_a_table_of_contents_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DIRECTORY", 2_000)
    many = archive(tmp_path / "many.whl", {f"pose{i}": b"" for i in range(100)})
    monkeypatch.setattr(zipfile, "ZipFile", None)  # refused before anybody parses it
    with pytest.raises(ReadError, match="no whole archive"):
        store.import_file(many)


@pytest.mark.parametrize("cut", [0, 3, 20, 200, -30, -5])
def test_a_file_that_was_cut_short_is_a_sentence(known: Path, tmp_path: Path, cut: int) -> None:
    whole = archive(tmp_path / "a.whl", MEMBERS).read_bytes()
    (tmp_path / "cut.whl").write_bytes(whole[:cut])
    with pytest.raises(ReadError):
        store.import_file(tmp_path / "cut.whl")
    assert not known.exists()


def test_bytes_that_were_changed_anywhere_are_a_sentence_or_do_no_harm(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.whl", MEMBERS).read_bytes()
    for at in range(0, len(whole), 19):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        (tmp_path / "b.whl").write_bytes(changed)
        try:
            found = store.import_file(tmp_path / "b.whl")
        except ReadError:
            continue
        assert set(found) <= set(store.KNOWN)
    assert all(store.available().values())


def test_no_file_a_folder_and_a_store_that_cannot_be_written_are_sentences(
    known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    for path in (tmp_path / "none.whl", tmp_path):
        with pytest.raises(ReadError, match="cannot be read"):
            store.import_file(path)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("HIPDRIVE_POSE", str(tmp_path / "a file" / "below"))
    with pytest.raises(StoreError, match="HIPDRIVE_POSE"):
        store.import_file(archive(tmp_path / "a.whl", MEMBERS))


def test_the_folder_is_the_user_s_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HIPDRIVE_POSE")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert store.folder().parts[-2:] == ("hipdrive", "pose") and tmp_path in store.folder().parents


# --- pip, played by a script ---


def pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    (tmp_path / "pip.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(store, "find_pip", lambda: [sys.executable, str(tmp_path / "pip.py")])


def test_fetch_asks_pip_for_one_wheel_of_one_platform_and_keeps_its_networks(
    known: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in MEMBERS.items():
            file.writestr(name, content)
    (tmp_path / "ready").write_bytes(buffer.getvalue())
    pip(
        monkeypatch,
        tmp_path,
        f"""
import pathlib, shutil, sys
words = sys.argv[1:]
pathlib.Path({str(tmp_path / "asked")!r}).write_text(" ".join(words))
where = pathlib.Path(words[words.index("--dest") + 1])
shutil.copy({str(tmp_path / "ready")!r}, where / "mediapipe-0.10.21-x.whl")
""",
    )
    assert set(store.fetch()) == {digest(FULL), digest(FINDER)}
    asked = (tmp_path / "asked").read_text()
    for word in ("download mediapipe==0.10.21", "--no-deps", "--only-binary=:all:", "--python-version 311"):
        assert word in asked
    assert "mediapipe==0.10.21 (mediapipe-0.10.21-x.whl), downloaded by pip" in (known / "NOTICE").read_text("utf-8")
    assert not Path(asked.split("--dest ")[1].split()[0]).exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("ERROR: No matching distribution found for mediapipe==0.10.21", "No matching distribution found"),
        ("WARNING: Retrying after connection broken by NewConnectionError name resolution", "index cannot be reached"),
        ("", "it did not say why"),
    ],
)
def test_a_pip_that_fails_is_a_sentence_with_the_way_round(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, why: str
) -> None:  # fmt: skip
    pip(monkeypatch, tmp_path, f"import sys; print({said!r}, file=sys.stderr); sys.exit(1)")
    with pytest.raises(ReadError, match=why) as told:
        store.fetch()
    assert "hipdrive pose import FILE" in str(told.value) and "\n" not in str(told.value)


def test_where_there_is_no_pip_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nothing(command: list[str], **more: object) -> None:
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "run", nothing)
    with pytest.raises(UsageError, match="there is no pip here") as told:
        store.fetch()
    assert "hipdrive pose import FILE" in str(told.value)


# --- LiteRT ---


def test_no_litert_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(UsageError, match="ai-edge-litert, which is not installed"):
        LiteRT(b"", DETECTOR)


def test_what_is_no_network_is_a_sentence() -> None:
    pytest.importorskip("ai_edge_litert")
    for content in (b"", b"no network at all", os.urandom(64)):
        with pytest.raises(UsageError, match="hipdrive pose fetch"):
            loaded(None, content, {})


# --- the command ---


def invoked(*words: str) -> Result:
    return CliRunner().invoke(cli_pose.app, list(words), standalone_mode=False)


def test_import_says_what_was_kept_and_what_is_missing(tmp_path: Path, known: Path) -> None:
    lite = archive(tmp_path / "lite.task", {"pose_landmarks_detector.tflite": LITE})
    first = invoked("import", str(lite))
    assert (
        first.return_value == 1
        and "kept: landmarks (lite)" in first.stdout
        and "detector is still missing" in first.stdout
    )
    second = invoked("import", str(archive(tmp_path / "a.whl", MEMBERS)))
    assert second.return_value == 0 and f"in {known}" in second.stdout.replace("\n", "")
    assert isinstance(invoked("import", str(tmp_path / "none.whl")).exception, ReadError)


class StandinClip(standin.Film):
    """What `Clip` is to the command."""

    def __init__(self, path: Path) -> None:
        points = np.stack([standin.body((200.0, 400.0), 220.0, trunk=5.0 + i) for i in range(4)])
        super().__init__(np.arange(4) / 30.0, points[:, None])

    def __enter__(self) -> "StandinClip":
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


def test_run_writes_a_table_that_motion_reads_and_refuses_to_replace_it(
    tmp_path: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    clip = tmp_path / "squat.mp4"
    clip.write_bytes(b"")
    assert "there is no network for detector and landmarks" in str(invoked("run", str(clip)).exception)
    store.import_file(archive(tmp_path / "a.whl", MEMBERS))
    monkeypatch.setattr("hipdrive.acquisition.video.clip.Clip", StandinClip)
    monkeypatch.setattr("hipdrive.acquisition.video.blazepose.loaded", lambda *_: standin.backend())
    done = invoked("run", str(clip), "--crops", "2")
    assert done.return_value == 0 and "the athlete in 4 of 4 frames, spread" in done.stdout.replace("\n", " ")
    (track,) = read_motion(tmp_path / "squat.pose.csv")
    assert track.unit == "px" and track.values.shape == (4, 33, 2)
    wanted = StandinClip(clip).points[:, 0, :33]
    assert np.abs(track.values - wanted).max() < 1.5
    assert "exists and is left alone" in str(invoked("run", str(clip)).exception)
    assert invoked("run", str(clip), "--force", "--crops", "1", "--athlete", "100,100,330,430").return_value == 0
    for words in (["--athlete", "1,2,3"], ["--athlete", "here"], ["--crops", "0"], ["--out", str(clip), "--force"]):
        assert isinstance(invoked("run", str(clip), "--force", *words).exception, UsageError), words
    assert clip.read_bytes() == b""
