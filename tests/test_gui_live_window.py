"""The live page in a real window on an X server, driven by mouse and keyboard: from the start to the kept file."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

import pytest

import hipdrive as hd
from hipdrive import store

pytestmark = pytest.mark.window
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """An X server of our own, so that nobody's pointer is moved."""
    if not sys.platform.startswith("linux"):
        pytest.skip("real windows are tested under Xvfb, which is for Linux")
    if shutil.which("Xvfb") is None or find_library("Xtst") is None:
        pytest.skip("no Xvfb or libXtst: sudo apt-get install xvfb libxtst6 libxcb-cursor0 libxcb-icccm4 "
                    "libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0")  # fmt: skip
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1366x768x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    if not number:
        server.wait()
        pytest.skip("Xvfb does not start on this machine")
    yield f":{number}"
    server.terminate()
    server.wait()


DRIVE = """
import ctypes, json, sys, time
from pathlib import Path
from hipdrive.gui.qt import QtCore, QtWidgets, application
from hipdrive.gui.app import main_window

x11, xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XKeysymToKeycode.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
x11.XStringToKeysym.argtypes, x11.XStringToKeysym.restype = [ctypes.c_char_p], ctypes.c_ulong
x11.XFlush.argtypes = [ctypes.c_void_p]
xtst.XTestFakeMotionEvent.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_ulong]
for fake in (xtst.XTestFakeButtonEvent, xtst.XTestFakeKeyEvent):
    fake.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_ulong]
server = x11.XOpenDisplay(None)
step = "up"

def until(done, seconds=20.0):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain: {step}; {live.view.advice.text()} {live.view.remark.text()}")
        app.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.002)

def pause(seconds=0.15):
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end)

def click(widget):
    place = widget.mapToGlobal(widget.rect().center())
    xtst.XTestFakeMotionEvent(server, -1, place.x(), place.y(), 0)
    for down in (1, 0):
        xtst.XTestFakeButtonEvent(server, 1, down, 0)
    x11.XFlush(server)
    pause()

def key(name):
    code = x11.XKeysymToKeycode(server, x11.XStringToKeysym(name.encode()))
    for down in (1, 0):
        xtst.XTestFakeKeyEvent(server, code, down, 0)
    x11.XFlush(server)
    pause()

def shot(name):
    window.screen().grabWindow(window.winId()).save(str(Path(sys.argv[2]) / f"{name}.png"))

app = application()
window = main_window()
window.resize(1366, 768)
window.move(0, 0)
window.show()
live = window.page
live.folder = Path(sys.argv[1])
seen = {"width": 0}
until(window.isVisible)
pause(0.4)
window.activateWindow()
until(window.isActiveWindow)
shot("live_1_start")
begin = time.monotonic()
step = "try it"
click(live.start.try_button)
until(lambda: live.session is not None)
session, view = live.session, live.view
step = "zero"
key("z")
until(lambda: session.zeroed)
seen["zeroed"] = view.remark.text()
step = "rsi"
until(lambda: session.state == "landed")
until(lambda: view.board.hero.number.text() != "\u2013")
seen["seconds to rsi"] = time.monotonic() - begin
seen["provisional"] = [view.board.hero.number.text(), view.board.tag.text()]
pause(0.2)
shot("live_2_provisional")
step = "final"
until(lambda: session.takes and session.takes[0].state == "analysed" and view.board.tag.text() == "final")
pause()
shot("live_3_final")
step = "weigh"
click(view.buttons["Weigh"])
until(lambda: view.remark.text().startswith("Weighed"))
seen["weighed"] = view.remark.text()
seen["final"] = view.board.hero.note.text()
step = "keep"
key("k")
until(lambda: session.takes[0].state == "kept")
seen["file"] = str(session.takes[0].path)
shot("live_4_kept")
step = "review"
click(view.buttons["Review"])
until(lambda: window.page is window.review and window.review.headline.cards)
seen["review"] = window.review.headline.cards[0].number.text()
pause(0.4)
shot("live_5_review")
step = "back"
key("F3")
until(lambda: window.page is live)
step = "second jump"
until(lambda: len(session.takes) == 2 and session.takes[1].state == "analysed", 40.0)
key("Delete")
seen["second"] = session.takes[1].state
seen["width"] = window.width()
window.close()
seen["closed"] = live.session is None
print(json.dumps(seen))
"""


def test_a_coach_measures_a_depth_jump(display: str, tmp_path: Path) -> None:
    """Start, simulated plates, zero, jump, RSI, weigh, keep; the file is there, and the review shows it."""
    kept, shots = tmp_path / "kept", tmp_path / "shots"
    shots.mkdir()
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    environment.pop("WAYLAND_DISPLAY", None)
    run = subprocess.run([sys.executable, "-c", DRIVE, str(kept), str(shots)], env=environment, capture_output=True,
                         text=True, timeout=120)  # fmt: skip
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    print(f"from the first click to the first RSI: {seen['seconds to rsi']:.1f} s")
    assert seen["seconds to rsi"] < 30.0
    assert seen["zeroed"] == "The plates are zeroed."
    assert seen["provisional"][1] == "provisional" and float(seen["provisional"][0]) > 0.3
    assert seen["weighed"].startswith("Weighed: ")
    path = Path(seen["file"])
    assert path.parent == kept
    rsi = hd.analyse(store.load_trial(path)).reps[0]["rsi_jh"]
    assert float(seen["final"].split()[0]) == pytest.approx(rsi.value, abs=0.001)
    assert float(seen["review"]) == pytest.approx(rsi.value, abs=0.001)
    assert float(seen["provisional"][0]) == pytest.approx(rsi.value, abs=0.02)
    assert (seen["second"], seen["closed"]) == ("discarded", True)
    assert seen["width"] <= 1366
    for shot in shots.iterdir():
        assert shot.stat().st_size > 10_000
        if os.environ.get("HIPDRIVE_SHOTS"):
            shutil.copy(shot, os.environ["HIPDRIVE_SHOTS"])
