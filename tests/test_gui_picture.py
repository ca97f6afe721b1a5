"""The picture of the report in the window: every test has one, drawn when it is looked at, in its own proportions."""

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

import hipdrive as hd
from hipdrive.acquisition.simulated.athlete import SIMULATED
from hipdrive.analysis.analyse import analyse
from hipdrive.gui.qt import QtGui
from hipdrive.gui.review import CURVES, PICTURE, ReviewPage
from hipdrive.report import picture
from hipdrive.report.inputs import Ask
from hipdrive.trial import Trial


@pytest.mark.parametrize("test", SIMULATED)
def test_every_test_has_a_picture_in_the_window(qtbot: QtBot, test: str) -> None:
    trial = hd.simulate(test, seed=1)
    review = ReviewPage()
    qtbot.addWidget(review)
    review.resize(1300, 700)
    review.show_trial(replace(trial, test=test))
    review.read_again(Ask(test=test))
    assert not review.picture.renderer.isValid(), "nothing is drawn before it is looked at"
    review.show_view(PICTURE)
    view = review.picture
    assert view.renderer.isValid() and not review.headline.isVisible()
    view.resize(1200, 600)
    place, size = view.place(), view.renderer.defaultSize()
    assert place.width() / place.height() == pytest.approx(size.width() / size.height(), rel=1e-3)
    image = QtGui.QImage(view.size(), QtGui.QImage.Format.Format_RGB32)
    view.render(image)
    seen = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(seen) > 5, "lines, type and shades"
    review.show_view(CURVES)
    assert review.views.currentIndex() == CURVES


def test_nothing_to_draw_is_said(qtbot: QtBot) -> None:
    review = ReviewPage()
    qtbot.addWidget(review)
    trial = Trial.from_forces([[0.0, 1.0] * 1500], 1000.0)
    assert picture.shown(trial, analyse(trial), None) == ""
    review.show_trial(trial)
    review.show_view(PICTURE)
    assert not review.picture.renderer.isValid() and review.picture.why
