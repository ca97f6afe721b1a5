"""`hipdrive record`, `rigs`, `sources`: from a simulated athlete in real time to a report, and what goes wrong."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive import cli, store
from hipdrive.acquisition.recorder import record
from hipdrive.errors import StoreError, UsageError
from hipdrive.trial import Trial

ROOT = Path(__file__).resolve().parents[1]


def test_record_analyse_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["record", "simulated", "jump.h5", "--test", "dj", "--seconds", "6", "--athlete", "a7",
                    "--box-height", "0.4"]) == 0  # fmt: skip
    assert capsys.readouterr().out == "jump.h5: 6.00 s, left, right, 1000 Hz\n"
    assert cli.run(["analyse", "jump.h5"]) == 0
    assert "RSI" in capsys.readouterr().out
    assert cli.run(["report", "jump.h5"]) == 0
    assert (tmp_path / "jump.html").stat().st_size > 20_000
    assert cli.run(["check", "jump.h5"]) == 0
    trial = store.load_trial("jump.h5")
    assert (trial.test, trial.athlete, trial.box_height, trial.samples) == ("dj", "a7", 0.4, 6000)
    assert trial.truth is not None


def test_without_seconds_it_ends_when_the_athlete_stands_still(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "jump.h5"
    assert cli.run(["record", "simulated", str(file), "--test", "dj"]) == 0
    trial = store.load_trial(file)
    assert trial.truth is not None
    assert trial.truth.events["touchdown"] + 1.0 < trial.duration < 15.0
    assert "stands still" in trial.log[-1]


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be sent Ctrl-C alone")
def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    file = tmp_path / "jump.h5"
    command = [sys.executable, "-m", "hipdrive", "record", "simulated", str(file), "--seconds", "60"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # a shell that runs things in the background lets them ignore Ctrl-C; the handler makes it heard again
    loud = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from hipdrive.cli import run; print('go', flush=True); sys.exit(run(sys.argv[1:]))")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", loud, *command[3:]], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "go\n"
        end, log = time.monotonic() + 60.0, file.with_suffix(".hiplog")
        while not (log.exists() and log.stat().st_size > 40_000):
            assert time.monotonic() < end
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=30)
    assert running.returncode == 0, error
    assert out.startswith(str(file))
    trial = store.load_trial(file)
    assert 0.5 < trial.duration < 10.0
    assert "stopped by the user" in trial.log[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulated", "jump.csv"], "end its name in .h5"),
        (["simulatd", "jump.h5"], "did you mean simulated?"),
        (["nowhere.toml", "jump.h5"], "does not exist"),
        (["simulated", "there.h5"], "exists and is left alone"),
        (["simulated", "no/folder/jump.h5"], "no such folder"),
        (["simulated", "jump.h5", "--test", "jumping"], "not a test of this version"),
        (["simulated", "jump.h5", "--seconds", "-3"], "cannot be recorded"),
        (["simulated", "jump.h5", "--side", "up"], "choose left or right"),
    ],
)
def test_wrong_use_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.h5").touch()
    assert cli.run(["record", *arguments]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "jump.h5").exists()


def test_without_a_driver_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nidaqmx import _lib

    monkeypatch.setattr(_lib, "find_library", lambda name: None)
    monkeypatch.setattr(_lib.lib_importer, "_windll", None)
    monkeypatch.setattr(_lib.lib_importer, "_cdll", None)
    monkeypatch.setattr(_lib.sys, "platform", "linux")
    assert cli.run(["record", "kistler_pair", str(tmp_path / "x.h5"), "--seconds", "1"]) == 2
    told = capsys.readouterr().err
    assert "NI-DAQmx is not installed; install it from ni.com/downloads" in told
    assert told.count("\n") == 1
    assert cli.run(["sources"]) == 0
    told = capsys.readouterr().out
    assert "not ready" in told
    assert "simulated" in told
    monkeypatch.setattr(_lib.sys, "platform", "darwin")
    with pytest.raises(UsageError, match="NI makes no driver for this computer"):
        record("kistler_pair", seconds=1.0)


def test_sources_says_what_is_there_and_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each driver has its say, also one that finds nothing; ready ones first, and one line each."""
    from serial.tools import list_ports

    monkeypatch.setattr(list_ports, "comports", list)
    began = time.monotonic()
    assert cli.run(["sources"]) == 0
    assert time.monotonic() - began < 10.0  # 3 s on a machine that is not busy
    lines = capsys.readouterr().out.splitlines()
    drivers = [line.split()[0] for line in lines[::2]]
    assert {"nidaqmx", "lsl", "serial", "simulated"} <= set(drivers)
    assert lines[lines.index(next(line for line in lines if line.startswith("serial"))) + 1].startswith(
        "           no serial port is there; plug the board in"
    )
    ready = ["not ready" not in line for line in lines[::2]]
    assert ready == sorted(ready, reverse=True)


