"""Run hipdrive from a clone, with nothing installed but Python, pip and git.

    python3 run.py demo          the demonstration, and likewise every other hipdrive command
    python3 run.py test          the tests; further words go to pytest (`python3 run.py test -m slow`)

The first run fills `.venv` beside this file (HIPDRIVE_VENV names another folder); later runs only start it.
On Windows: `py run.py demo`. There is no `#!` line, because `py` would follow it to another Python.
"""

import sys

# An older Python stops here, with a sentence: everything above and the syntax below must parse in Python 3.6.
if sys.version_info < (3, 11):
    sys.exit(
        "run.py: hipdrive needs Python 3.11 or newer and this is {}.{} ({}); start run.py with a newer one, "
        "for example `python3.12 run.py`.".format(sys.version_info[0], sys.version_info[1], sys.executable)
    )

import ctypes
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

WINDOWS = os.name == "nt"
OLDEST_PIP = (22, 3)  # the first with `pip --python`

# What PyQt6 and a window under Xvfb need, found by trial in a minimal Debian 12: package, and what it brings. The
# last lets tests press keys and move the mouse as a person does.
LIBRARIES = {
    "libglib2.0-0": "libglib-2.0.so.0",
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libfontconfig1": "libfontconfig.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxtst6": "libXtst.so.6",
}
# gcc and ld build the small C library that stands in for NI's driver in one test, which finds it as NI's client does.
PROGRAMS = {"xvfb": "Xvfb", "xauth": "xauth", "gcc": "gcc", "binutils": "ld"}
HEADERS = {"libc6-dev": "stdio.h"}


