"""The review page: a trial's first numbers large, its curves, every number, and what the checks say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hipdrive.gui.addmotion import AddMotion
from hipdrive.gui.asking import Asking
from hipdrive.gui.cards import LOOKS, STATUS, CheckLine, Headline, card, clear, label, sentence, told_first
from hipdrive.gui.curves import CurvesView
from hipdrive.gui.page import Page
from hipdrive.gui.pictureview import PictureView
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets
from hipdrive.gui.reps import SERIES, RepRow, first
from hipdrive.gui.table import NumbersTable
from hipdrive.gui.theme import LIGHT, MARKS, Theme
from hipdrive.gui.work import Failed, Job, Moved, Opened, Step, clocking, moving, opening
from hipdrive.report import rows
from hipdrive.report.inputs import Ask
from hipdrive.report.words import clean, name_of_test, shown
from hipdrive.results import FAIL, INFO, REFUSED, Analysis, Finding, Results
from hipdrive.trial import Trial

if TYPE_CHECKING:
    from hipdrive.gui.driveview import DriveView

WELCOME, BUSY, FAILED, TRIAL = range(4)
VIEWS = (("Curves", "C"), ("Hip drive", "H"), ("All numbers", "N"), ("Quality", "Q"), ("Picture", "P"))
CURVES, DRIVE, NUMBERS, QUALITY, PICTURE = range(5)

ENDINGS = "Recordings (*.h5 *.hdf5 *.csv *.txt *.tsv *.mot *.sto *.dat);;All files (*)"


class ReviewPage(Page):
    """Opens files, lists their trials, shows one repetition of one trial."""

    title, key = "Review", "F2"
    opened = QtCore.pyqtSignal(object)
    """An Opened or a Failed, when its work is done."""

    def __init__(self, theme: Theme = LIGHT) -> None:
        super().__init__()
        self.entries: list[Opened | Failed] = []
        self._job: Job | None = None
        self._first_new: int | None = None
        self._wrong = ""
        self._rep = 0
        self.list = QtWidgets.QListWidget()
        self.list.setMinimumWidth(150)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._chosen)
        self.curves = CurvesView(theme)
        self._theme = theme
        self._drive: DriveView | None = None
        self.table = NumbersTable()
        self.headline = Headline()
        self._stack = QtWidgets.QStackedWidget()
        for made in (self._welcome(), self._busy(), self._failed(), self._trial()):
            self._stack.addWidget(made)
        split = QtWidgets.QSplitter()
        split.addWidget(self.list)
        split.addWidget(self._stack)
        split.setStretchFactor(1, 1)
        split.setSizes([230, 1100])
        split.setChildrenCollapsible(True)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)
        self.list.hide()
        self._actions()

    # --- parts of the page ------------------------------------------------------------------------------------

    def _welcome(self) -> QtWidgets.QWidget:
        made, layout = _centred()
        layout.addWidget(label("Review a jump", "head"), alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(label("Drop a recording here, or open one: trial files (.h5), CSV and text of any "
                               "force plate.", "sentence"), alignment=Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
        self.open_button = QtWidgets.QPushButton("Open a recording ...   Ctrl+O")
        self.open_button.setObjectName("first")
        self.open_button.clicked.connect(self.ask_files)
        self.sample_button = QtWidgets.QPushButton("Show me a simulated drop jump   Ctrl+D")
        self.sample_button.clicked.connect(self.open_sample)
        for button in (self.open_button, self.sample_button):
            layout.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)
        return made

    def _busy(self) -> QtWidgets.QWidget:
        made, layout = _centred()
        self.busy = label("", "sentence")
        self.progress = QtWidgets.QProgressBar()
        self.progress.setFixedWidth(420)
        self.progress.setTextVisible(False)
        self.cancel_button = QtWidgets.QPushButton("Cancel   Esc")
        self.cancel_button.clicked.connect(self.cancel)
        for part in (self.busy, self.progress, self.cancel_button):
            layout.addWidget(part, alignment=Qt.AlignmentFlag.AlignHCenter)
        return made

    def _failed(self) -> QtWidgets.QWidget:
        made, layout = _centred()
        self.failed_head = label("", "head")
        self.failed_why = label("", "sentence", wrap=True)
        frame = card("bad")
        inside = QtWidgets.QVBoxLayout(frame)
        inside.setContentsMargins(24, 18, 24, 18)
        inside.setSpacing(14)
        inside.addWidget(self.failed_head)
        inside.addWidget(self.failed_why)
        self.asking = Asking()
        inside.addWidget(self.asking)
        self.asking.wanted.connect(self.read_again)
        self.asking.wrong.connect(self.said.emit)
        frame.setMaximumWidth(1000)
        layout.addWidget(frame)
        return made

    def _trial(self) -> QtWidgets.QWidget:
        made = QtWidgets.QWidget()
        layout = QtWidgets.QVBoxLayout(made)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._top())
        layout.addWidget(self.headline)
        self._verdict = card("good")
        self._verdict.setCursor(Qt.CursorShape.PointingHandCursor)
        inside = QtWidgets.QHBoxLayout(self._verdict)
        inside.setContentsMargins(12, 6, 12, 6)
        self.status = label("", "status")
        self.verdict = label("", "told", wrap=True)
        self._more = QtWidgets.QPushButton("")
        self._more.clicked.connect(lambda: self.show_view(QUALITY))
        inside.addWidget(self.status)
        inside.addWidget(self.verdict, 1)
        inside.addWidget(self._more)
        layout.addWidget(self._verdict)
        self.changes = Asking()
        self.changes.wanted.connect(self.read_again)
        self.changes.wrong.connect(self.said.emit)
        self._changing = card()
        around = QtWidgets.QVBoxLayout(self._changing)
        around.setContentsMargins(12, 6, 12, 8)
        around.addWidget(self.changes)
        self._changing.hide()
        layout.addWidget(self._changing)
        self.adding = AddMotion()
        self.adding.wanted.connect(self.add_motion)
        self._adding = card()
        around = QtWidgets.QVBoxLayout(self._adding)
        around.setContentsMargins(12, 6, 12, 8)
        around.addWidget(self.adding)
        self._adding.hide()
        layout.addWidget(self._adding)
        self.views = QtWidgets.QStackedWidget()
        frame = card()
        box = QtWidgets.QVBoxLayout(frame)
        box.setContentsMargins(4, 4, 4, 4)
        box.addWidget(self.curves)
        self.views.addWidget(frame)
        self._drive_page = QtWidgets.QWidget()
        QtWidgets.QVBoxLayout(self._drive_page).setContentsMargins(0, 0, 0, 0)
        self.views.addWidget(self._drive_page)
        self.views.addWidget(self.table)
        self.views.addWidget(self._quality())
        self.picture = PictureView()
        self.views.addWidget(self.picture)
        layout.addWidget(self.views, 1)
        return made

    def _top(self) -> QtWidgets.QHBoxLayout:
        """Title, repetitions, and which view."""
        top = QtWidgets.QHBoxLayout()
        self.heading = label("", "title")
        self.about = label("", "soft")
        self.about.setMinimumWidth(40)
        top.addWidget(self.heading)
        top.addWidget(self.about, 1)
        self.reps = RepRow()
        self.reps.chosen.connect(self.show_rep)
        top.addWidget(self.reps)
        top.addSpacing(16)
        self._view_buttons = QtWidgets.QButtonGroup(self)
        for i, (name, key) in enumerate(VIEWS):
            button = QtWidgets.QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(f"Key {key}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._view_buttons.addButton(button, i)
            top.addWidget(button)
        self._view_buttons.button(CURVES).setChecked(True)  # type: ignore[union-attr]
        self._view_buttons.idClicked.connect(self.show_view)
        return top

    def _quality(self) -> QtWidgets.QWidget:
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        inside = QtWidgets.QWidget()
        inside.setObjectName("page")
        self._checks = QtWidgets.QVBoxLayout(inside)
        self._checks.setAlignment(Qt.AlignmentFlag.AlignTop)
        scroll.setWidget(inside)
        return scroll

    def _actions(self) -> None:
        """Every thing that can be done, with its key."""
        made = (
            ("Open ...", "Ctrl+O", self.ask_files), ("Sample", "Ctrl+D", self.open_sample),
            ("Close trial", "Ctrl+W", self.close_trial), ("Change facts ...", "Ctrl+R", self.change),
            ("Add motion ...", "Ctrl+M", self.ask_motion),
            ("Next jump", "Right", lambda: self.step_rep(1)),
            ("Previous jump", "Left", lambda: self.step_rep(-1)), ("Next trial", "PgDown", lambda: self.step_trial(1)),
            ("Previous trial", "PgUp", lambda: self.step_trial(-1)), ("Whole jump", "Home", self.curves.whole),
            ("Find a number", "Ctrl+F", self._find), ("Cancel", "Esc", self.cancel),
            *((name, key, lambda i=i: self.show_view(i)) for i, (name, key) in enumerate(VIEWS)),
        )  # fmt: skip
        self.actions_by_name: dict[str, QtGui.QAction] = {}
        for name, key, act in made:
            action = QtGui.QAction(name, self)
            action.setShortcut(key)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{name.removesuffix(' ...')} ({key})")
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)
            self.actions_by_name[name] = action

    def buttons(self) -> list[QtGui.QAction]:
        """For the tool bar."""
        shown = ("Open ...", "Add motion ...", "Change facts ...", "Close trial")
        return [self.actions_by_name[name] for name in shown]

    def set_theme(self, theme: Theme) -> None:
        """Plots in other colours."""
        self.curves.set_theme(theme)
        self._theme = theme
        if self._drive is not None:
            self._drive.set_theme(theme)

    @property
    def drive(self) -> DriveView:
        """The page of hip drive, made when it is first looked at: the window is up sooner without it."""
        if self._drive is None:
            from hipdrive.gui.driveview import DriveView

            self._drive = DriveView(self._theme)
            self._drive.clip.clocked.connect(self._clock_by_hand)
            layout = self._drive_page.layout()
            assert layout is not None
            layout.addWidget(self._drive)
        return self._drive

    # --- opening ----------------------------------------------------------------------------------------------

    def ask_files(self) -> None:
        """The file dialogue."""
        names, _ = QtWidgets.QFileDialog.getOpenFileNames(self, "Open recordings", "", ENDINGS)
        if names:
            self.open([Path(name) for name in names])

    def open_sample(self) -> None:
        """A simulated drop jump, to look round."""
        from hipdrive.acquisition.simulated.athlete import simulate

        self.show_trial(simulate("dj", seed=1))

    def show_trial(self, trial: Trial) -> None:
        """A trial that is in memory already: just recorded, or simulated."""
        from hipdrive.report.inputs import analysed

        done = next(iter(analysed([trial], Ask())))
        self._add(Opened(Path(trial.file or "trial"), done.trial, done.analysis, Ask()))
        self.list.setCurrentRow(len(self.entries) - 1)

    def open(self, paths: Sequence[Path], ask: Ask | None = None) -> None:
        """Read and analyse files beside the window."""
        self.cancel()
        wanted = ask or Ask()
        self._start(Job(lambda job: opening(paths, wanted, job), self))

    def read_again(self, ask: Ask) -> None:
        """The shown file once more, read in another way."""
        row = self.list.currentRow()
        if 0 <= row < len(self.entries):
            entry = self.entries[row]
            self._changing.hide()
            self._remove(row)
            if isinstance(entry, Opened) and not entry.path.is_file():
                self._analyse_again(entry, ask)
            else:
                self.open([entry.path], ask)

    def _analyse_again(self, entry: Opened, ask: Ask) -> None:
        """A trial that is in no file: only its facts can be others."""
        from hipdrive.report.inputs import analysed

        trial = entry.trial.with_facts(**ask.facts)
        done = next(iter(analysed([trial], ask)))
        bare = None if entry.bare is None else entry.bare.with_facts(**ask.facts)
        self._add(Opened(entry.path, done.trial, done.analysis, ask, bare))
        self.list.setCurrentRow(len(self.entries) - 1)
        self._show_current()

    def change(self) -> None:
        """Fields for test, rate, columns, mass and box height, to analyse the shown file once more."""
        if isinstance(self.current, Opened):
            self._changing.setVisible(not self._changing.isVisible())
            self.changes.show_ask(self.current.ask)
            if self._changing.isVisible():
                self.changes.fields["mass"].setFocus()

    def ask_motion(self) -> None:
        """Fields for a file of motion beside the shown forces; the file dialogue where none was chosen yet."""
        if not isinstance(self.current, Opened):
            self.said.emit("Open a recording of forces first; motion is added beside it")
            return
        self._adding.setVisible(not self._adding.isVisible())
        if self._adding.isVisible():
            self.adding.show_ask(self.current.ask)
            if not self.adding.file.text():
                self.adding.choose()

    def add_motion(self, ask: Ask) -> None:
        """Motion beside the shown trial, read and analysed beside the window."""
        entry = self.current
        if isinstance(entry, Opened):
            self._wrong = ""
            self._start(Job(lambda job: moving(entry, ask, job), self))

    def _clock_by_hand(self, offset: float, u95: float) -> None:
        """The clip's clock as somebody set it by a frame."""
        entry = self.current
        if isinstance(entry, Opened):
            self._wrong = ""
            self._start(Job(lambda _: clocking(entry, offset, u95), self))

    def _start(self, job: Job) -> None:
        self._first_new = None
        self._stack.setCurrentIndex(BUSY)
        self.busy.setText("Opening ...")
        self.progress.setRange(0, 0)
        job.came.connect(self._came)
        job.finished.connect(self._finished)
        self._job = job
        job.start()

    def cancel(self) -> None:
        """Stop opening; what was opened before stays."""
        job, self._job = self._job, None
        if job is None:
            return
        job.cancel()
        job.came.disconnect(self._came)
        job.finished.disconnect(self._finished)
        job.finished.connect(job.deleteLater)
        _RUNNING.add(job)
        job.finished.connect(lambda: _RUNNING.discard(job))
        if job.isFinished():
            _RUNNING.discard(job)
        self.said.emit("Opening was cancelled")
        self._show_current()

    def _came(self, part: Opened | Failed | Moved | Step) -> None:
        if isinstance(part, Step):
            self.busy.setText(part.what)
            self.progress.setRange(0, part.of)
            self.progress.setValue(part.done)
            return
        if isinstance(part, Moved):
            self._moved(part)
            return
        self._add(part)
        if self._first_new is None:
            self._first_new = len(self.entries) - 1
        self.opened.emit(part)

    def _moved(self, part: Moved) -> None:
        """The trial with its motion in the place of the one without."""
        if isinstance(part.after, Failed):
            path = part.after.path
            self._wrong = part.after.why.removeprefix(f"{clean(path)}: ").removeprefix(f"{clean(path.name)}: ")
        elif part.before in self.entries:
            row = self.entries.index(part.before)
            self.entries[row] = part.after
            self.list.item(row).setText(_in_list(part.after))  # type: ignore[union-attr]
            self.views.setCurrentIndex(DRIVE)
        self.opened.emit(part.after)

    def _finished(self) -> None:
        self._job = None
        if self._first_new is not None:
            self.list.setCurrentRow(self._first_new)
        self._show_current()
        if isinstance(self.current, Opened):
            self.show_view(self.views.currentIndex())
        if self._wrong:
            self._adding.show()
            self.adding.show_why(self._wrong)
            self._wrong = ""

    def leave(self) -> bool:
        """Nothing runs on behind a closed window."""
        self.cancel()
        for job in list(_RUNNING):
            job.wait(5000)
        return True

    # --- the list ---------------------------------------------------------------------------------------------

    def _add(self, entry: Opened | Failed) -> None:
        self.entries.append(entry)
        item = QtWidgets.QListWidgetItem(_in_list(entry))
        item.setToolTip(str(entry.path))
        blocked = self.list.blockSignals(True)
        self.list.addItem(item)
        self.list.blockSignals(blocked)
        self.list.setVisible(len(self.entries) > 1)

    def _remove(self, row: int) -> None:
        del self.entries[row]
        blocked = self.list.blockSignals(True)
        self.list.takeItem(row)
        self.list.blockSignals(blocked)
        self.list.setVisible(len(self.entries) > 1)

    def close_trial(self) -> None:
        """Take the shown trial off the list; the file stays where it is."""
        row = self.list.currentRow()
        if 0 <= row < len(self.entries):
            self._remove(row)
            self._rep = 0
            self._show_current()

    def step_trial(self, by: int) -> None:
        """The next trial of the list."""
        if self.entries:
            self.list.setCurrentRow((self.list.currentRow() + by) % len(self.entries))

    def _chosen(self, row: int) -> None:
        self._rep = 0
        if self._job is None:
            self._show_current()

    @property
    def current(self) -> Opened | Failed | None:
        """What is shown."""
        row = self.list.currentRow()
        return self.entries[row] if 0 <= row < len(self.entries) else None

    @property
    def rep(self) -> Results | None:
        """The repetition that is shown; None where it is the whole series, or where there is none."""
        entry = self.current
        if not isinstance(entry, Opened) or not entry.analysis.reps or self._rep == SERIES:
            return None
        return entry.analysis.reps[min(self._rep, len(entry.analysis.reps) - 1)]

    @property
    def series(self) -> Analysis | None:
        """The trial of which the whole series is shown."""
        entry = self.current
        return entry.analysis if isinstance(entry, Opened) and entry.analysis.reps and self._rep == SERIES else None

    def _show_current(self) -> None:
        entry = self.current
        if entry is None:
            self._stack.setCurrentIndex(WELCOME)
        elif isinstance(entry, Failed):
            self._show_failed(entry.path, entry.why, entry.ask)
        else:
            self._show_opened(entry)

    def _show_failed(self, path: Path, why: str, ask: Ask) -> None:
        self.failed_head.setText(f"{clean(path.name)} cannot be read")
        self.failed_why.setText(sentence(why.removeprefix(f"{clean(path)}: ")))
        self.asking.show_ask(ask)
        self._stack.setCurrentIndex(FAILED)

    # --- a trial ----------------------------------------------------------------------------------------------

    def _show_opened(self, entry: Opened) -> None:
        analysis, trial = entry.analysis, entry.trial
        self.heading.setText(name_of_test(analysis.test) if analysis.reps else "No jump found")
        facts = [clean(trial.athlete), clean(entry.path.name), f"{trial.rate:g} Hz", f"{trial.duration:.1f} s"]
        self.heading.setToolTip("Which test it was, the movement told by itself" if analysis.detected else "")
        self.about.setText("  ·  ".join(filter(None, facts)))
        self.about.setToolTip(str(entry.path))
        self._changing.hide()
        self._adding.hide()
        self.reps.show_trial(analysis)
        self._rep = first(analysis)
        self._stack.setCurrentIndex(TRIAL)
        self._show_rep()

    def step_rep(self, by: int) -> None:
        """The next repetition."""
        if self.views.currentIndex() == DRIVE and self.drive.step(by):
            return
        if isinstance(self.current, Opened) and self.current.analysis.reps:
            self.show_rep(self.reps.stepped(self._rep, by))

    def show_rep(self, index: int) -> None:
        """Show one of the repetitions, or SERIES."""
        self._rep = index
        self._show_rep()

    def _show_rep(self) -> None:
        entry, rep, series = self.current, self.rep, self.series
        assert isinstance(entry, Opened)
        self.reps.mark(self._rep)
        self._moving(entry)
        if series is not None:
            self.headline.show_series(series)
            self.curves.show_series(entry.trial, series)
            self.table.show_series(series)
        else:
            if rep is not None:
                self.headline.show_rep(entry.analysis, rep)
            self.curves.show_rep(entry.trial, rep)
            self.table.show_rep(rep)
        self._show_verdict(entry, rep)
        self._fill_drive()
        self._draw_picture()

    def _moving(self, entry: Opened) -> None:
        """The page of hip drive is there where somebody was seen moving; it needs the room of the first numbers."""
        moving = entry.analysis.motion is not None
        self._view_buttons.button(DRIVE).setVisible(moving)  # type: ignore[union-attr]
        if not moving and self.views.currentIndex() == DRIVE:
            self.show_view(CURVES)
        self.headline.setVisible(bool(entry.analysis.reps) and self.views.currentIndex() not in (DRIVE, PICTURE))

    def _fill_drive(self) -> None:
        """Drawn only when it is looked at."""
        entry = self.current
        if self.views.currentIndex() == DRIVE and isinstance(entry, Opened):
            self.drive.show_entry(entry, self.rep)

    def _draw_picture(self) -> None:
        """The picture that a report has, drawn only when it is looked at."""
        entry = self.current
        if self.views.currentIndex() != PICTURE or not isinstance(entry, Opened):
            return
        from hipdrive.report import picture

        self.picture.show_picture(picture.shown(entry.trial, entry.analysis, self.rep), "There is nothing to draw.")

    def _show_verdict(self, entry: Opened, rep: Results | None) -> None:
        """Status in words, the gravest check with its remedy; the rest behind a button."""
        analysis = entry.analysis
        findings = told_first(analysis.quality, rep.rep if rep is not None else None if self.series else 0)
        status = rep.status if rep is not None and analysis.status != REFUSED else analysis.status
        grave = [f for f in findings if f.level != INFO]
        why = (rep.why if rep is not None else None) or analysis.why
        if why:
            told = sentence(why)
        elif grave:
            told = f"{sentence(grave[0].message)} {sentence(grave[0].remedy)}".strip()
        else:
            told = "Nothing to mend."
        if status == "ok" and grave:
            status = "flagged"
        self._verdict.setProperty("level", LOOKS[status])
        self.verdict.setObjectName("sentence" if status == REFUSED else "told")
        _restyle(self._verdict, self.status, self.verdict)
        self.status.setText(f"{MARKS[status]}  {STATUS[status]}")
        self.verdict.setText(told)
        others = len(findings) - (0 if why or not grave else 1)
        self._more.setText(f"Details ({others})" if others else "")
        self._more.setVisible(others > 0)
        clear(self._checks)
        if why:
            self._checks.addWidget(CheckLine(_as_finding(why)))
        for finding in findings:
            self._checks.addWidget(CheckLine(finding, many=len(analysis.reps) > 1))
        if not findings and not why:
            self._checks.addWidget(label("Every check passed.", "sentence"))

    def show_view(self, index: int) -> None:
        """Curves, hip drive, all numbers, quality, or the picture of the report."""
        entry = self.current
        if index == DRIVE and not (isinstance(entry, Opened) and entry.analysis.motion is not None):
            self.said.emit("Nobody was seen moving: add a file of motion first (Ctrl+M)")
            return
        self.views.setCurrentIndex(index)
        button = self._view_buttons.button(index)
        if button is not None:
            button.setChecked(True)
        if isinstance(entry, Opened):
            self._moving(entry)
            self._fill_drive()
            self._draw_picture()

    def _find(self) -> None:
        self.show_view(NUMBERS)
        self.table.filter.setFocus()
        self.table.filter.selectAll()