def test_rigs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["rigs"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("simulated\n")
    assert "kistler_pair" in told


def test_a_recording_is_saved_elsewhere_if_need_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk fills up while somebody jumps."""
    real, asked = store.save, tmp_path / "jump.h5"

    def save(path: Path, trial: Trial) -> Path:
        if path == asked:
            raise StoreError("cannot_write", f"{path}: cannot be written (no space left on device)")
        return real(path, trial)

    monkeypatch.setattr(store, "save", save)
    assert cli.run(["record", "simulated", str(asked), "--seconds", "0.5"]) == 1
    told = capsys.readouterr()
    assert "no space left" in told.err
    kept = Path(told.err.strip().rpartition(" ")[2])
    assert store.load_trial(kept).samples == 500
    assert str(kept) in told.out


def test_import_hipdrive_and_record_load_what_they_need() -> None:
    """The client of the driver is loaded by a recording only."""
    code = ("import sys, hipdrive; hipdrive.record; print('nidaqmx' in sys.modules, 'pydantic' in sys.modules, "
            "'h5py' in sys.modules, 'scipy' in sys.modules)")  # fmt: skip
    answer = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
                            capture_output=True, text=True, check=True)  # fmt: skip
    assert answer.stdout.split() == ["False"] * 4


@pytest.mark.timed
@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot be sent Ctrl-C alone")
@pytest.mark.parametrize("pauses", [(0.0,), (0.02, 0.02, 0.02), (0.08, 0.08), (0.15,)])
def test_ctrl_c_again_and_again_keeps_it_too(tmp_path: Path, pauses: tuple[float, ...]) -> None:
    file = tmp_path / "jump.h5"
    loud = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from hipdrive.acquisition import recorder; real = recorder._watch\n"
            "def watch(one, *rest):\n    while one.seconds < 0.3: pass\n    print('go', flush=True)\n"
            "    return real(one, *rest)\n"
            "recorder._watch = watch\n"
            "from hipdrive.cli import run; code = run(sys.argv[1:]); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            "sys.exit(code)")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", loud, "record", "simulated", str(file), "--seconds", "60"],
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "go\n"
        running.send_signal(signal.SIGINT)
        for pause in pauses:
            time.sleep(pause)
            running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=30)
    assert "Traceback" not in error
    assert 0.2 < store.load_trial(file).duration < 10.0


def test_ctrl_c_while_the_program_is_loaded_is_no_traceback() -> None:
    code = ("import sys, hipdrive.__main__ as program\n"
            "class Slow:\n    def find_spec(self, name, *rest):\n"
            "        if name == 'typer': raise KeyboardInterrupt\n"
            "sys.meta_path.insert(0, Slow()); program.main()")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=30)  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")


def test_a_folder_in_which_nothing_can_be_written_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert cli.run(["record", "simulated", str(tmp_path / "jump.h5"), "--seconds", "60"]) == 2
    assert "nothing can be written there (Read-only file system)" in capsys.readouterr().err


def test_a_recording_is_saved_somewhere_even_if_the_temporary_folder_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, full = tmp_path / "home", tmp_path / "full"
    home.mkdir()
    full.mkdir()
    real = store.save

    def save(path: Path, trial: Trial) -> Path:
        if home not in path.parents:
            raise StoreError("cannot_write", f"{path}: cannot be written (no space left on device)")
        return real(path, trial)

    monkeypatch.setattr(store, "save", save)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(full))
    monkeypatch.setattr(Path, "home", lambda: home)
    assert cli.run(["record", "simulated", str(tmp_path / "jump.h5"), "--seconds", "0.3"]) == 1
    (kept,) = home.glob("hipdrive-*/jump.h5")
    assert f"the recording is in {kept}" in capsys.readouterr().err.replace("\n", "")
    assert not list(full.iterdir())


@pytest.mark.timed
def test_a_recording_is_an_lsl_stream_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another program receives the forces while they are recorded, and what happens, and the numbers."""
    pylsl = pytest.importorskip("pylsl")
    name, file, codes = f"hipdrive-{os.getpid()}", tmp_path / "jump.h5", []
    command = ["record", "simulated", str(file), "--test", "dj", "--seconds", "10", "--lsl", name]
    running = threading.Thread(target=lambda: codes.append(cli.run(command)))
    running.start()
    try:
        found = [pylsl.resolve_byprop("name", one, timeout=20.0)[0] for one in (name, f"{name}-events")]
        forces, events = (pylsl.StreamInlet(one, recover=False) for one in found)
        rows: list[list[float]] = []
        told: list[dict[str, Any]] = []
        while running.is_alive():
            with contextlib.suppress(pylsl.util.LostError):
                rows += forces.pull_chunk(timeout=0.05)[0]
                told += [json.loads(one[0]) for one in events.pull_chunk(timeout=0.0)[0]]
    finally:
        running.join(60.0)
    assert codes == [0]
    trial = store.load_trial(file)
    sent = np.array(rows)
    first = next(k for k in range(trial.samples) if np.array_equal(trial.fz[:, k : k + 50].T, sent[:50]))
    assert np.array_equal(trial.fz[:, first : first + len(sent)].T, sent)
    assert len(sent) > 3000
    assert {"contact", "flight", "landed"} <= {one["event"] for one in told}
    numbers = [one for one in told if one["event"] == "numbers" and one["stage"] == "landing"]
    assert trial.truth is not None
    assert numbers[0]["contact_time"] == pytest.approx(trial.truth["contact_time"], abs=0.01)


def test_without_lsl_it_is_said_before_anybody_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    assert cli.run(["record", "simulated", str(tmp_path / "a.h5"), "--seconds", "60", "--lsl", "x"]) == 2
    assert "its library cannot be loaded" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 200])
def test_a_stream_needs_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert cli.run(["record", "simulated", str(tmp_path / "a.h5"), "--seconds", "60", "--lsl", name]) == 2
    assert "is no name for a stream" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
