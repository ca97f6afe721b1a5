"""The review window offscreen: what it shows are the library's numbers, and every way in and out of it works."""

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import hipdrive as hd
from hipdrive.analysis.registry import headline
from hipdrive.errors import HipdriveError
from hipdrive.gui import qt, theme, work
from hipdrive.gui.asking import Asking
from hipdrive.gui.cards import sentence
from hipdrive.gui.liveplot import LivePlot
from hipdrive.gui.page import Page
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets
from hipdrive.gui.reps import SERIES
from hipdrive.gui.review import BUSY, CURVES, FAILED, NUMBERS, QUALITY, TRIAL, WELCOME
from hipdrive.gui.table import U95, UNIT, VALUE
from hipdrive.gui.window import SIZE, MainWindow
from hipdrive.gui.work import Failed, Opened, Step, opening
from hipdrive.report import rows
from hipdrive.report.inputs import Ask
from hipdrive.report.words import parts
from hipdrive.trial import Trial


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(theme.LIGHT)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    yield made
    made.review.leave()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drop jump and a countermovement jump as trial files, three jumps in one text, nobody jumping, and rubbish."""
    hd.save(tmp_path / "dj.h5", hd.simulate("dj", seed=1))
    hd.save(tmp_path / "cmj.h5", hd.simulate("cmj", seed=2))
    three = np.concatenate([hd.simulate("cmj", seed=s, mass=75.0, offset=0.0).fz for s in (1, 2, 3)], axis=1)
    text(tmp_path / "three.csv", three)
    text(tmp_path / "nobody.csv", np.random.default_rng(0).normal(350.0, 1.0, (2, 4000)))
    (tmp_path / "rubbish.csv").write_text("this is no recording\n", encoding="utf-8")
    np.savetxt(
        tmp_path / "no_rate.txt", hd.simulate("cmj", seed=4, plates=1).fz.T, fmt="%.2f", header="fz", comments=""
    )
    return tmp_path


def text(path: Path, force: Any) -> None:
    t = np.arange(force.shape[1]) / 1000.0
    np.savetxt(
        path, np.column_stack([t, *force]), delimiter=",", fmt="%.4f", header="time,left_fz,right_fz", comments=""
    )


def open_(qtbot: QtBot, window: MainWindow, *paths: Path, ask: Ask | None = None) -> None:
    before = len(window.review.entries)
    window.open(paths, ask)
    qtbot.waitUntil(lambda: window.review._job is None and len(window.review.entries) > before, timeout=20_000)


def stack(window: MainWindow) -> int:
    return window.review._stack.currentIndex()


def key(qtbot: QtBot, window: MainWindow, name: Qt.Key, *, ctrl: bool = False) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.review.setFocus()
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(window.review, name, modifier)


# --- what it shows ---------------------------------------------------------------------------------------------


def test_it_welcomes_with_two_ways_in(qtbot: QtBot, window: MainWindow) -> None:
    assert stack(window) == WELCOME
    qtbot.mouseClick(window.review.sample_button, Qt.MouseButton.LeftButton)
    assert stack(window) == TRIAL
    assert window.review.headline.cards[0].line.field == "rsi_jh"


def test_the_numbers_are_those_of_the_library(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "dj.h5")
    rep = hd.analyse(next(iter(hd.load(folder / "dj.h5")))).reps[0]
    cards = window.review.headline.cards
    assert cards[0].line.field == "rsi_jh" and len(cards) == 6
    for card in cards:
        told = parts(rep[card.line.field])
        assert card.number.text() == told.number
        assert told.u95 in card.note.text()
    for card in cards:
        card.number.ensurePolished()  # on a busy machine the style sheet comes to them later
    heights = [card.number.fontMetrics().height() for card in cards]
    assert heights[0] > 1.5 * max(heights[1:]) and min(heights) >= 30, "largest first, all to be read from afar"
    shown = {row[0]: row for row in window.review.table.visible_rows()}
    for line in rows.lines(rep):
        told, row = parts(line.value), shown[line.label]
        assert (row[VALUE], row[UNIT], row[U95]) == (told.number or "-", told.unit, told.u95)
        assert row[-1], "a method or a reason"
    assert "First contact" in shown and shown["First contact"][VALUE] == f"{rep.events['first_contact'].t:.4f}"


def test_curves_phases_and_events(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "dj.h5")
    view = window.review.curves
    qtbot.waitUntil(lambda: bool(view.drawn()["total"]) and bool(view.named()))
    assert set(view.drawn()) == {"total", "left", "right"}
    assert {"braking", "propulsion", "flight", "landing", "first contact", "take-off"} <= set(view.named())
    trial = next(iter(hd.load(folder / "dj.h5")))
    top = trial.fz.sum(axis=0).max()
    assert view._lines["total"].getData()[1].max() == top, "thinning keeps the peak"
    # closer, the names and points are those of the piece
    view.upper.setXRange(2.4, 2.5, padding=0.0)
    qtbot.waitUntil(lambda: "flight" not in view.named())
    assert view.drawn()["total"] <= 2 * 900 + 2
    key(qtbot, window, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: "flight" in view.named())


def test_names_never_cover_one_another_or_the_curve(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    for file in ("dj.h5", "cmj.h5"):
        open_(qtbot, window, folder / file)
        view = window.review.curves
        qtbot.waitUntil(lambda: bool(view.named()))  # noqa: B023
        qtbot.wait(60)
        items = [item for _, _, _, item in view._names if item.isVisible()]
        # a text has a margin of 4 pixels
        boxes = [item.mapRectToScene(item.boundingRect()).adjusted(4, 4, -4, -4) for item in items]
        for i, box in enumerate(boxes):
            assert not any(box.intersects(other) for other in boxes[i + 1 :])
        low, high = view.upper.viewRange()[1]
        assert high > view._top and low < 0.0


def test_quality_comes_in_words_with_a_remedy(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    trial = hd.simulate("cmj", seed=3, noise=20.0)
    window.review.show_trial(trial)
    grave = [f for f in hd.analyse(trial).quality if f.level != "info"]
    assert grave, "the example must have something to say"
    assert sentence(grave[0].message) in window.review.verdict.text()
    assert sentence(grave[0].remedy) in window.review.verdict.text()
    assert window.review.status.text().startswith("!")
    qtbot.mouseClick(window.review._more, Qt.MouseButton.LeftButton)
    assert window.review.views.currentIndex() == QUALITY


def test_a_refused_trial_says_why(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "nobody.csv")
    assert stack(window) == TRIAL
    assert window.review.heading.text() == "No jump found"
    assert "Not usable" in window.review.status.text()
    assert "No flight was found" in window.review.verdict.text()
    assert not window.review.headline.isVisible()
    assert window.review.curves.drawn()["total"] > 100, "the force is there to look at"


def test_missing_numbers_carry_their_reason(qtbot: QtBot, window: MainWindow) -> None:
    trial = hd.simulate("dj", seed=2, plates=1)
    assert trial.truth is not None
    cut = int((trial.truth.events["touchdown"] + 0.4) * trial.rate)
    window.review.show_trial(Trial.from_forces(trial.fz[:, :cut], trial.rate, test="dj"))
    missing = [card for card in window.review.headline.cards if not card.line.there]
    assert missing
    for card in missing:
        assert card.number.text() == "-" and card.note.text() == sentence(card.line.value.why or "")
    window.review.table.only.setChecked(True)
    assert not any(row[VALUE] == "-" for row in window.review.table.visible_rows())


# --- several jumps, several trials -----------------------------------------------------------------------------


def test_repetitions_are_chosen_by_button_and_key(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "three.csv")
    review = window.review
    assert len(review.reps.buttons) == 3
    heights = []
    for button in review.reps.buttons.values():
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert review.rep is not None and button.isChecked()
        heights.append(review.headline.cards[0].number.text())
    assert len(set(heights)) == 3
    key(qtbot, window, Qt.Key.Key_Right)
    assert review.rep is not None and review.rep.rep == 1
    key(qtbot, window, Qt.Key.Key_Left)
    assert review.rep is not None and review.rep.rep == 3


def test_a_series_of_hops_comes_first_as_a_whole(qtbot: QtBot, window: MainWindow) -> None:
    trial = hd.simulate("hops", seed=3)
    window.review.show_trial(trial)
    review, analysis = window.review, hd.analyse(trial)
    assert review.reps.buttons[SERIES].isChecked() and len(review.reps.buttons) == 1 + len(analysis.reps)
    cards = review.headline.cards
    assert [card.line.field for card in cards] == list(headline("hops", "summary"))
    for card in cards:
        told = parts(analysis.summary[card.line.field])
        assert card.number.text() == told.number and told.u95 in card.note.text()
    # the five that count, found here by their definition: the largest RSI of the first ten
    rsi = {rep.rep: rep["hop_rsi"].value for rep in analysis.reps[:10]}
    five = sorted(sorted(rsi, key=lambda number: -rsi[number])[:5])
    view = review.curves
    qtbot.waitUntil(lambda: bool(view.named()))
    framed = [int(text) for _, text, _, item in view._names if item.border.style() != Qt.PenStyle.NoPen]
    assert framed == five and "10/5" in view._legend.text()
    assert view._lines["total"].getData()[1].max() == trial.fz.sum(axis=0).max(), "every hop is in view"
    numbers = {item.data(0, Qt.ItemDataRole.UserRole) for group in review.table._groups()
               for item in map(group.child, range(group.childCount())) if item is not None}  # fmt: skip
    assert numbers == set(analysis.summary)
    for name, hop in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_Left, None), (Qt.Key.Key_Left, 13), (Qt.Key.Key_Right, None)):
        key(qtbot, window, name)
        assert (review.rep.rep if review.rep else None) == hop and (review.series is not None) == (hop is None)
    qtbot.mouseClick(review.reps.buttons[4], Qt.MouseButton.LeftButton)
    assert review.rep is not None and review.rep.rep == 5 and cards is not review.headline.cards
    assert review.headline.cards[0].line.field == "hop_rsi" and "braking" in [name for _, name, _, _ in view._names]


def test_what_is_wrong_with_a_hop_is_said_of_the_series(qtbot: QtBot, window: MainWindow) -> None:
    trial = hd.simulate("hops", seed=1)
    assert trial.truth is not None
    contacts = [one["events"]["takeoff"] - one["events"]["first_contact"] for one in trial.truth.reps]
    assert [i for i, time_ in enumerate(contacts, 1) if time_ > 0.25] == [10], "the example has one slow hop"
    window.review.show_trial(trial)
    names = window.review.curves._names
    middle = {text: t for t, text, above, _ in names if above}
    assert [t for t, text, above, _ in names if not above and text == "slow"] == [middle["10"]]
    window.review.show_trial(hd.simulate("hops", seed=1, hops=4))
    first = window.review.headline.cards[0]
    assert first.number.text() == "-" and first.note.text() == sentence(first.line.value.why or "")


def test_many_repetitions_are_a_list(qtbot: QtBot, window: MainWindow) -> None:
    window.review.show_trial(hd.simulate("hops", seed=1, hops=20))
    row = window.review.reps
    assert not row.buttons and row.choice.isVisible() and row.choice.count() == 21
    row.choice.setCurrentIndex(3)
    row.choice.activated.emit(3)
    assert window.review.rep is not None and window.review.rep.rep == 3
    key(qtbot, window, Qt.Key.Key_Right)
    assert row.choice.currentText() == "Hop 4" and window.width() <= SIZE[0]


def test_several_files_make_a_list(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "dj.h5", folder / "cmj.h5", folder / "rubbish.csv")
    qtbot.waitUntil(lambda: window.review._job is None)
    review = window.review
    assert review.list.isVisible() and review.list.count() == 3
    assert review.heading.text() == "Drop jump"
    key(qtbot, window, Qt.Key.Key_PageDown)
    assert review.heading.text() == "Countermovement jump"
    key(qtbot, window, Qt.Key.Key_PageDown)
    assert stack(window) == FAILED
    key(qtbot, window, Qt.Key.Key_W, ctrl=True)
    key(qtbot, window, Qt.Key.Key_W, ctrl=True)
    assert review.list.count() == 1 and stack(window) == TRIAL
    key(qtbot, window, Qt.Key.Key_W, ctrl=True)
    assert stack(window) == WELCOME


def test_a_folder_is_all_its_recordings(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder)
    qtbot.waitUntil(lambda: window.review._job is None and window.review.list.count() == 6, timeout=20_000)


# --- files that cannot be read ---------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "no_rate.txt")
    review = window.review
    assert stack(window) == FAILED
    assert "rate" in review.failed_why.text() and "--" not in review.failed_why.text()
    review.asking.fields["rate"].setText("1000")
    qtbot.keyClick(review.asking.fields["rate"], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stack(window) == TRIAL, timeout=20_000)
    assert review.heading.text() == "Countermovement jump" and review.list.count() == 1


def test_facts_are_changed_and_the_trial_analysed_again(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "cmj.h5")
    review = window.review
    key(qtbot, window, Qt.Key.Key_R, ctrl=True)
    assert review.changes.isVisible()
    review.changes.fields["mass"].setText("abc")
    with qtbot.waitSignal(review.said) as told:
        qtbot.mouseClick(review.changes.button, Qt.MouseButton.LeftButton)
    assert told.args == ["Mass, kg: abc is no number"]
    review.changes.fields["mass"].setText("75,5")
    qtbot.mouseClick(review.changes.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: review._job is None and review.current is not None, timeout=20_000)
    assert isinstance(review.current, Opened) and review.current.trial.mass == 75.5
    # a trial that is in no file keeps its samples
    review.open_sample()
    review.read_again(Ask(facts={"box_height": 0.5}))
    assert isinstance(review.current, Opened) and review.current.trial.box_height == 0.5


@pytest.mark.parametrize("file", ["rubbish.csv", "not_there.h5"])
def test_a_bad_file_is_a_sentence(qtbot: QtBot, window: MainWindow, folder: Path, file: str) -> None:
    open_(qtbot, window, folder / file)
    assert stack(window) == FAILED
    assert file in window.review.failed_head.text()
    assert window.review.failed_why.text().endswith(".") and "Traceback" not in window.review.failed_why.text()


def test_a_file_name_is_no_markup(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    trial = hd.simulate("cmj", seed=1).with_facts(athlete="<b>bold</b>\x1b[31m")
    window.review.show_trial(trial)
    assert "<b>bold</b>?[31m" in window.review.about.text()
    assert window.review.about.textFormat() == Qt.TextFormat.PlainText


# --- beside the window -----------------------------------------------------------------------------------------


@pytest.mark.timed
def test_the_window_lives_while_a_file_is_read(qtbot: QtBot, window: MainWindow, folder: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    thread = []

    def slow(path: Path, ask: Ask) -> list[Trial]:
        thread.append(QtCore.QThread.currentThread())
        time.sleep(0.4)
        return [hd.simulate("cmj", seed=1)]

    monkeypatch.setattr(work, "trials", slow)
    ticks = []
    timer = QtCore.QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(10)
    window.open([folder / "dj.h5"])
    assert stack(window) == BUSY
    qtbot.waitUntil(lambda: "Reading dj.h5" in window.review.busy.text())
    qtbot.waitUntil(lambda: stack(window) == TRIAL, timeout=10_000)
    assert thread[0] is not QtCore.QThread.currentThread()
    assert len(ticks) > 15, "events went on"


@pytest.mark.timed
def test_opening_is_cancelled_at_once(qtbot: QtBot, window: MainWindow, folder: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip

    def slow(path: Path, ask: Ask) -> list[Trial]:
        time.sleep(0.5)
        return [hd.simulate("cmj", seed=1)]

    monkeypatch.setattr(work, "trials", slow)
    window.open([folder / "dj.h5", folder / "cmj.h5"])
    qtbot.wait(50)
    start = time.perf_counter()
    key(qtbot, window, Qt.Key.Key_Escape)
    assert time.perf_counter() - start < 0.2
    assert stack(window) == WELCOME
    qtbot.wait(800)
    assert not window.review.entries, "what comes later is dropped"


def test_steps_are_said_and_one_failure_stops_nothing(folder: Path) -> None:
    parts_ = list(opening([folder / "rubbish.csv", folder / "dj.h5"], Ask()))
    assert [type(p) for p in parts_] == [Step, Failed, Step, Step, Opened]
    assert [p.done for p in parts_ if isinstance(p, Step)] == [0, 2, 3]


# --- frame -----------------------------------------------------------------------------------------------------


def test_files_are_dropped(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    data = QtCore.QMimeData()
    data.setUrls([QtCore.QUrl.fromLocalFile(str(folder / "cmj.h5"))])
    where = QtCore.QPointF(100, 100)
    args = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QtGui.QDragEnterEvent(where.toPoint(), *args)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QtGui.QDropEvent(where, *args))
    qtbot.waitUntil(lambda: stack(window) == TRIAL, timeout=20_000)
    other = QtCore.QMimeData()
    other.setText("words")
    refused = QtGui.QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, other, Qt.MouseButton.LeftButton,
                                    Qt.KeyboardModifier.NoModifier)  # fmt: skip
    refused.ignore()
    window.dragEnterEvent(refused)
    assert not refused.isAccepted()


def test_the_dialogue_opens_what_was_chosen(qtbot: QtBot, window: MainWindow, folder: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    chosen = [str(folder / "dj.h5")]
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileNames", lambda *_, **__: (chosen, ""))
    key(qtbot, window, Qt.Key.Key_O, ctrl=True)
    qtbot.waitUntil(lambda: stack(window) == TRIAL, timeout=20_000)


def test_views_have_keys_and_numbers_are_found(qtbot: QtBot, window: MainWindow) -> None:
    window.review.open_sample()
    for name, view in ((Qt.Key.Key_N, NUMBERS), (Qt.Key.Key_Q, QUALITY), (Qt.Key.Key_C, CURVES)):
        key(qtbot, window, name)
        assert window.review.views.currentIndex() == view
    key(qtbot, window, Qt.Key.Key_F, ctrl=True)
    table = window.review.table
    assert window.review.views.currentIndex() == NUMBERS
    qtbot.keyClicks(table.filter, "contact_time")
    assert [row[0] for row in table.visible_rows()] == ["Contact time"]
    table.copy()
    clipboard = QtWidgets.QApplication.clipboard()
    assert clipboard is not None and "Contact time\t172.2\tms\t0.4" in clipboard.text()
    # letters typed there are text, no shortcuts
    table.filter.clear()
    qtbot.keyClicks(table.filter, "cnq")
    assert window.review.views.currentIndex() == NUMBERS and table.filter.text() == "cnq"


def test_every_key_is_listed_once(window: MainWindow) -> None:
    keys = [one for one, _ in window.all_keys()]
    assert len(keys) == len(set(keys)) and all(keys)
    assert {"Ctrl+O", "Ctrl+L", "F11", "F1", "Ctrl+Q", "Esc"} <= set(keys)


def test_it_fits_a_small_laptop(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    open_(qtbot, window, folder / "three.csv", folder / "dj.h5")
    qtbot.waitUntil(lambda: window.review._job is None)
    for row in range(2):
        window.review.list.setCurrentRow(row)
        for view in (CURVES, NUMBERS, QUALITY):
            window.review.show_view(view)
            qtbot.wait(20)
            least = window.minimumSizeHint()
            assert least.width() <= 1366 and least.height() <= 700
    window.resize(*SIZE)
    assert (window.width(), window.height()) == SIZE


def test_both_themes_can_be_read(qtbot: QtBot, window: MainWindow) -> None:
    for one in (theme.LIGHT, theme.DARK):
        for ink in (one.ink, one.soft, one.good, one.warn, one.bad, one.accent, *one.lines):
            for ground in (one.card, one.back):
                assert theme.contrast(ink, ground) >= 4.5, (one.name, ink, ground)
        assert theme.contrast(one.back, one.accent) >= 4.5, "on a pressed button"
    window.review.open_sample()
    light = window.grab().toImage().pixelColor(5, 300).lightness()
    key(qtbot, window, Qt.Key.Key_L, ctrl=True)
    qtbot.wait(20)
    assert window.theme is theme.DARK
    assert window.grab().toImage().pixelColor(5, 300).lightness() < light - 100


class Other(Page):
    title, key = "Live", "F3"

    def __init__(self) -> None:
        super().__init__()
        self.free = False

    def leave(self) -> bool:
        return self.free


def test_a_page_joins_hands_over_trials_and_holds_the_window(qtbot: QtBot, window: MainWindow) -> None:
    page = Other()
    window.add_page(page)
    window.show_page(page)
    assert window.page is page
    window.show_page(window.review)
    assert window.pages.currentWidget() is page, "a page that is recording is not left"
    assert not window.close()
    page.free = True
    page.made.emit(hd.simulate("dj", seed=2))
    assert window.pages.currentIndex() == 0 and window.review.heading.text() == "Drop jump"


# --- no display, no Qt -----------------------------------------------------------------------------------------


def test_no_display_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qt.QtWidgets.QApplication, "instance", staticmethod(lambda: None))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(HipdriveError, match="needs a screen") as why:
        qt.require_display()
    assert why.value.exit_code == 1
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(HipdriveError, match=":987 does not answer"):
        qt.require_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    qt.require_display()


# --- live plot -------------------------------------------------------------------------------------------------


def test_the_live_plot_shows_what_came(qtbot: QtBot) -> None:
    plot = LivePlot(("total", "left"), 1000.0, seconds=2.0, columns=200)
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show()
    plot.add(np.stack([np.linspace(0.0, 1000.0, 500), np.full(500, 200.0)]))
    qtbot.waitUntil(lambda: plot.frames == 1)
    x, y = plot.curves[0].getData()
    assert x[-1] == 0.0 and len(x) == 400 and y.max() == 1000.0
    qtbot.wait(60)
    assert plot.frames == 1, "nothing new, nothing drawn"
    seen = plot.plot.getPlotItem().viewRange()
    plot.add(np.full((2, 100), 9000.0))
    qtbot.waitUntil(lambda: plot.frames == 2)
    assert plot.plot.getPlotItem().viewRange() == seen, "axes stay"
    plot.hide()
    plot.add(np.zeros((2, 10)))
    qtbot.wait(60)
    assert plot.frames == 2, "hidden, nothing drawn"


def counted(paint: Callable[..., Any], count: list[int]) -> Callable[..., Any]:
    """A curve's paint that counts."""

    def counting(*arguments: Any) -> Any:
        count[0] += 1
        return paint(*arguments)

    return counting


