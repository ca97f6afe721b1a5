"""run.py makes the environment once, notices changes, repairs what was cut short and speaks in sentences."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

import run
from run import Place, Stamp, Stop

ROOT = Path(__file__).resolve().parents[1]
POSIX = pytest.mark.skipif(os.name == "nt", reason="processes are killed otherwise on Windows")


class Host:
    """A machine whose pip, apt-get and commands only write down what they are told."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.told: list[list[str]] = []
        self.handed: list[list[str]] = []
        self.pip_says = ""
        self.code = 0

    def watch(self, command: Sequence[str], place: Place, lock: BinaryIO, environment: Mapping[str, str]) -> int:
        self.told.append(list(command))
        place.log.write_text(self.pip_says, encoding="utf-8")
        return self.code

    def hand_over(self, command: list[str]) -> int:
        self.handed.append(command)
        return 7

    def run(self, *arguments: str) -> int:
        return run.main(arguments)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root = tmp_path / "a clone"
    (root / "hipdrive").mkdir(parents=True)
    (root / "hipdrive/__init__.py").write_text('__version__ = "1"\n')
    (root / "pyproject.toml").write_text("[project]\n")
    return Place(root, root / ".venv")


@pytest.fixture
def host(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host(place)
    monkeypatch.setattr(run, "watch", host.watch)
    monkeypatch.setattr(run, "hand_over", host.hand_over)
    monkeypatch.setattr(run, "find_pip", lambda place: ["pip", "--python", str(place.python)])
    monkeypatch.setattr(run, "missing_packages", lambda: [])
    monkeypatch.setattr(run, "__file__", str(place.root / "run.py"))
    monkeypatch.delenv("HIPDRIVE_VENV", raising=False)
    monkeypatch.chdir(place.root)
    yield host


# --- once, and again when something changed ---


def test_first_run_makes_the_environment_and_hands_over(host: Host, place: Place) -> None:
    assert host.run("analyse", "a.csv") == 7
    assert host.handed == [[str(place.python), "-P", "-m", "hipdrive", "analyse", "a.csv"]]
    assert host.told[0][-2:] == ["--editable", "."]
    assert subprocess.run([place.python, "-c", "import sys; assert sys.prefix != sys.base_prefix"]).returncode == 0
    assert not list(place.venv.rglob("pip"))  # no ensurepip


def test_second_run_installs_nothing(host: Host) -> None:
    host.run("demo")
    host.run("demo")
    assert len(host.told) == 1
    assert len(host.handed) == 2


def test_test_adds_the_test_packages_and_demo_then_keeps_them(host: Host, place: Place) -> None:
    host.run("demo")
    assert host.run("test", "-m", "slow") == 7
    assert host.told[-1][-1] == ".[test]"
    assert host.handed[-1] == [str(place.python), "-P", "-m", "pytest", "-m", "slow"]
    host.run("demo")
    assert len(host.told) == 2


def test_a_changed_project_is_installed_into_the_same_environment(host: Host, place: Place) -> None:
    host.run("demo")
    (place.venv / "kept").touch()
    (place.root / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    host.run("demo")
    (place.root / "hipdrive/__init__.py").write_text('__version__ = "2"\n')
    host.run("demo")
    assert len(host.told) == 3
    assert (place.venv / "kept").exists()


@pytest.mark.parametrize("change", [{"python": "CPython 3.9.0 elsewhere"}, {"venv": "/moved/from/here"}])
def test_another_python_or_place_makes_it_anew(host: Host, place: Place, change: dict[str, str]) -> None:
    host.run("demo")
    stamp = run.read_stamp(place)
    assert stamp is not None
    run.write_stamp(place, replace(stamp, **change))  # type: ignore[arg-type]
    (place.venv / "old").touch()
    host.run("demo")
    assert not (place.venv / "old").exists()
    assert len(host.told) == 2


def test_a_python_that_went_away_makes_it_anew(host: Host, place: Place) -> None:
    host.run("demo")
    place.python.unlink()
    assert host.run("demo") == 7
    assert place.python.exists()


# --- cut short ---


@pytest.mark.parametrize("stamp", [None, "", "{", "[]", "{}", '{"extras": 1}', '{"extras": [], "odd": 1}'])
def test_an_interrupted_run_is_made_anew(host: Host, place: Place, stamp: str | None) -> None:
    host.run("demo")
    place.stamp.unlink()
    if stamp is not None:
        place.stamp.write_text(stamp)
    (place.venv / "half a package").mkdir()
    assert host.run("demo") == 7
    assert not (place.venv / "half a package").exists()


def test_a_failed_update_leaves_no_stamp(host: Host, place: Place) -> None:
    host.run("demo")
    host.code = 1
    assert host.run("test") == 1
    assert not place.stamp.exists()
    host.code = 0
    assert host.run("test") == 7


def test_the_stamp_appears_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.venv.mkdir()
    seen: list[bool] = []
    move = os.replace

    def spy(source: Path, target: Path) -> None:
        seen.append(target.exists())
        assert json.loads(source.read_text())["project"] == "p"
        move(source, target)

    monkeypatch.setattr(os, "replace", spy)
    stamp = Stamp(python="x", venv="y", project="p", extras=("test",))
    run.write_stamp(place, stamp)
    assert seen == [False]
    assert run.read_stamp(place) == stamp


# --- somebody else's folder is never emptied ---


def test_an_environment_of_the_same_python_is_used_as_it_is(host: Host, place: Place) -> None:
    run.make_venv(place)
    place.mark.unlink()
    (place.venv / "mine").touch()
    assert host.run("demo") == 7
    assert (place.venv / "mine").exists()


def test_an_environment_of_another_python_is_left_alone(
    host: Host, place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run.make_venv(place)
    place.mark.unlink()
    monkeypatch.setattr(run, "identity", lambda: "CPython 3.99.0 here")
    assert host.run("demo") == 1
    assert "rename or delete it" in one_sentence(capsys)
    assert place.python.exists()


def test_a_folder_that_is_no_environment_is_left_alone(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").touch()
    monkeypatch.setenv("HIPDRIVE_VENV", str(home))
    assert host.run("demo") == 1
    assert "no Python environment" in one_sentence(capsys)
    assert (home / "thesis.txt").exists()


# --- two at once ---


@POSIX
def test_the_second_waits_and_then_finds_it_done(host: Host, place: Place) -> None:
    place.venv.mkdir()
    with run.locked(place), place.lock.open("ab") as other:
        assert not run.try_lock(other)
    with place.lock.open("ab") as other:
        assert run.try_lock(other)


@POSIX
def test_the_lock_outlives_a_killed_run_until_its_pip_ends(place: Place) -> None:
    place.venv.mkdir()
    with place.lock.open("ab") as lock:
        assert run.try_lock(lock)
        pip = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.fileno()])
    with place.lock.open("ab") as other:
        assert not run.try_lock(other)
        pip.communicate(b"\n")
        assert run.try_lock(other)


# --- sentences ---


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on stderr; there is no traceback above it."""
    said = capsys.readouterr().err
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    assert last.startswith("run.py: ")
    assert last.endswith(".")
    return last


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        (
            "WARNING: Retrying ... NewConnectionError\nERROR: No matching distribution found",
            "check the network",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        (
            "Collecting a\nERROR: No matching distribution found for a>9.\n",
            "No matching distribution found for a>9 (",
        ),
        ("", "it was stopped"),
    ],
)
def test_pip_fails_in_a_sentence(host: Host, capsys: pytest.CaptureFixture[str], pip_says: str, told: str) -> None:
    host.code, host.pip_says = 1, pip_says
    assert host.run("demo") == 1
    assert told in one_sentence(capsys)
    assert host.handed == []


def test_an_incomplete_clone_fails_in_a_sentence(host: Host, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.root / "pyproject.toml").unlink()
    assert host.run("demo") == 1
    assert "pyproject.toml is missing" in one_sentence(capsys)


def test_a_file_in_the_way_fails_in_a_sentence(host: Host, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.venv.touch()
    assert host.run("demo") == 1
    assert ".venv" in one_sentence(capsys)


def test_ctrl_c_ends_in_a_sentence(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "watch", interrupt)
    assert host.run("demo") == 130
    assert "interrupted" in one_sentence(capsys)


def test_an_old_python_is_told_before_anything_else_is_parsed() -> None:
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    check, imports = source.index("sys.version_info <"), source.index("import ctypes")
    assert check < imports
    # What Python 3.6 cannot parse would be a SyntaxError there, not a sentence.
    ast.parse(source, feature_version=(3, 6))


def test_no_hash_bang_since_py_on_windows_would_follow_it() -> None:
    assert not (ROOT / "run.py").read_bytes().startswith(b"#!")


# --- pip ---


def pips(monkeypatch: pytest.MonkeyPatch, versions: Mapping[str, tuple[int, int]], ensurepip: bool) -> None:
    """Let the machine have these pips: by the first word's name, with their versions."""
    monkeypatch.setattr(run, "pip_version", lambda command: versions.get(Path(command[0]).name))
    monkeypatch.setattr(run, "succeeds", lambda command: ensurepip)


def test_the_pip_of_this_python_comes_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    pips(monkeypatch, {Path(sys.executable).name: (23, 0), "pip3": (25, 0)}, ensurepip=False)
    assert run.find_pip(place) == [sys.executable, "-m", "pip", "--python", str(place.python)]


def test_a_pip_on_the_path_is_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/odd/python-x")
    monkeypatch.setattr(sys, "_base_executable", "/odd/python-x")
    pips(monkeypatch, {"python-x": (20, 0), "pip3": (22, 3)}, ensurepip=False)
    assert run.find_pip(place)[:2] == ["pip3", "--python"]


@pytest.mark.parametrize(("version", "told"), [((22, 2), "22.3 or newer"), (None, "has no pip")])
def test_no_pip_is_a_sentence(
    place: Place, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int] | None, told: str
) -> None:
    monkeypatch.setattr(sys, "executable", "/odd/python-x")
    monkeypatch.setattr(sys, "_base_executable", "/odd/python-x")
    pips(monkeypatch, {"python-x": version} if version else {}, ensurepip=False)
    with pytest.raises(Stop, match=told):
        run.find_pip(place)


def test_pip_cannot_be_led_elsewhere() -> None:
    given = {"PIP_USER": "1", "PIP_TARGET": "/x", "PYTHONPATH": "/y", "PIP_INDEX_URL": "kept"}
    kept = run.clean_environment(given)
    assert kept["PIP_USER"] == "0"
    assert kept["PIP_INDEX_URL"] == "kept"
    assert kept.keys().isdisjoint({"PIP_TARGET", "PYTHONPATH"})


# --- Windows ---


def test_windows_has_its_own_paths(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "WINDOWS", True)
    assert place.python == place.venv / "Scripts" / "python.exe"


def test_windows_waits_for_the_command_and_passes_its_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "WINDOWS", True)
    assert run.hand_over([sys.executable, "-c", "raise SystemExit(2)"]) == 2