class Stop(Exception):
    """The run cannot go on; the text is the one sentence that says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where the clone and its environment are."""

    root: Path
    venv: Path

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.venv / ("Scripts/python.exe" if WINDOWS else "bin/python")

    @property
    def stamp(self) -> Path:
        """What the environment was made from; written last, so it is there only when all the rest is."""
        return self.venv / "hipdrive-stamp.json"

    @property
    def mark(self) -> Path:
        """There when run.py made the environment and may make it anew; somebody else's is never emptied."""
        return self.venv / "made-by-run.py"

    @property
    def log(self) -> Path:
        """What pip and apt-get said."""
        return self.venv / "hipdrive-install.log"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the environment; beside it, since the folder itself may be emptied."""
        return self.venv.with_name(self.venv.name + ".lock")


@dataclass(frozen=True)
class Stamp:
    """What an environment was made from."""

    python: str
    venv: str
    project: str
    extras: tuple[str, ...] = ()

    def covers(self, wanted: "Stamp") -> bool:
        """Whether an environment with this stamp serves where `wanted` is asked for."""
        return replace(self, extras=wanted.extras) == wanted and set(wanted.extras) <= set(self.extras)


def main(arguments: Sequence[str]) -> int:
    """Prepare the environment, hand the command over to it and return its exit code."""
    root = Path(__file__).resolve().parent
    place = Place(root, Path(os.path.abspath(os.environ.get("HIPDRIVE_VENV") or root / ".venv")))
    try:
        if arguments and arguments[0] == "test":
            prepare(place, extras=("test",))
            install_libraries(place)
            os.chdir(root)
            return hand_over([str(place.python), "-P", "-m", "pytest", *arguments[1:]])
        prepare(place, extras=())
        # -P: a file called numpy.py in the folder of a user's recordings must not hide ours
        return hand_over([str(place.python), "-P", "-m", "hipdrive", *arguments])
    except Stop as stop:
        say(str(stop))
        return 1
    except OSError as error:
        say(f"{error.filename or place.venv}: {error.strerror or error}.")
        return 1
    except KeyboardInterrupt:
        say("interrupted; run it again when you like.")
        return 130


def say(sentence: str, end: str = "\n") -> None:
    """Tell the user on stderr: stdout belongs to the command."""
    print(f"run.py: {sentence}", file=sys.stderr, end=end, flush=True)


def hand_over(command: list[str]) -> int:
    """Become the command, so that Ctrl-C and signals reach it alone; Windows can only wait for it."""
    if not WINDOWS:
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command got it too and decides (`record` keeps what it has)


# --- the environment ---


def prepare(place: Place, extras: tuple[str, ...]) -> None:
    """Bring the environment to what is wanted now; nothing to do is the common case and quick."""
    wanted = wanted_stamp(place, extras)
    if is_ready(place, wanted):
        return
    with locked(place) as lock:
        if not is_ready(place, wanted):  # somebody else may have done it meanwhile
            bring_up(place, wanted, lock)


def wanted_stamp(place: Place, extras: tuple[str, ...]) -> Stamp:
    """Stamp of the environment that this Python and this project ask for."""
    try:
        project = (place.root / "pyproject.toml").read_bytes()
        version = re.findall(rb"^__version__.*$", (place.root / "hipdrive/__init__.py").read_bytes(), re.M)
    except FileNotFoundError as error:
        raise Stop(f"{error.filename} is missing; run.py needs a complete clone of hipdrive.") from None
    digest = hashlib.sha256(b"\n".join([project, *version])).hexdigest()
    return Stamp(python=identity(), venv=str(place.venv), project=digest, extras=extras)


def identity() -> str:
    """Which Python this is: an environment made by one does not serve another."""
    return f"{platform.python_implementation()} {platform.python_version()} {sysconfig.get_platform()}"


def read_stamp(place: Place) -> Stamp | None:
    """Stamp of the environment that is there, None where there is none or it cannot be read."""
    try:
        found = json.loads(place.stamp.read_text(encoding="utf-8"))
        return Stamp(**{**found, "extras": tuple(found["extras"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_stamp(place: Place, stamp: Stamp) -> None:
    """Write the stamp all at once: half a stamp never appears under its name."""
    draft = place.stamp.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
    os.replace(draft, place.stamp)


def is_ready(place: Place, wanted: Stamp) -> bool:
    """Whether the environment is complete and serves."""
    found = read_stamp(place)
    return found is not None and found.covers(wanted) and place.python.exists()


def bring_up(place: Place, wanted: Stamp, lock: BinaryIO) -> None:
    """Make what is missing; whoever is interrupted in here leaves no stamp behind."""
    anew = must_make(place, read_stamp(place), wanted)
    place.stamp.unlink(missing_ok=True)
    if anew:
        say(f"making {place.venv}, once; this takes a minute or two.")
        make_venv(place)
    else:
        say(f"bringing {place.venv} up to date.")
    install(place, wanted.extras, lock)
    write_stamp(place, wanted)


def must_make(place: Place, found: Stamp | None, wanted: Stamp) -> bool:
    """Whether to start from an empty folder: nothing there, broken, interrupted, moved, or another Python."""
    running = venv_identity(place)
    if place.mark.exists():
        made_from = found and (found.python, found.venv)
        return made_from != (wanted.python, wanted.venv) or running != wanted.python
    if is_foreign(place.venv):
        raise Stop(f"{place.venv} is no Python environment; rename it or name another folder in HIPDRIVE_VENV.")
    if running not in (None, wanted.python):
        raise Stop(f"{place.venv} is not from run.py but from {running}; rename or delete it, then run this again.")
    return running is None


def is_foreign(folder: Path) -> bool:
    """Whether a folder holds something, and no environment: emptying it might cost somebody a home."""
    return folder.is_dir() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists()


def venv_identity(place: Place) -> str | None:
    """What `identity` says in the environment's own Python, None where that does not run."""
    names = "p.python_implementation(), p.python_version(), s.get_platform()"
    ask = f"import platform as p, sysconfig as s; print({names})"
    try:
        answer = subprocess.run([place.python, "-I", "-c", ask], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def make_venv(place: Place) -> None:
    """Make an empty environment, without ensurepip: bare Debian has none."""
    try:
        import venv
    except ImportError:
        raise Stop("this Python has no venv module; Debian, Ubuntu: apt-get install python3-venv.") from None
    place.venv.mkdir(parents=True, exist_ok=True)
    place.mark.touch()  # first, so that the next run may repair whatever is cut short from here on
    for entry in place.venv.iterdir():
        if entry != place.mark:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    venv.EnvBuilder(symlinks=not WINDOWS, with_pip=False).create(place.venv)


@contextmanager
def locked(place: Place) -> Iterator[BinaryIO]:
    """Hold the lock; it goes by itself when its holder dies."""
    place.lock.parent.mkdir(parents=True, exist_ok=True)
    with place.lock.open("ab") as lock:
        if not try_lock(lock):
            say(f"another run.py is preparing {place.venv}; waiting for it.")
            while not try_lock(lock):
                time.sleep(0.2)
        yield lock


def try_lock(lock: BinaryIO) -> bool:
    """Take the lock if it is free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


# --- pip ---


def install(place: Place, extras: tuple[str, ...], lock: BinaryIO) -> None:
    """Install the project, editable, with what it depends on."""
    place.log.unlink(missing_ok=True)  # the reason of a failure is looked for in it
    target = f".[{','.join(extras)}]" if extras else "."
    options = ["install", "--no-input", "--disable-pip-version-check", "--editable", target]
    code = watch([*find_pip(place), *options], place, lock, clean_environment(os.environ))
    if code:
        raise Stop(why_pip_failed(place))


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment for pip, without what would make it install elsewhere or see packages of elsewhere."""
    elsewhere = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PYTHONPATH", "PYTHONHOME"}
    return {
        **{k: v for k, v in environment.items() if k not in elsewhere},
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
    }


def find_pip(place: Place) -> list[str]:
    """Command of a pip that works on the environment: the host's, else one that ensurepip brings."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    hosts = [[sys.executable, "-m", "pip"], [base, "-m", "pip"], ["pip3"], ["pip"]]
    versions = [pip_version(host) for host in hosts]
    for host, version in zip(hosts, versions, strict=True):
        if version is not None and version >= OLDEST_PIP:
            return [*host, "--python", str(place.python)]
    own = [str(place.python), "-m", "pip"]
    if pip_version(own) or (succeeds([str(place.python), "-m", "ensurepip"]) and pip_version(own)):
        return own
    name = Path(base).name
    if any(versions):
        raise Stop(f"pip 22.3 or newer is needed: {name} -m pip install --upgrade pip, then run this again.")
    raise Stop(f"{name} has no pip; install it (Debian, Ubuntu: apt-get install python3-pip), then run this again.")


def pip_version(command: Sequence[str]) -> tuple[int, int] | None:
    """Version of a pip, None where there is none."""
    try:
        answer = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found and answer.returncode == 0 else None


def succeeds(command: Sequence[str]) -> bool:
    """Whether a command runs and ends well."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def watch(command: Sequence[str], place: Place, lock: BinaryIO, environment: Mapping[str, str]) -> int:
    """Run a command into the log, showing on a terminal how far it is; return its exit code."""
    process = subprocess.Popen(
        command,
        cwd=place.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # The child keeps the lock: should run.py be killed, the next waits for this pip, then starts over.
        pass_fds=() if WINDOWS else (lock.fileno(),),
    )
    show = progress()
    with place.log.open("ab", buffering=0) as log, process:
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            show(line.decode("utf-8", "replace").strip())
    show("")
    return process.returncode


def progress() -> Callable[[str], None]:
    """What shows one line over the other on a terminal and nothing elsewhere."""
    steps = ("Collecting", "Downloading", "Installing", "Preparing", "Get:", "Setting up")

    def show(line: str) -> None:
        if not line or line.startswith(steps):
            print(f"\r{line[:76]:<76}\r", end="", file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda line: None


def why_pip_failed(place: Place) -> str:
    """One sentence from pip's many."""
    said = place.log.read_text(encoding="utf-8", errors="replace")
    more = f"(all that pip said: {place.log})"
    if re.search("ConnectionError|ConnectTimeout|ReadTimeout|name resolution|ProxyError|Max retries", said):
        return f"pip could not reach the package index; check the network, then run this again {more}."
    if "No space left" in said:
        return f"the disk is full; make room, then run this again {more}."
    errors = re.findall(r"^\s*(?:ERROR|error): (.*)$", said, re.M)
    why = errors[-1].rstrip(". ") if errors else "it was stopped"
    return f"pip could not install hipdrive: {why} {more}."


# --- system libraries, for the tests ---


def install_libraries(place: Place) -> None:
    """Install what tests need from the system, or name it; only Debian and Ubuntu are known well enough."""
    if sys.platform != "linux":
        return
    missing = missing_packages()
    if not missing:
        return
    names = " ".join(missing)
    if not is_debian():
        wanted = ", ".join({**LIBRARIES, **PROGRAMS, **HEADERS}[name] for name in missing)
        say(f"tests of windows and drivers need from this system: {wanted}.")
    elif not shutil.which("apt-get") or os.geteuid() != 0:
        say(f"tests of windows and drivers need system libraries: sudo apt-get install --no-install-recommends {names}")
    elif not apt_install(place, missing):
        say(f"apt-get could not install what tests of windows and drivers need: {names} "
            f"(all that it said: {place.log}).")  # fmt: skip


def missing_packages() -> list[str]:
    """Debian's names of what is not there; the loader is asked, since Ubuntu renamed some packages."""
    libraries = [package for package, library in LIBRARIES.items() if not loads(library)]
    programs = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
    headers = [package for package, header in HEADERS.items() if not Path("/usr/include", header).is_file()]
    return libraries + programs + headers


def loads(library: str) -> bool:
    """Whether the system's loader finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def is_debian() -> bool:
    """Whether this is Debian, Ubuntu or one of their kin."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return not {"debian", "ubuntu"}.isdisjoint({release["ID"], *release.get("ID_LIKE", "").split()})


def apt_install(place: Place, packages: Sequence[str]) -> bool:
    """Install packages; whether all of them are there."""
    say(f"installing system libraries: {' '.join(packages)}.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    with locked(place) as lock:
        watch(["apt-get", *wait, "update"], place, lock, environment)  # one broken source must not end it
        command = ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages]
        return watch(command, place, lock, environment) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
