"""What every test may use: the folder of real recordings, and how many tests used it."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import hypothesis
import pytest
import quiet_lsl

ROOT = Path(__file__).resolve().parents[1]

# Tests run one a core already: threads that multiply small matrices would only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# No display, and no time limit on a single example: a busy machine is no defect.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
quiet_lsl.configure()
hypothesis.settings.register_profile("hipdrive", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("hipdrive")


def data_folder() -> Path:
    """Where the real recordings are, or would be."""
    return Path(os.environ.get("HIPDRIVE_DATA") or ROOT.parent / "shared" / "data")


LONG = (
    "coverage_others", "reliability", "crash", "timing", "architecture", "benchmarks", "coverage_jumps", "pose_real",
    "run_py", "gui_live", "recorder_ramp", "uncertainty", "continuous", "video_chain", "live", "session", "recorder",
    "dirty", "gui_review", "clip_sync",
)  # fmt: skip
"""Files that take longest, the longest first: processes that share the files then end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first; within a file nothing changes."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of real recordings; the test is skipped where there is none."""
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is no folder; HIPDRIVE_DATA names another one")
    return folder


@contextmanager
def held(lock: Path, *, alone: bool) -> Iterator[None]:
    """Hold a lock, alone or together with others; on Windows what is timed is disturbed by tests beside it."""
    if sys.platform == "win32":
        yield
    else:
        import fcntl

        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield


@pytest.fixture(autouse=True)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests run side by side (pytest-xdist), but what is `timed` runs while no other does."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    shared = tmp_path_factory.getbasetemp().parent
    timed = request.node.get_closest_marker("timed") is not None
    with ExitStack() as stay:
        # whoever waits to be alone keeps the door, so that nobody goes in before
        with held(shared / "door.lock", alone=True):
            stay.enter_context(held(shared / "room.lock", alone=timed))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests met real recordings: a skip is easily overlooked."""
    ran = sum(1 for _ in real_data_reports(terminalreporter, "passed", "failed", "xfailed", "xpassed"))
    skipped = sum(1 for _ in real_data_reports(terminalreporter, "skipped"))
    if ran or skipped:
        terminalreporter.write_line(f"real_data: {ran} tests ran, {skipped} skipped ({data_folder()})")


def real_data_reports(reporter: pytest.TerminalReporter, *outcomes: str) -> Iterator[pytest.TestReport]:
    """Reports of the tests that are marked real_data."""
    for outcome in outcomes:
        for report in reporter.getreports(outcome):
            if isinstance(report, pytest.TestReport) and "real_data" in report.keywords:
                yield report


@pytest.fixture(scope="session")
def pose_networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store into which pip fetched the networks that find a body, once for all tests of a process."""
    from hipdrive.acquisition.video import weights
    from hipdrive.errors import HipdriveError

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIPDRIVE_POSE", str(tmp_path_factory.mktemp("networks")))
        try:
            weights.fetch()
        except HipdriveError as why:
            pytest.skip(f"no networks for poses: {why}")
        yield weights.folder()