# --- system libraries ---

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the packages are Debian's")


@pytest.fixture
def bare(host: Host, place: Place, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A Debian without the libraries, with apt-get, as root."""
    run.make_venv(place)
    monkeypatch.setattr(run, "missing_packages", lambda: ["libgl1", "xvfb"])
    monkeypatch.setattr(run, "is_debian", lambda: True)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return host


@needs_linux
def test_root_on_debian_installs_only_what_is_missing(bare: Host) -> None:
    run.install_libraries(bare.place)
    assert [command[0] for command in bare.told] == ["apt-get", "apt-get"]
    assert "update" in bare.told[0]
    assert bare.told[1][-2:] == ["libgl1", "xvfb"]


@needs_linux
def test_an_ordinary_user_is_told_the_names_and_goes_on(
    bare: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bare.run("test") == 7
    assert "libgl1 xvfb" in capsys.readouterr().err
    assert all("apt-get" not in command for command in bare.told)


@needs_linux
def test_another_linux_is_told_what_is_missing(
    bare: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "is_debian", lambda: False)
    run.install_libraries(bare.place)
    assert "libGL.so.1, Xvfb" in one_sentence(capsys)
    assert bare.told == []


@needs_linux
def test_a_failing_apt_get_does_not_stop_the_tests(bare: Host, capsys: pytest.CaptureFixture[str]) -> None:
    bare.code = 100
    run.install_libraries(bare.place)
    assert "apt-get could not install" in one_sentence(capsys)


@needs_linux
def test_a_compiler_is_missed_like_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "loads", lambda library: True)
    monkeypatch.setattr(shutil, "which", lambda name: None if name in ("gcc", "ld") else f"/usr/bin/{name}")
    monkeypatch.setattr(run, "HEADERS", {"libc6-dev": "no such header.h"})
    assert run.missing_packages() == ["gcc", "binutils", "libc6-dev"]


def test_demo_needs_no_system_libraries(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "install_libraries", lambda place: pytest.fail("asked for"))
    assert host.run("demo") == 7


# --- the README ---


def test_start_in_the_readme_is_these_two_commands() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README.md yet")
    start = re.search(r"^## Start$(.*?)(?=^## |\Z)", readme.read_text(encoding="utf-8"), re.M | re.S)
    assert start, "README.md has no section `## Start`"
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", start[1], re.M | re.S)
    assert [block.strip() for block in blocks] == ["python3 run.py demo", "python3 run.py test"]


# --- the real thing ---


@pytest.fixture
def small_clone(tmp_path: Path) -> Path:
    """run.py with a small project: the same way as ours, with less to fetch."""
    root = tmp_path / "clone"
    (root / "hipdrive").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", root)
    (root / "hipdrive/__init__.py").write_text('__version__ = "0.1.0"\n')
    (root / "hipdrive/__main__.py").write_text("import jinja2, sys\nprint('ran', *sys.argv[1:])\n")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "hipdrive"\nversion = "0.1.0"\ndependencies = ["jinja2", "numpy"]\n'
    )
    return root


def start(root: Path) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"HIPDRIVE_VENV", "PYTHONPATH"}}
    return subprocess.Popen(
        [sys.executable, "run.py", "demo"],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(place: Place, pattern: str) -> None:
    """Wait until pip has come so far."""
    until = time.monotonic() + 120
    while not (place.log.exists() and pattern in place.log.read_text(errors="replace")):
        assert time.monotonic() < until, "pip never got there"
        time.sleep(0.01)


def kill_group(pid: int) -> None:
    """kill -9 for a process and all its children."""
    if sys.platform != "win32":
        os.killpg(pid, signal.SIGKILL)


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True], ids=["run.py alone", "with its pip"])
@pytest.mark.parametrize("moment", ["Installing build dependencies", "Installing collected packages"])
def test_a_killed_first_run_is_repaired(small_clone: Path, moment: str, whole: bool) -> None:
    place = Place(small_clone, small_clone / ".venv")
    with start(small_clone) as first:
        wait_for(place, moment)
        if whole:
            kill_group(first.pid)
        else:
            first.kill()
    assert first.returncode == -9
    assert not place.stamp.exists()
    answer, _ = start(small_clone).communicate(timeout=300)
    assert answer == "ran demo\n"


@POSIX
@pytest.mark.slow
def test_two_first_runs_at_once_both_work(small_clone: Path) -> None:
    runs = [start(small_clone) for _ in range(2)]
    assert [process.communicate(timeout=300)[0] for process in runs] == ["ran demo\n"] * 2
