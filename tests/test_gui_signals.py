"""Sounds, light and the protocol's line in the window: one switch, signs beside colours, no sound needed."""

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from test_protocol import SHORT

from hipdrive import protocol as protocols
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import ManualClock
from hipdrive.acquisition.simulated.following import following
from hipdrive.gui import signals as told
from hipdrive.gui import theme
from hipdrive.gui.app import main_window
from hipdrive.gui.live import LivePage
from hipdrive.gui.qt import Qt, QtWidgets
from hipdrive.gui.signals import Light, Signals, colour, tone, write_wave
from hipdrive.gui.walkbar import ProtocolBox
from hipdrive.gui.window import MainWindow
from hipdrive.hardware import rig as rigs
from hipdrive.occasions import SIGNALS, Occurred
from hipdrive.session import Session


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = main_window()
    made.set_theme(theme.LIGHT)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    one = page(made)
    one._poller.stop()
    one._pulse.stop()
    if one.session is not None:
        one.session.close()
        one.session = None
    if one.signals is not None:
        one.signals.close()
    made.review.leave()


def page(window: MainWindow) -> LivePage:
    return next(held for i in range(window.pages.count()) if isinstance(held := window.pages.widget(i), LivePage))


# --- sounds ---


def test_a_tone_has_its_frequency_length_and_no_click(tmp_path: Path) -> None:
    write_wave(tmp_path / "t.wav", ((880.0, 0.2), (0.0, 0.1)))
    with wave.open(str(tmp_path / "t.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 44_100)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    assert len(samples) == round(0.3 * 44_100)
    spectrum = np.abs(np.fft.rfft(samples[: round(0.2 * 44_100)]))
    assert np.argmax(spectrum) * 5.0 == pytest.approx(880.0, abs=5.0)
    assert abs(samples[0]) == 0.0 and abs(samples[round(0.2 * 44_100) - 1]) < 1.0 and not samples[-2000:].any()
    assert 0.55 * 32767 < np.abs(samples).max() <= 0.61 * 32767
    assert tone(()) == b""


class Effect:
    """Stands for Qt's sound."""

    made: list["Effect"] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.source, self.count, self.volume = "", 0, 0.0
        Effect.made.append(self)

    def setSource(self, url: Any) -> None:
        self.source = url.toLocalFile()

    def setVolume(self, volume: float) -> None:
        self.volume = volume

    def play(self) -> None:
        self.count += 1

    def stop(self) -> None:
        pass


def test_each_occasion_has_its_sound_and_it_is_off_at_first(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    Effect.made = []
    monkeypatch.setattr(told, "sound_effect", lambda: (Effect, ""))
    frame = QtWidgets.QWidget()
    qtbot.addWidget(frame)
    signals = Signals(frame)
    signals.occurred(Occurred(0, "touchdown"))
    assert not Effect.made and not signals.light.isVisibleTo(frame)
    assert signals.switch(True) == ""
    assert len(Effect.made) == len(SIGNALS) and all(Path(one.source).is_file() for one in Effect.made)
    signals.occurred(Occurred(0, "touchdown"))
    signals.occurred(Occurred(0, "contact", True))  # a line only
    signals.occurred(Occurred(0, "ready", False))
    assert sum(one.count for one in Effect.made) == 1 and signals.light.isVisibleTo(frame)
    assert [Path(one.source).stem for one in Effect.made if one.count] == ["touchdown"]
    signals.switch(False)
    signals.occurred(Occurred(0, "touchdown"))
    assert sum(one.count for one in Effect.made) == 1 and not signals.light.isVisibleTo(frame)
    signals.close()
    assert not any(Path(one.source).exists() for one in Effect.made)


@pytest.mark.parametrize("why", ["no sounds: a library of the system is missing", ""])
def test_without_any_sound_the_light_goes_on(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    if why:
        monkeypatch.setattr(told, "sound_effect", lambda: (None, why))
    frame = QtWidgets.QWidget()
    qtbot.addWidget(frame)
    signals = Signals(frame)
    said = signals.switch(True)  # whatever this computer has, nothing is raised
    assert said == why or not why
    signals.occurred(Occurred(0, "takeoff"))
    assert signals.light.isVisibleTo(frame)
    signals.close()


# --- the light ---


def test_the_light_covers_the_window_for_a_moment_and_lets_the_mouse_through(qtbot: QtBot) -> None:
    frame = QtWidgets.QWidget()
    frame.resize(800, 500)
    qtbot.addWidget(frame)
    frame.show()
    light = Light(frame, theme.LIGHT)
    light.shine(SIGNALS["touchdown"])
    assert light.isVisible() and light.geometry() == frame.rect()
    assert light.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    image = frame.grab().toImage()
    ground = image.pixelColor(5, 5)
    wanted = colour(theme.LIGHT, "accent")
    assert abs(ground.red() - int(wanted[1:3], 16)) < 30 and abs(ground.blue() - int(wanted[5:7], 16)) < 30
    inked = sum(image.pixelColor(x, y).lightness() > 200 for x in range(0, 800, 4) for y in range(0, 500, 4))
    assert inked > 100  # sign and word are there
    frame.resize(900, 600)
    assert light.geometry() == frame.rect()
    qtbot.waitUntil(lambda: not light.isVisible(), timeout=3000)


@pytest.mark.parametrize("of", [theme.LIGHT, theme.DARK])
def test_sign_and_word_can_be_read_on_every_colour(of: theme.Theme) -> None:
    assert all(theme.contrast(colour(of, one.look), of.back) >= 4.0 for one in SIGNALS.values())


# --- in the window ---


class Hall:
    """A session on the page whose athlete follows the protocol, in a time that the test decides."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.page, self.clock, self.now = page(window), ManualClock(), 0.0
        rig = rigs.load("simulated").model_copy(update={"cameras": ()})
        made = tuple(following(rig, ("cmj", "cmj", "dj"), clock=self.clock))
        self.session = Session(Recorder(rig, made), folder=folder, armed=True, protocol=protocols.loads(SHORT))
        self.session.start()
        window.show_page(self.page)
        self.page.use(self.session)
        self.page._poller.stop()

    def run(self, qtbot: QtBot, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.now += step
            qtbot.waitUntil(lambda: self.session.seconds >= self.now - 1e-9, timeout=20_000)
            self.page.poll()


def test_the_window_walks_through_a_protocol_with_its_lights(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    hall = Hall(window, tmp_path)
    bar, act = hall.page.view.walk, hall.page.act
    hall.run(qtbot, 0.2)
    assert bar.isVisible() and bar.title.text() == "Countermovement jump" and bar.count.text() == "1 of 2"
    assert bar.rest.text() == "Go" and bar.left.text() == "jump 1 of 3"
    assert all(act[name].isEnabled() for name in ("Back one", "Again", "Skip"))
    assert not act["Sound and light"].isChecked()
    act["Sound and light"].trigger()
    assert act["Sound and light"].isChecked()
    while not hall.session.takes:
        assert hall.now < 20.0
        hall.run(qtbot, 0.1)
    signals = hall.page.signals
    assert signals is not None
    played = [name for name in signals.sounds.played if name in ("takeoff", "target")]
    assert played == ["takeoff", "target"] and signals.sounds.played.count("touchdown") >= 1
    hall.page._status()
    assert bar.count.text() == "2 of 2" and bar.rest.text() == "0:04" and bar.property("look") == "rest"
    assert hall.page.view.advice.text() == "Rest 0:04"
    act["Skip"].trigger()
    assert bar.title.text() == "Drop jump 30 cm" and hall.page.view.facts.test == "dj"
    assert hall.page.view.facts.box.text() == "0.3"
    act["Back one"].trigger()
    assert bar.title.text() == "Countermovement jump" and bar.count.text() == "2 of 2"
    act["Again"].trigger()
    assert bar.count.text() == "1 of 2"
    hall.page.set_protocol(None)
    assert not bar.isVisible() and not act["Skip"].isEnabled()
    hall.page.set_protocol("depth_jump_ladder")
    assert bar.isVisible() and bar.title.text() == "Drop jump 30 cm" and "Step off" in bar.say.text()
    hall.page.set_protocol(tmp_path / "nothing.toml")
    assert "cannot be read" in (window.statusBar().currentMessage() if window.statusBar() else "")  # type: ignore[union-attr]
    for take in hall.session.undecided:
        hall.session.discard(take.number)


def test_a_protocol_is_chosen_before_connecting(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    box = ProtocolBox()
    qtbot.addWidget(box)
    assert box.protocol is None
    box.fill()
    box.fill()
    assert box.protocol is None and box.count() == len(protocols.names()) + 2
    box.setCurrentIndex(1)
    assert box.protocol == protocols.names()[0]
    own = tmp_path / "own.toml"
    answers = [own, None]
    monkeypatch.setattr("hipdrive.gui.walkbar.ask_file", lambda parent: answers.pop(0))
    last = box.count() - 1
    box.setCurrentIndex(last)
    box.activated.emit(last)
    assert box.protocol == own and "own.toml" in box.currentText()
    box.activated.emit(last)
    assert box.protocol is None
