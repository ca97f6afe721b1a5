"""The page of hip drive offscreen: it draws and says what the library found, and nothing where it found nothing."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import hipdrive as hd
from hipdrive.acquisition import attach
from hipdrive.acquisition.simulated.linkage import simulate_motion
from hipdrive.analysis.cues import MISSING, NOT_RESOLVED, NOT_SHOWN, SHOWN, Advice, Evidence, Found
from hipdrive.analysis.cuetable import Fault, Limit
from hipdrive.analysis.lanes import lanes, verdict
from hipdrive.gui import theme
from hipdrive.gui.addmotion import AddMotion
from hipdrive.gui.cards import sentence
from hipdrive.gui.driveplots import STRAIGHT
from hipdrive.gui.drivetold import DriveTold
from hipdrive.gui.driveview import DriveView
from hipdrive.gui.qt import Qt, QtCore, QtWidgets, pg
from hipdrive.gui.review import CURVES, DRIVE
from hipdrive.gui.window import MainWindow
from hipdrive.gui.work import Opened
from hipdrive.report import drive
from hipdrive.report.inputs import Ask
from hipdrive.report.words import parts, shown
from hipdrive.results import Analysis, Movement, Value
from hipdrive.trial import Trial

FEW = {"motion_copies": "40"}
"""Enough copies for a page that shows what was found; how right it is, others test."""

Case = tuple[Trial, Analysis]


@pytest.fixture(scope="module")
def jump() -> Case:
    trial = simulate_motion("cmj", seed=3, frame_rate=60, quiet=1.0, settle=0.5)
    return trial, hd.analyse(trial, parameters=FEW)


@pytest.fixture(scope="module")
def page(qapp: QtWidgets.QApplication, jump: Case) -> Iterator[DriveView]:
    """The page alone, with the jump, to look at."""
    made = DriveView()
    made.resize(1340, 590)
    made.show()
    made.show_entry(Opened(Path("jump.h5"), *jump, Ask(parameters=FEW)), jump[1].reps[0])
    qapp.processEvents()
    yield made
    made.deleteLater()


@pytest.fixture(scope="module")
def opened(qapp: QtWidgets.QApplication) -> Iterator[MainWindow]:
    made = MainWindow(theme.LIGHT)
    made.show()
    yield made
    made.review.leave()
    made.close()
    made.deleteLater()


@pytest.fixture
def window(opened: MainWindow) -> Iterator[MainWindow]:
    """One window for all, emptied after each."""
    yield opened
    while opened.review.entries:
        opened.review.list.setCurrentRow(0)
        opened.review.close_trial()
    opened.review.show_view(CURVES)


def show(window: MainWindow, case: Case, view: int = DRIVE) -> None:
    trial, analysis = case
    review = window.review
    review._add(Opened(Path("jump.h5"), trial, analysis, Ask(parameters=FEW)))
    review.list.setCurrentRow(len(review.entries) - 1)
    review._show_current()
    review.show_view(view)


def items(plot: Any, kind: type) -> list[Any]:
    return [item for item in plot.items if type(item) is kind]


def test_the_page_is_there_where_somebody_was_seen_moving(qtbot: QtBot, window: MainWindow, jump: Case) -> None:
    window.review.open_sample()
    button = window.review._view_buttons.button(DRIVE)
    assert button is not None and not button.isVisible()
    with qtbot.waitSignal(window.review.said) as told:
        window.review.actions_by_name["Hip drive"].trigger()
    assert "Add" in told.args[0] or "add" in told.args[0]
    assert window.review.views.currentIndex() == CURVES
    show(window, jump, CURVES)
    assert button.isVisible() and window.review.headline.isVisible()
    window.review.actions_by_name["Hip drive"].trigger()
    assert window.review.views.currentIndex() == DRIVE and not window.review.headline.isVisible()
    window.review.list.setCurrentRow(0)
    assert window.review.views.currentIndex() == CURVES, "the next trial has no motion"


def test_force_angles_and_velocities_are_on_one_time_axis(qtbot: QtBot, page: DriveView, jump: Case) -> None:
    trial, _ = jump
    assert trial.truth is not None
    plots = page.plots.plots
    ranges = {tuple(np.round(plot.viewRange()[0], 9)) for plot in plots.values()}
    assert len(ranges) == 1
    total = items(plots["force"], pg.PlotCurveItem)[0].getData()
    inside = slice(*(round(t * trial.rate) for t in (total[0][0], total[0][-1])))
    assert total[1].max() == trial.fz.sum(axis=0)[inside].max(), "thinning keeps the peak"
    # the simulated athlete's own angles and velocities, at instants of the force
    low, peak = trial.truth.events["zero_velocity"], trial.truth.events["peak_force_time"]
    hip, knee, _ = (one.getData() for one in items(plots["angle"], pg.PlotCurveItem))
    assert np.interp(low, *hip) == pytest.approx(trial.truth["hip_angle_at_zero_velocity"], abs=8.0)
    assert np.interp(low, *knee) == pytest.approx(trial.truth["knee_angle_at_zero_velocity"], abs=8.0)
    speed = items(plots["speed"], pg.PlotCurveItem)[0].getData()
    assert np.interp(peak, *speed) == pytest.approx(trial.truth["hip_velocity_at_peak_force"], abs=60.0)
    assert STRAIGHT in [one.value() for one in items(plots["angle"], pg.InfiniteLine) if one.angle == 0]


def test_lanes_are_the_times_found_with_their_intervals(qtbot: QtBot, page: DriveView, jump: Case) -> None:
    made = lanes(jump[1].reps[0])
    assert made is not None
    plot = page.plots.plots["lanes"]
    marks = [float(item.getData()[0][0]) for item in items(plot, pg.ScatterPlotItem)]
    assert marks == [lane.peak.value for lane in made.lanes if math.isfinite(lane.peak.value)]
    times = [one for lane in made.lanes for one in (lane.onset, lane.end, lane.peak) if math.isfinite(one.value)]
    assert len(times) > 5, "the example must have times"
    bars = sorted((float(i.opts["x"][0]), float(i.opts["left"])) for i in items(plot, pg.ErrorBarItem))
    assert bars == sorted((one.value, one.u95) for one in times)
    assert [text for _, text in plot.getAxis("left")._tickLevels[0]] == ["hip", "knee", "ankle"]


def test_names_of_events_stand_apart_and_inside(qtbot: QtBot, page: DriveView, jump: Case) -> None:
    view = page.plots
    qtbot.waitUntil(lambda: all(item.pos().y() > 0.0 for _, _, item in view._names))
    boxes = [item.mapRectToScene(item.boundingRect()).adjusted(4, 4, -4, -4) for _, _, item in view._names]
    assert [text for _, text, _ in view._names] == ["start", "lowest point", "take-off"]
    area = view.plots["force"].vb.sceneBoundingRect().adjusted(-2, -6, 2, 0)
    for i, box in enumerate(boxes):
        assert area.contains(box) and not any(box.intersects(other) for other in boxes[i + 1 :])


def test_order_delays_and_refusals_are_said(qtbot: QtBot, page: DriveView, jump: Case) -> None:
    _, analysis = jump
    told, rep = page.told.texts(), analysis.reps[0]
    made = lanes(rep)
    assert made is not None and sentence(verdict(made.sequence)) in told
    for name, value in drive.values_of(rep, (*drive.DELAYS, *drive.FIRST)):
        if math.isfinite(value.value):
            assert name in told and shown(value) in told
        else:
            assert any(sentence(value.why or "") in line for line in told), f"{name} is refused without its reason"
    takeoff = rep.events["takeoff"].t
    for lane in made.lanes:
        for one in (lane.onset, lane.peak, lane.end):
            if math.isfinite(one.value):
                number, u95, _ = parts(Value(one.value - takeoff, "s", one.u95))
                assert f"{number} ± {u95}" in told
            else:
                assert any(one.why and sentence(one.why)[1:] in line for line in told)
    found = drive.of(analysis)
    assert found is not None
    for fault in found.found:
        assert any(fault.fault.fault[1:] in line for line in told)


def advised(*answers: str) -> Advice:
    limit = Limit("contact_time", above=0.25)
    value = Value(0.31, "s", 0.002)

    def made(number: int, answer: str) -> Found:
        fault = Fault(f"fault{number}", f"the contact is long {number}", f"hot floor {number}", "jump",
                      frozenset({"dj"}), "a book", (limit,))  # fmt: skip
        why = "no weight" if answer == MISSING else ""
        return Found(fault, answer, (Evidence("contact_time", value, answer, 0.25, "above", why=why),))

    return Advice(tuple(made(i, answer) for i, answer in enumerate(answers)))


@pytest.mark.parametrize(("answers", "first"), [
    ((NOT_RESOLVED, SHOWN, NOT_SHOWN), "“hot floor 1”"), ((NOT_SHOWN, NOT_RESOLVED, MISSING), "Not resolved"),
    ((NOT_SHOWN, MISSING), "No fault is shown"),
])  # fmt: skip
def test_one_cue_with_its_evidence_or_not_resolved(qtbot: QtBot, answers: tuple[str, ...], first: str) -> None:
    view = DriveTold()
    qtbot.addWidget(view)
    view.show_told("about", advised(*answers), None, ("take-off", 0.0), {}, ())
    told = view.texts()
    assert told[:2] == ["Cue", first]
    assert sum("“" in line for line in told) == (SHOWN in answers), "one cue at most"
    if first != "No fault is shown":
        assert "Contact time 310 ± 2 ms, limit 250 ms" in told
    assert "Cannot be told whether the contact is long 2" in told or answers[-1] != MISSING or len(answers) < 3


def test_movements_without_a_repetition_are_stepped_through(qtbot: QtBot, window: MainWindow, jump: Case) -> None:
    trial, analysis = jump
    deepest = {"hip_angle_deepest": Value(64.2, "deg", 3.0), "knee_angle_deepest": Value(82.0, "deg", 3.0)}
    nan = Value(math.nan, "s", why="the velocity has no clear peak", code="slow_peak")
    values = {**analysis.reps[0], **deepest, **dict.fromkeys(drive.DELAYS, nan)}
    low = analysis.reps[0].events["zero_velocity"].t
    one, two = (Movement(i, low - 0.5 * i, low, low + 0.5, True, values) for i in (1, 2))
    show(window, (trial, replace(analysis, reps=(), movements=(one, two))))
    view = window.review.drive
    assert view.movements.isVisible() and len(view.movements.buttons) == 2
    told = view.told.texts()
    assert shown(deepest["hip_angle_deepest"]) in told and not any("“" in line for line in told), "no jump, no cue"
    assert any("The velocity has no clear peak." in line for line in told)
    start = view.plots.plots["force"].viewRange()[0][0]
    window.review.step_rep(1)
    assert view.movements.buttons[1].isChecked() and not view.movements.buttons[0].isChecked()
    assert view.plots.plots["force"].viewRange()[0][0] == pytest.approx(start - 0.5)
    # without a clock the force is not drawn beside the motion
    show(window, (trial, replace(analysis, reps=(), movements=(replace(one, on_force=False),))))
    assert not view.plots.plots["force"].isVisible() and view.plots.plots["angle"].isVisible()
    assert not view.movements.isVisible()


def test_what_cannot_be_drawn_says_why(qtbot: QtBot, window: MainWindow, jump: Case) -> None:
    trial, analysis = jump
    note, plots = window.review.drive.note, window.review.drive.plots
    show(window, (trial, replace(analysis, motion={"why": "markers.trc: no hip among the points"}, movements=())))
    assert note.text() == "Markers.trc: no hip among the points." and not plots.isVisible()
    show(window, (replace(trial, tracks=()), analysis))
    assert note.text() == "No joint was seen in this stretch of time." and note.isVisible()
    show(window, jump)
    assert not note.isVisible() and plots.isVisible()
    window.review.drive.show_entry(Opened(Path("hops.h5"), trial, analysis, Ask()), None)
    assert "hop by hop" in note.text() and window.review.drive.told.texts()[0] == "Cue", "the cue is the trial's"


def test_a_place_that_is_pointed_at_is_read_out_in_both_themes(qtbot: QtBot, page: DriveView, jump: Case) -> None:
    view = page.plots
    for look in (theme.DARK, theme.LIGHT):
        page.set_theme(look)
        assert look.joints["hip"] in view._legend.text()
        plot = view.plots["speed"]
        view._pointed(plot.vb.mapViewToScene(QtCore.QPointF(float(np.mean(plot.viewRange()[0])), 0.0)))
        assert " N " in view.readout.text() and "hip" in view.readout.text() and "°/s" in view.readout.text()
        view._pointed(QtCore.QPointF(-50.0, -50.0))
        assert view.readout.text() == ""


# --- motion beside an opened trial ---


@pytest.fixture
def apart(tmp_path: Path) -> tuple[Path, Path]:
    """A jump as text of forces with times, and its angles as an OpenSim file whose clock is 0.2 s behind."""
    trial = simulate_motion("cmj", seed=3, frame_rate=60, quiet=1.0, settle=0.5)
    force, angles = tmp_path / "jump.csv", tmp_path / "jump_angles.csv"
    t = np.arange(trial.samples) / trial.rate
    np.savetxt(force, np.column_stack([t, *trial.fz]), delimiter=",", fmt="%.4f", header="time,left_fz,right_fz",
               comments="")  # fmt: skip
    track = trial.tracks[0]
    np.savetxt(angles, np.column_stack([track.times - 0.2, track.values[:, :, 0]]), delimiter=",", fmt="%.5f",
               header=",".join(["time", *track.names]), comments="")  # fmt: skip
    return force, angles


def test_motion_is_added_beside_an_opened_trial(qtbot: QtBot, window: MainWindow, apart: tuple[Path, Path],
                                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    force, angles = apart
    review = window.review
    done = lambda: review._job is None  # noqa: E731
    window.open([force], Ask(parameters=FEW))
    qtbot.waitUntil(lambda: done() and bool(review.entries), timeout=20_000)
    monkeypatch.setattr("PyQt6.QtWidgets.QFileDialog.getOpenFileName", lambda *_: (str(force.parent / "none.csv"), ""))
    review.ask_motion()
    assert review.adding.isVisible() and review.adding.file.text().endswith("none.csv")
    qtbot.mouseClick(review.adding.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(done, timeout=20_000)
    assert review.adding.isVisible() and review.adding.why.text().startswith("Cannot be read")
    assert isinstance(review.current, Opened) and not review.current.trial.tracks, "the trial stays as it was"
    review.adding.file.setText(str(angles))
    review.adding.clock.setCurrentIndex(review.adding.clock.findData("offset"))
    review.adding.fields["offset"].setText("0,2")
    review.adding.fields["u95"].setText("0.002")
    qtbot.keyClick(review.adding.file, Qt.Key.Key_Return)
    qtbot.waitUntil(done, timeout=20_000)
    entry = review.current
    assert isinstance(entry, Opened) and review.views.currentIndex() == DRIVE and review.list.count() == 1
    assert entry.trial.clocks[entry.trial.tracks[0].name].offset == 0.2 and entry.ask.motion == (str(angles),)
    assert entry.analysis.reps[0]["hip_angle_at_zero_velocity"].code is None
    # what is said of the trial later keeps its motion
    review.changes.show_ask(entry.ask)
    assert review.changes.asked().motion == entry.ask.motion


def test_what_is_said_of_motion_is_checked_first(qtbot: QtBot) -> None:
    row = AddMotion()
    qtbot.addWidget(row)
    row.show()
    assert row.clock.currentData() == "auto", "as on the command line"
    assert {attach.AUTO, attach.SAME, attach.NONE} <= {row.clock.itemData(i) for i in range(row.clock.count())}
    row._ask()
    assert row.why.text() == "Choose the file with the motion first."
    row.file.setText("angles.mot")
    row.fields["rate"].setText("abc")
    row._ask()
    assert row.why.text() == "Rate, Hz: abc is no number."
    row.fields["rate"].setText("120")
    row.clock.setCurrentIndex(row.clock.findData("offset"))
    row._ask()
    assert "0.120 and 0.004" in row.why.text()
    assert row.fields["offset"].isEnabled()
    row.clock.setCurrentIndex(row.clock.findData("same"))
    assert not row.fields["offset"].isEnabled()
    row.fields["more"].setText("angles=flexion")
    with qtbot.waitSignal(row.wanted) as told:
        row._ask()
    assert told.args[0] == Ask(motion=("angles.mot",), motion_clock="same",
                               motion_as={"angles": "flexion", "rate": "120"})  # fmt: skip
    assert not row.why.isVisible()
