"""The live page: connect, zero, weigh, jump, read the numbers, keep or discard; in the hall, with a key for each.

The page shows what `hipdrive.session` says and asks it for what the coach wants; it computes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hipdrive.acquisition import recovery
from hipdrive.analysis.said import CONTACT, FLIGHT, LANDED, LOST, Changed, Numbers, Warned, Weighed, Zeroed
from hipdrive.errors import HipdriveError
from hipdrive.gui.cards import label
from hipdrive.gui.measure import MeasureView, sheet
from hipdrive.gui.page import Page
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets
from hipdrive.gui.signals import Signals
from hipdrive.gui.start import ConnectView, StartView
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.gui.walkbar import menu
from hipdrive.gui.work import Job
from hipdrive.occasions import Occurred
from hipdrive.report.words import clean
from hipdrive.report.words import label as words
from hipdrive.session import (
    KEPT,
    OVER,
    Ended,
    Event,
    Fault,
    Next,
    Reached,
    RestOver,
    Samples,
    Session,
    Take,
    Taken,
    advice,
    connect,
)

START, CONNECT, BUSY, MEASURE = range(4)

POLL_MS, STATUS_MS = 5, 200
"""How often the session is asked for news, and how often the plates' status is written."""

FROM_BOX = ("dj", "landing")
"""Tests in which nobody is weighed first; each landing weighs, and that is no news."""

WALKING = ("Back one", "Again", "Skip")
"""What can be done in a protocol."""

TRY: dict[str, Any] = {"athlete": "simulated", "test": "dj"}

Opener = Callable[[], Session]