@pytest.mark.slow
@pytest.mark.timed
def test_eight_channels_at_10_khz_are_drawn_30_times_a_second(qtbot: QtBot, record_property: Any) -> None:
    """10 s of 8 channels on 1600 x 900, new samples of one frame and a forced paint each time."""
    plot = LivePlot([f"channel {i}" for i in range(8)], 10_000.0, seconds=10.0, columns=1500)
    qtbot.addWidget(plot)
    plot.resize(1600, 900)
    with qtbot.waitExposed(plot):
        plot.show()
    plot._timer.stop()
    painted = [0]
    for curve in plot.curves:
        curve.paint = counted(curve.paint, painted)
    rng = np.random.default_rng(0)
    base = 300.0 * np.arange(8)[:, np.newaxis]
    plot.add(base + 100.0 * rng.normal(0.0, 1.0, (8, 100_000)))
    frames = [base + 100.0 * rng.normal(0.0, 1.0, (8, 160)) for _ in range(50)]
    times = []
    viewport = plot.plot.viewport()
    for i in range(150):
        start = time.perf_counter()
        plot.add(frames[i % 50])
        plot.refresh()
        viewport.repaint()
        times.append(time.perf_counter() - start)
    assert painted[0] >= 8 * 150, "a frame in which nothing is painted proves nothing"
    frame = statistics.median(times[20:])
    record_property("frame_ms", float(1000.0 * frame))
    print(f"8 channels x 10 kHz x 10 s: {1000.0 * frame:.1f} ms a frame, {1.0 / frame:.0f} frames a second")
    assert frame < 1.0 / 30.0


def test_asking_says_what_is_in_its_fields(qtbot: QtBot) -> None:
    asking = Asking()
    qtbot.addWidget(asking)
    ask = Ask(test="dj", rate=500.0, columns="fz=F1", facts={"box_height": 0.3, "height": 1.8})
    asking.show_ask(ask)
    again = asking.asked()
    assert (again.test, again.rate, again.columns, dict(again.facts)) == (
        "dj", 500.0, "fz=F1", {"box_height": 0.3, "height": 1.8})  # fmt: skip
    asking.fields["box_height"].clear()
    assert "box_height" not in asking.asked().facts
    assert math.isclose(asking.asked().rate or 0.0, 500.0)
