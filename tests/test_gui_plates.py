"""The plates page offscreen: what it shows of quiet, humming and occupied plates, and that it follows the session."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from test_plate_health import noise, plated

from hipdrive.acquisition.recorder import Recorder
from hipdrive.analysis.plate_health import Watch
from hipdrive.gui import theme
from hipdrive.gui.app import main_window
from hipdrive.gui.live import LivePage
from hipdrive.gui.plates import PlateCard, PlatesPage
from hipdrive.gui.qt import pg
from hipdrive.gui.window import MainWindow
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.checkfile import Told
from hipdrive.session import Session
from hipdrive.trial import Floats


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = main_window()
    made.set_theme(theme.LIGHT)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    live, plates = pages(made)
    live._poller.stop()
    live._pulse.stop()
    if live.session is not None:
        live.session.close()
        live.session = None
    plates._timer.stop()
    made.review.leave()


def pages(window: MainWindow) -> tuple[LivePage, PlatesPage]:
    held = [window.pages.widget(i) for i in range(window.pages.count())]
    [live] = [one for one in held if isinstance(one, LivePage)]
    [plates] = [one for one in held if isinstance(one, PlatesPage)]
    return live, plates


def use(window: MainWindow, left: Floats, right: Floats, folder: Path) -> Session:
    rig = rigs.load("simulated")
    session = Session(Recorder(rig, plated(rig, {"left": left, "right": right})), folder=folder)
    session.start()
    live, plates = pages(window)
    live.use(session)
    window.show_page(plates)
    return session


def until(window: MainWindow, qtbot: QtBot, session: Session, seconds: float) -> PlatesPage:
    plates = pages(window)[1]
    qtbot.waitUntil(lambda: session.seconds > seconds, timeout=20_000)
    pages(window)[0].poll()
    plates.look()
    return plates


def test_without_plates_it_says_what_to_do(window: MainWindow) -> None:
    plates = pages(window)[1]
    window.show_page(plates)
    assert plates.hint.isVisible() and not plates.area.isVisible() and "F3" in plates.hint.text()


def test_hum_is_drawn_and_named(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    t, left = noise(4.0)
    right = left + 1.8 * np.sin(2.0 * np.pi * 50.0 * t)
    session = use(window, left, right, tmp_path)
    plates = until(window, qtbot, session, 2.2)
    assert plates.area.isVisible() and not plates.hint.isVisible()
    quiet, hums = plates.cards["left"], plates.cards["right"]
    assert quiet.state.text().endswith("good") and quiet.told.text() == "Nothing to mend."
    assert hums.state.text().endswith("look") and hums.property("level") == "warn"
    assert "Mains, 50 Hz: 1.8 N" in hums.told.text() and "DIFF" in hums.told.text()
    texts = [one.toPlainText() for one in hums.marks if isinstance(one, pg.TextItem)]
    assert texts == ["50 Hz  1.8 N"]
    x, y = hums.curve.getData()
    assert x[np.argmax(y)] == pytest.approx(50.0) and y.max() == pytest.approx(1.8, rel=0.1)
    assert "never with known masses" in quiet.facts.text()
    assert "0.8 N" in quiet.facts.text() and "not zeroed" in quiet.facts.text() and "10000 N" in quiet.facts.text()


def test_an_occupied_plate_says_so_and_draws_nothing(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    _, left = noise(4.0)
    session = use(window, left, left + 700.0, tmp_path)
    plates = until(window, qtbot, session, 1.3)
    card = plates.cards["right"]
    assert card.state.text() == "on it now" and "Step off" in card.told.text()
    assert len(card.curve.getData()[0] if card.curve.getData()[0] is not None else []) == 0


def test_it_follows_the_session_and_looks_only_while_it_is_seen(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    _, left = noise(4.0)
    session = use(window, left, left, tmp_path)
    plates = until(window, qtbot, session, 0.3)
    assert list(plates.cards) == ["left", "right"] and plates._timer.isActive()
    live = pages(window)[0]
    window.show_page(live)
    assert not plates._timer.isActive()
    assert live.end_session()
    window.show_page(plates)
    assert plates.hint.isVisible() and not plates.cards
    window.switch_theme()


def test_an_old_check_is_told(qtbot: QtBot) -> None:
    card = PlateCard("left", theme.LIGHT)
    qtbot.addWidget(card)
    watch = Watch(("left",), 1000.0)
    watch.add(noise(3.0)[1][np.newaxis], 0)
    [health] = watch.health()
    old = Told("left", "warn", 0.3, "plate left: calibration checked on 2025-01-02, more than 12 months before",
               "check it again", dt.date(2025, 1, 2))  # fmt: skip
    card.show_health(health, None, (), old)
    assert "2025-01-02, within 0.3 %" in card.facts.text() and card.property("level") == "warn"
    assert card.told.text() == "Calibration checked on 2025-01-02, more than 12 months before. Check it again."
