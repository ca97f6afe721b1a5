"""The clip in the window: one cursor with the curves, frame by frame, and its clock set by hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filming import filmed_trial
from pytestqt.qtbot import QtBot

import hipdrive as hd
from hipdrive.gui import theme
from hipdrive.gui.driveview import DriveView
from hipdrive.gui.qt import QtWidgets
from hipdrive.gui.review import DRIVE
from hipdrive.gui.window import MainWindow
from hipdrive.gui.work import Opened
from hipdrive.report.inputs import Ask
from hipdrive.trial import Trial

FEW = {"motion_copies": "40"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return filmed_trial(tmp_path_factory.mktemp("clip") / "jump.mp4")


@pytest.fixture
def page(qapp: QtWidgets.QApplication, trial: Trial) -> Iterator[DriveView]:
    made = DriveView()
    made.resize(1500, 640)
    analysis = hd.analyse(trial, parameters=FEW)
    made.show_entry(Opened(Path("jump.h5"), trial, analysis, Ask(parameters=FEW)), analysis.reps[0])
    made.show()
    qapp.processEvents()
    yield made
    made.clip.close_clip()
    made.deleteLater()


def shown_time(page: DriveView, trial: Trial) -> float:
    """When the frame that is shown was taken, on the force's clock, by the trial alone."""
    clock = trial.clocks["jump.mp4"]
    return float(clock.to_force(trial.footage[0].times[page.clip.slider.value()]))


def test_a_click_on_an_event_shows_its_frame(page: DriveView, trial: Trial) -> None:
    assert trial.truth is not None
    items = [page.clip.instants.itemAt(i) for i in range(page.clip.instants.count())]
    widgets = [item.widget() for item in items if item is not None]
    buttons = {one.text(): one for one in widgets if isinstance(one, QtWidgets.QPushButton)}
    assert "take-off" in buttons
    buttons["take-off"].click()
    assert abs(shown_time(page, trial) - trial.truth.events["takeoff"]) <= 0.5 / 60.0 + 1e-3
    assert f"{shown_time(page, trial):.3f} s" in page.clip.told.text()


def test_clip_and_curves_have_one_cursor(page: DriveView, trial: Trial) -> None:
    page.clip.step(5)
    at = [cursor.value() for cursor in page.plots._cursors]
    assert at and all(abs(t - shown_time(page, trial)) < 1e-6 for t in at)
    assert page.plots.readout.text().startswith(f"{shown_time(page, trial):.3f} s")
    page.plots.pointed.emit(shown_time(page, trial) + 0.2)  # as the mouse over the curves does
    assert abs(page.plots._cursors[0].value() - at[0] - 0.2) <= 0.5 / 60.0 + 1e-6


def test_frames_are_stepped_through_and_end_at_the_ends(page: DriveView, trial: Trial) -> None:
    clip, last = page.clip, len(trial.footage[0].times) - 1
    clip.slider.setValue(0)
    clip.back.click()
    assert clip.slider.value() == 0
    clip.on.click()
    assert clip.slider.value() == 1
    clip.slider.setValue(last)
    clip.on.click()
    assert clip.slider.value() == last


def test_the_picture_is_the_frame_with_its_skeleton(page: DriveView, trial: Trial) -> None:
    page.clip.slider.setValue(40)
    image = page.clip.picture.grab().toImage()
    seen = {image.pixelColor(x, y).getRgb()[:3] for x in range(0, image.width(), 2)
            for y in range(0, image.height(), 2)}  # fmt: skip
    near = lambda colour: any(np.abs(np.subtract(one, colour)).max() < 24 for one in seen)  # noqa: E731
    assert near((0, 114, 178)) and near((213, 94, 0)) and near((0, 158, 115))


def test_it_plays_by_the_clock_and_stops_at_the_end(page: DriveView, qtbot: QtBot) -> None:
    page.clip.slider.setValue(page.clip.slider.maximum() - 4)
    page.clip.speed.setCurrentIndex(0)
    page.clip.play.click()
    qtbot.waitUntil(lambda: not page.clip.play.isChecked(), timeout=10_000)
    assert page.clip.slider.value() == page.clip.slider.maximum()


def test_a_frame_said_to_be_an_event_is_a_clock(page: DriveView, trial: Trial, qtbot: QtBot) -> None:
    clip = page.clip
    row = clip.instant.findText("take-off")
    clip.instant.setCurrentIndex(row)
    clip.slider.setValue(50)
    with qtbot.waitSignal(clip.clocked) as told:
        clip.set_clock.click()
    offset, u95 = told.args
    assert offset == pytest.approx(clip.instant.itemData(row) - trial.footage[0].times[50], abs=1e-9)
    assert u95 == pytest.approx(1.96 / 60.0 / np.sqrt(12.0), rel=0.01)