_RUNNING: set[Job] = set()
"""Jobs that were cancelled and have not noticed yet: a thread must not be destroyed while it runs."""


def _centred() -> tuple[QtWidgets.QWidget, QtWidgets.QVBoxLayout]:
    made = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(made)
    layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
    layout.setSpacing(18)
    return made, layout


def _in_list(entry: Opened | Failed) -> str:
    """Two lines: the file, and what it came to."""
    if isinstance(entry, Failed):
        return f"✕  {clean(entry.path.name)}\ncannot be read"
    analysis = entry.analysis
    over = rows.series(analysis)
    hero = over[0] if over and over[0].there else rows.hero(analysis.reps[0]) if analysis.reps else None
    there = hero is not None and hero.there
    told = f"{hero.label} {shown(replace(hero.value, u95=math.nan))}" if hero is not None and there else "no jump found"
    count = f"  ({len(analysis.reps)} {'hops' if over else 'jumps'})" if len(analysis.reps) > 1 else ""
    return f"{MARKS[analysis.status]}  {clean(entry.path.name)}\n{told}{count}"


def _as_finding(why: str) -> Finding:
    return Finding("status", FAIL, 0.0, "1", why)


def _restyle(*widgets: QtWidgets.QWidget) -> None:
    """What the style sheet goes by has changed."""
    for widget in widgets:
        style = widget.style()
        assert style is not None
        style.unpolish(widget)
        style.polish(widget)