def home() -> Path:
    """Where jumps are kept unless somebody says otherwise."""
    where = QtCore.QStandardPaths.writableLocation(QtCore.QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(where or Path.home()) / "hipdrive"


class LivePage(Page):
    """From the first click to the last jump."""

    title, key = "Jump", "F3"

    safely: ClassVar[dict[str, Any]] = {"log": True, "apart": True}
    """How plates are recorded here: what this window suffers must not cost a sample."""

    protocol_chosen = QtCore.pyqtSignal(object)
    """The name of a protocol, a file, or None."""

    review_wanted = QtCore.pyqtSignal(object)
    """Paths to open in the review; () to ask for one."""

    def __init__(self, theme: Theme = LIGHT, folder: Path | None = None) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.folder = folder or home()
        self.session: Session | None = None
        self._job: Job | None = None
        self._made: list[Session] = []
        self._jump, self._asked, self.broken = 0, False, False
        self.signals: Signals | None = None
        self._actions()
        self.start, self.connecting = StartView(), ConnectView()
        self.view = MeasureView([self.act[name] for name in ("Zero", "Weigh", "Pause", "Keep", "Discard", "Review")],
                                [self.act[name] for name in WALKING])  # fmt: skip
        self.busy = label("", "head")
        waiting = QtWidgets.QWidget()
        QtWidgets.QVBoxLayout(waiting).addWidget(self.busy, alignment=Qt.AlignmentFlag.AlignCenter)
        self.stack = QtWidgets.QStackedWidget()
        for made in (self.start, self.connecting, waiting, self.view):
            self.stack.addWidget(made)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        self._wire()
        self._poller, self._pulse = QtCore.QTimer(self), QtCore.QTimer(self)
        self._poller.setTimerType(Qt.TimerType.PreciseTimer)
        self._poller.timeout.connect(self.poll)
        self._pulse.timeout.connect(self._status)
        self.set_theme(theme)
        self.show_view(START)

    def _actions(self) -> None:
        """Every thing that can be done, with its key."""
        made: tuple[tuple[str, str, Callable[[], object], str], ...] = (
            ("Zero", "Z", self.zero, "Zero the empty plates: nobody on them for a second"),
            ("Weigh", "W", self.weigh, "Weigh the athlete: stand still for a second"),
            ("Pause", "Space", self.pause, "While paused, jumps are shown and not recorded"),
            ("Keep", "K", self.keep, "Keep the chosen jump as a file"),
            ("Discard", "D", self.discard, "Forget the chosen jump"),
            ("Review", "R", self.review, "Open the chosen jump in the review"),
            ("Newer jump", "Up", lambda: self.view.jumps.step(-1), ""),
            ("Older jump", "Down", lambda: self.view.jumps.step(1), ""),
            ("Back one", "B", self.one_back, "Do the jump of the protocol before this one"),
            ("Again", "A", self.again, "The last jump does not count: do it once more"),
            ("Skip", "S", self.skip, "Leave out the next jump of the protocol"),
            ("Protocol ...", "Ctrl+P", self.ask_protocol, "What is jumped, in which order, with which rests"),
            (
                "Sound and light",
                "Ctrl+B",
                self.switch_signals,
                "A sound and a light over the window at contact, flight, target, end of a rest and faults",
            ),
            ("Folder ...", "Ctrl+F", self.ask_folder, "Where jumps are kept"),
            ("End session", "Ctrl+E", self.end_session, "Back to the start"),
            ("Try it", "T", self.try_it, "A simulated athlete does depth jumps; no plates needed"),
            ("Connect my plates", "P", self.show_connect, ""),
            ("Open a recording", "Ctrl+O", lambda: self.review_wanted.emit(()), ""),
            ("Recover", "R", self.recover, "Make trial files of recordings that did not come to an end"),
            ("Back", "Esc", self.back, ""),
        )
        self.act: dict[str, QtGui.QAction] = {}
        for name, key, do, about in made:
            action = QtGui.QAction(name, self)
            action.setShortcuts([QtGui.QKeySequence(one) for one in {"K": ("K", "Return", "Enter"),
                                                                      "D": ("D", "Del")}.get(key, (key,))])  # fmt: skip
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{about or name} ({key})")
            action.triggered.connect(lambda _=False, do=do: do())
            self.addAction(action)
            self.act[name] = action
        self.act["Sound and light"].setCheckable(True)

    def _wire(self) -> None:
        self.start.try_button.clicked.connect(self.try_it)
        self.start.connect_button.clicked.connect(self.show_connect)
        self.start.recover_button.clicked.connect(self.recover)
        self.start.open_button.clicked.connect(lambda: self.review_wanted.emit(()))
        self.connecting.wanted.connect(self.connect_to)
        self.connecting.back_button.clicked.connect(self.back)
        self.view.jumps.chosen.connect(self._chosen)
        self.view.jumps.itemDoubleClicked.connect(lambda _: self.review())
        self.view.facts.changed.connect(self._about)
        for facts in (self.view.facts, self.connecting.facts):
            facts.wrong.connect(self.said.emit)
        self.protocol_chosen.connect(self.set_protocol)
        for edit in (self.view.facts.athlete, self.view.facts.box):
            edit.returnPressed.connect(self.setFocus)

    # --- the frame's questions --------------------------------------------------------------------------------

    def buttons(self) -> list[QtGui.QAction]:
        """For the tool bar."""
        return (
            [self.act[name] for name in ("Protocol ...", "Sound and light", "Folder ...", "End session")]
            if self.session is not None
            else []
        )

    def actions(self) -> list[QtGui.QAction]:
        """What can be done where we are."""
        here = {
            START: ("Try it", "Connect my plates", "Open a recording", "Recover"),
            CONNECT: ("Back",),
            BUSY: ("Back",),
        }
        measuring = tuple(self.act)[: tuple(self.act).index("End session") + 1]
        names = here.get(self.stack.currentIndex(), measuring)
        return [self.act[name] for name in names]

    def set_theme(self, theme: Theme) -> None:
        """Plots in other colours, and the large letters."""
        self._theme = theme
        self.setStyleSheet(sheet(theme))
        self.view.set_theme(theme)
        if self.signals is not None:
            self.signals.light.theme = theme

    def enter(self) -> None:
        """The keys are for this page; at the start Enter tries it."""
        if self.stack.currentIndex() == START:
            logs = recovery.unfinished(self.folder)
            self.start.show_unfinished(logs)
            self.act["Recover"].setEnabled(bool(logs))
        (self.start.try_button if self.stack.currentIndex() == START else self).setFocus()

    def quit(self) -> bool:
        """The window closes: jumps that nobody decided on are asked about."""
        if not self.end_session():
            return False
        self.back()
        self.connecting.wait()
        if self.signals is not None:
            self.signals.close()
        return True

    # --- connecting -------------------------------------------------------------------------------------------

    def show_view(self, index: int) -> None:
        """Start, connect, busy or measuring."""
        self.stack.setCurrentIndex(index)
        for name, action in self.act.items():
            action.setEnabled(self._can(name, index))
        self._choices()
        self.enter()
        self.changed.emit()

    def _can(self, name: str, index: int) -> bool:
        where = {"Try it": (START,), "Connect my plates": (START,), "Open a recording": (START,), "Recover": (START,),
                 "Back": (CONNECT, BUSY)}  # fmt: skip
        return index in where.get(name, (MEASURE,))

    def try_it(self) -> None:
        """A simulated athlete on simulated plates, ready to jump."""
        self._open(lambda: connect("simulated", folder=self.folder, armed=True, **self.safely, **TRY),
                   "Starting the simulated plates")  # fmt: skip

    def show_connect(self) -> None:
        """Ask which plates."""
        self.show_view(CONNECT)
        self.connecting.complain("")
        self.connecting.look()
        self.connecting.list.setFocus()

    def connect_to(self, what: str) -> None:
        """A rig's name, a rig file, or a recording to be played again."""
        facts = {key: value for key, value in self.connecting.facts.facts().items() if value}
        if self.connecting.protocol.protocol is not None:
            facts["protocol"] = self.connecting.protocol.protocol
        self._open(
            lambda: connect(what, folder=self.folder, armed=True, **self.safely, **facts),
            f"Connecting {clean(Path(what).name)}",
        )

    def _open(self, opener: Opener, told: str) -> None:
        """Open a session beside the window."""
        self.busy.setText(f"{told} ...")
        self.show_view(BUSY)
        made = self._made = []
        job = Job(lambda _: _opened(opener, made), self)
        job.came.connect(self._came)
        self._job = job
        job.start()

    def recover(self) -> None:
        """Make trial files of what was broken off in the folder, and show them."""
        logs = recovery.unfinished(self.folder)
        self.busy.setText("Recovering what was recorded ...")
        self.show_view(BUSY)
        self._job = Job(lambda _: _recovered(logs), self)
        self._job.came.connect(self._came_back)
        self._job.start()

    def _came_back(self, part: tuple[tuple[Path, ...], str]) -> None:
        self._job = None
        paths, told = part
        self.show_view(START)
        self.said.emit(told)
        if paths:
            self.review_wanted.emit(paths)

    def back(self) -> None:
        """Give up connecting."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()
            job.came.disconnect()
            job.wait(20_000)
            for session in self._made:
                session.close()
        if self.session is None:
            self.show_view(START)

    def _came(self, part: Session | HipdriveError) -> None:
        self._job = None
        if isinstance(part, Session):
            self.use(part)
        else:
            self.show_view(CONNECT)
            self.connecting.look()
            self.connecting.complain(f"not connected: {part}")

    def use(self, session: Session) -> None:
        """Show a session that has been started."""
        self.session, self._jump, self._asked, self.broken = session, 0, False, False
        self.view.begin(session.plates, session.rate)
        self.view.facts.show_facts(vars(session))
        self.view.board.clear(session.test)
        self.view.about.setText(f"{clean(session.name)}, {session.rate:g} Hz")
        self.view.about.setToolTip(f"Kept in {self.folder}")
        self.show_view(MEASURE)
        self._walk()
        self.poll()
        self._status()
        self._poller.start(POLL_MS)
        self._pulse.start(STATUS_MS)

    def end_session(self) -> bool:
        """Back to the start; jumps that nobody decided on are asked about. False: stay."""
        session = self.session
        if session is None:
            return True
        if session.undecided:
            answer = self.ask_undecided(len(session.undecided))
            if answer is None:
                return False
            for take in session.undecided:
                session.keep(take.number) if answer else session.discard(take.number)
            with contextlib.suppress(HipdriveError):
                self._hear(session.settle())
            if session.undecided:  # they could not be written, and the page says why
                return False
        self._poller.stop()
        self._pulse.stop()
        session.close()
        self.session = None
        self.show_view(START)
        return True

    def ask_undecided(self, count: int) -> bool | None:
        """Whether undecided jumps are kept; None to go back."""
        box = QtWidgets.QMessageBox(self)
        box.setWindowTitle("hipdrive")
        box.setText(f"{count} jump{'s are' if count > 1 else ' is'} neither kept nor discarded.")
        keep = box.addButton("Keep", QtWidgets.QMessageBox.ButtonRole.AcceptRole)
        drop = box.addButton("Discard", QtWidgets.QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Go back", QtWidgets.QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        pressed = box.clickedButton()
        return True if pressed is keep else False if pressed is drop else None

    # --- what a coach does ------------------------------------------------------------------------------------

    def zero(self) -> None:
        """Zero the plates."""
        self._do(Session.zero)

    def weigh(self) -> None:
        """Weigh the athlete."""
        self._asked = True
        self._do(Session.weigh)

    def pause(self) -> None:
        """Pause, or go on."""
        self._do(lambda session: session.disarm() if session.armed else session.arm())
        self._choices()

    def keep(self) -> None:
        """Keep the chosen jump, or the last one that is undecided."""
        if self.focusWidget() in (self.view.facts.athlete, self.view.facts.box):
            self.setFocus()  # Enter ends what is written there, and no more
            return
        self._do(lambda session: self._show_take(session.keep(self._number(session))))

    def discard(self) -> None:
        """Discard the chosen jump, or the last one that is undecided."""
        self._do(lambda session: session.discard(self._number(session)))

    def review(self) -> None:
        """The chosen jump in the review."""
        take = self.chosen
        if take is None or take.trial is None:
            self.said.emit("No jump to review yet")
        elif take.path is not None:
            self.review_wanted.emit((take.path,))
        else:
            self.made.emit(take.trial)

    # --- the protocol ---

    def skip(self) -> None:
        """Leave out the next jump of the protocol."""
        self._do(Session.skip)

    def again(self) -> None:
        """Do the last jump of the protocol again."""
        self._do(Session.repeat)

    def one_back(self) -> None:
        """One jump of the protocol back."""
        self._do(Session.back)

    def ask_protocol(self) -> None:
        """Choose a protocol."""
        menu(self, self.protocol_chosen).popup(QtGui.QCursor.pos())

    def set_protocol(self, protocol: str | Path | None) -> None:
        """Follow a protocol from now on, or none."""
        self._do(lambda session: session.follow(protocol))
        self._walk()

    def _walk(self) -> None:
        """Show the place in the protocol."""
        session = self.session
        walk = session.walk if session is not None else None
        self.view.walk.show_walk(walk, session.seconds if session is not None else 0.0)
        for name in WALKING:
            self.act[name].setEnabled(walk is not None and self.stack.currentIndex() == MEASURE)

    def ask_folder(self) -> None:
        """Where jumps are kept."""
        name = QtWidgets.QFileDialog.getExistingDirectory(self, "Keep jumps in", str(self.folder))
        if name:
            self.folder = Path(name)
            if self.session is not None:
                self.session.folder = self.folder
            self.view.about.setToolTip(f"Kept in {self.folder}")
            self.said.emit(f"Jumps are kept in {clean(self.folder)}")

    @property
    def chosen(self) -> Take | None:
        """The take that is chosen in the list."""
        takes = self.session.takes if self.session is not None else ()
        return next((take for take in takes if take.number == self.view.jumps.number), None)

    def _number(self, session: Session) -> int | None:
        take = self.chosen
        return take.number if take is not None and not take.decided else None

    def _about(self, facts: dict[str, Any]) -> None:
        if self.session is not None:
            self._do(lambda session: session.about(**facts))
            if not self.session.takes:
                self.view.board.clear(facts["test"])

    def _do(self, act: Callable[[Session], Any]) -> None:
        """Ask the session for something, and show at once what it says."""
        if self.session is None:
            return
        try:
            act(self.session)
        except HipdriveError as why:
            self.said.emit(f"{str(why)[:1].upper()}{str(why)[1:]}")
        self.poll()

    # --- what the session says --------------------------------------------------------------------------------

    def poll(self) -> None:
        """Whatever is due."""
        if self.session is None:
            return
        try:
            self._hear(self.session.poll())
        except Exception as why:  # a defect must not take the jumps along that are not kept yet
            self._poller.stop()
            self.view.tell(f"hipdrive failed ({type(why).__name__}: {why}); keep your jumps, then end the session and "
                           "connect again", "bad", stays=True)  # fmt: skip

    def _hear(self, events: tuple[Event, ...]) -> None:
        for one in events:
            if isinstance(one, Samples):
                self.view.add(one)
            elif isinstance(one, Occurred):
                self._signals().occurred(one)
            elif isinstance(one, Numbers):
                self._numbers(one)
            elif isinstance(one, Taken):
                self._show_take(one.take)
                self._after(one.take)
            else:
                self._tell(one)
        if len(events) > 1 or (events and not isinstance(events[0], Samples)):
            self._advise()

    def _signals(self) -> Signals:
        """Sounds and light of the window that the page is in."""
        if self.signals is None:
            self.signals = Signals(self.window() or self, self._theme)
        return self.signals

    def switch_signals(self) -> None:
        """Sounds and light on or off."""
        signals = self._signals()
        why = signals.switch(not signals.on)
        self.act["Sound and light"].setChecked(signals.on)
        self.said.emit(why or f"Sound and light are {'on' if signals.on else 'off'}")

    def _numbers(self, numbers: Numbers) -> None:
        assert self.session is not None
        self._jump = len(self.session.takes) + 1
        self.view.board.show_numbers(self._jump, numbers)

    def _tell(self, event: Event) -> None:
        match event:
            case Changed(state="contact"):
                self.view.quiet()
            case Warned(code="samples_lost"):
                pass  # the fault that lost them is told
            case Warned():
                self.view.tell(event.text)
            case Zeroed():
                self.view.tell("The plates are zeroed", "good")
            case Weighed() if self.session is not None and (self._asked or self.session.test not in FROM_BOX):
                self._asked = False
                mass = event.weight / self.session.live.profile.g
                self.view.tell(f"Weighed: {event.weight:.0f} N, {mass:.1f} kg", "good")
            case Next():
                if self.session is not None:
                    self.view.facts.show_facts(vars(self.session))
                self._walk()
            case RestOver():
                self._walk()
            case Reached():
                self.view.tell(f"Target reached: {words(event.field)}", "good")
            case Fault():
                self.broken = True
                self.view.tell(f"samples are missing: {event.text}", "bad", stays=True)
            case Ended() if not self.broken:
                self.view.tell(event.text, "warn", stays=True)
            case _:
                pass

    def _show_take(self, take: Take) -> None:
        """A take in the list, and on the board if it is the chosen one and nobody is jumping."""
        self.view.jumps.show_take(take)
        if take.number == self.view.jumps.number and self._jump <= take.number:
            self.view.board.show_take(take)
        self._choices()

    def _after(self, take: Take) -> None:
        if take.state == KEPT and take.path is not None:
            self.said.emit(f"Kept as {clean(take.path)}")

    def _chosen(self, number: int) -> None:
        take = self.chosen
        if take is not None:
            self._jump = 0
            self.view.board.show_take(take)
        self._choices()

    def _choices(self) -> None:
        """Buttons that would do nothing are grey."""
        session = self.session
        if session is None or self.stack.currentIndex() != MEASURE:
            return
        for name in ("Keep", "Discard"):
            self.act[name].setEnabled(bool(session.undecided))
        self.act["Review"].setEnabled(self.chosen is not None)
        for name in ("Zero", "Weigh", "Pause"):
            self.act[name].setEnabled(session.state != OVER)
        self.act["Pause"].setText("Pause" if session.armed else "Start")
        self._advise()

    def _advise(self) -> None:
        if self.session is not None:
            state = self.session.state
            moving = state in (CONTACT, FLIGHT) and not self.session.stepping_off
            look = "act" if moving else "warn" if state in (LANDED, LOST, OVER) else ""
            self.view.advise(advice(self.session), look)

    def _status(self) -> None:
        if self.session is not None and self.session.walk is not None:
            self._walk()
            self._advise()
        if self.session is not None and self.view.plates is not None:
            self.view.plates.show_status(self.session.status(), self.session.weight, self.session.live.profile.g)


def _recovered(logs: Sequence[Path]) -> Iterator[tuple[tuple[Path, ...], str]]:
    """The trial files that were made of logs, and what to say."""
    paths: list[Path] = []
    told = [f"{len(logs)} recovered"]
    for log in logs:
        try:
            paths += [one.path for one in recovery.recover(log)]
        except Exception as why:
            from hipdrive.report.inputs import complaint

            told.append(complaint(log, why))
    yield tuple(paths), "; ".join(told)


def _opened(opener: Opener, made: list[Session]) -> Iterator[Session | HipdriveError]:
    """A session that has been started, or why not."""
    try:
        session = opener()
        session.start()
        made.append(session)
    except HipdriveError as why:
        yield why
        return
    except Exception as why:
        from hipdrive.report.inputs import complaint

        yield HipdriveError("connect", complaint("plates", why))
        return
    yield session