def test_a_clip_that_is_gone_is_told(qapp: QtWidgets.QApplication, trial: Trial) -> None:
    gone = replace(trial, footage=(replace(trial.footage[0], file="/nowhere/jump.mp4"),))
    made = DriveView()
    analysis = hd.analyse(gone, parameters=FEW)
    made.show_entry(Opened(Path("jump.h5"), gone, analysis, Ask(parameters=FEW)), analysis.reps[0])
    assert "not where it was" in made.clip.told.text()
    assert not made.clip.slider.isEnabled() and not made.clip.set_clock.isEnabled()
    made.clip.step(1)
    made.deleteLater()


def test_without_a_clip_there_is_no_pane(qapp: QtWidgets.QApplication, trial: Trial) -> None:
    bare = replace(trial, footage=())
    made = DriveView()
    analysis = hd.analyse(bare, parameters=FEW)
    made.show_entry(Opened(Path("jump.h5"), bare, analysis, Ask(parameters=FEW)), analysis.reps[0])
    assert made.clip.isHidden()
    made.deleteLater()


def test_the_window_takes_the_clock_that_was_set_and_analyses_anew(
    qapp: QtWidgets.QApplication, trial: Trial, qtbot: QtBot
) -> None:
    window = MainWindow(theme.LIGHT)
    window.show()
    review = window.review
    analysis = hd.analyse(trial, parameters=FEW)
    review._add(Opened(Path("jump.h5"), trial, analysis, Ask(parameters=FEW)))
    review.list.setCurrentRow(0)
    review._show_current()
    review.show_view(DRIVE)
    before = review.drive.clip
    assert not before.isHidden()
    before.clocked.emit(float(trial.clocks["jump.mp4"].offset) + 0.05, 0.009)
    qtbot.waitUntil(lambda: review._job is None, timeout=60_000)
    entry = review.current
    assert isinstance(entry, Opened)
    clock = entry.trial.clocks["jump.mp4"]
    assert clock.method == "manual"
    assert clock.offset == pytest.approx(trial.clocks["jump.mp4"].offset + 0.05)
    assert "by hand" in review.drive.clip.sync.text()
    review.drive.clip.close_clip()
    review.leave()
    window.close()
    window.deleteLater()


def test_any_frame_is_shown_at_once_after_a_pass_and_is_the_right_one(trial: Trial, qtbot: QtBot) -> None:
    from hipdrive.acquisition.video.beside import beside
    from hipdrive.acquisition.video.scrub import Scrubbed

    small, whole = beside(trial, small=240), beside(trial)
    assert isinstance(small.clip, Scrubbed)
    qtbot.waitUntil(lambda: len(small.clip._cache) == len(small), timeout=30_000)  # type: ignore[attr-defined]
    for i in (70, 3, 55, 12):
        near = small.picture(i, 240, bare=True).astype(int)
        exact = whole.picture(i, 240, bare=True).astype(int)
        assert np.abs(near - exact).mean() < 4.0  # JPEG
        others = [np.abs(whole.picture(k, 240, bare=True).astype(int) - near).mean() for k in (i - 2, i + 2)]
        assert np.abs(near - exact).mean() < min(others)
    small.close()
    whole.close()


def test_a_clip_is_added_in_the_window_with_progress_and_cancelled(
    qapp: QtWidgets.QApplication, trial: Trial, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The networks are stood in for: they only tell how far they are, until somebody cancels."""
    import time

    from hipdrive.acquisition.video import filmed, posing
    from hipdrive.errors import HipdriveError

    steps: list[int] = []

    def looking(film: object, backend: object, *, progress: object, cancelled: object, **more: object) -> None:
        for i in range(1000):
            if cancelled():  # type: ignore[operator]
                raise HipdriveError("cancelled", "the pose was stopped before the end of the clip")
            steps.append(i)
            progress(i, 1000)  # type: ignore[operator]
            time.sleep(0.005)

    class Networks:
        facts: dict[str, str] = {}  # noqa: RUF012

    monkeypatch.setattr(posing, "pose_of", looking)
    monkeypatch.setattr(filmed, "_networks", Networks)
    filmed._seen.clear()
    window = MainWindow(theme.LIGHT)
    window.show()
    review = window.review
    bare = replace(trial, footage=(), tracks=(), clocks={})
    review._add(Opened(Path("jump.h5"), bare, hd.analyse(bare), Ask()))
    review.list.setCurrentRow(0)
    review._show_current()
    review.add_motion(Ask(motion=(trial.footage[0].file,)))
    qtbot.waitUntil(
        lambda: "Looking at jump.mp4" in review.busy.text() and review.progress.value() > 10, timeout=20_000
    )
    review.cancel()
    done = len(steps)
    qtbot.wait(300)
    assert len(steps) <= done + 3
    assert isinstance(review.current, Opened) and not review.current.trial.footage
    review.leave()
    window.close()
    window.deleteLater()
