"""The ways in: try it, connect the plates, open a recording; and what has to be known to connect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hipdrive.gui.cards import label, sentence
from hipdrive.gui.qt import Qt, QtCore, QtWidgets
from hipdrive.gui.walkbar import ProtocolBox
from hipdrive.gui.work import Job
from hipdrive.report.words import TESTS

RIG_FILES = "Rigs (*.toml);;All files (*)"


SHORT = {"dj": "Drop", "cmj": "CMJ", "sj": "Squat", "auto": "Auto"}


class Facts(QtWidgets.QWidget):
    """Who jumps, which test, from which box."""

    changed = QtCore.pyqtSignal(object)
    """Facts as `Session.about` takes them."""

    wrong = QtCore.pyqtSignal(str)

    def __init__(self, *, upright: bool = False) -> None:
        super().__init__()
        self.athlete, self.box = QtWidgets.QLineEdit(), QtWidgets.QLineEdit()
        self.athlete.setPlaceholderText("name or number")
        self.box.setPlaceholderText("0.30")
        self.tests = {name: self._test(name, text) for name, text in SHORT.items()}
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(4)
        self._group = QtWidgets.QButtonGroup(self)
        for button in self.tests.values():
            self._group.addButton(button)
            row.addWidget(button, 1)
        self.tests["dj"].setChecked(True)
        layout = QtWidgets.QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4 if upright else 8)
        parts: tuple[tuple[str, Any], ...] = (("Athlete", self.athlete), ("Test", row), ("Box, m", self.box))
        for text, field in parts:
            named = label(text, "name")
            named.setMinimumHeight(32)
            layout.addRow(named, field)
        self.athlete.setAccessibleName("Athlete")
        self.box.setAccessibleName("Height of the box in metres")
        for edit in (self.athlete, self.box):
            edit.editingFinished.connect(self._tell)
        self._group.buttonClicked.connect(self._tell)

    def _test(self, name: str, text: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setObjectName("test")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(TESTS.get(name, "Find out by itself"))
        return button

    @property
    def test(self) -> str:
        """The test that is pressed."""
        return next(name for name, button in self.tests.items() if button.isChecked())

    def facts(self) -> dict[str, Any]:
        """What the fields say; a box that is no number counts as not said."""
        told = self.box.text().strip().replace(",", ".")
        try:
            box = float(told) if told else None
        except ValueError:
            box = None
            self.wrong.emit(f"Box, m: {told} is no number")
        if box is not None and not 0.0 < box <= 3.0:
            self.wrong.emit(f"Box, m: {box:g} m is no box; give it in metres, such as 0.30")
            box = None
        return {"test": self.test, "athlete": self.athlete.text().strip(), "box_height": box}

    def show_facts(self, facts: Mapping[str, Any]) -> None:
        """Fill in what is known."""
        self.athlete.setText(facts.get("athlete") or "")
        box = facts.get("box_height")
        self.box.setText(f"{box:g}" if box else "")
        self.tests.get(facts.get("test", "auto"), self.tests["auto"]).setChecked(True)

    def _tell(self) -> None:
        self.changed.emit(self.facts())


def big(text: str, about: str, *, first: bool = False) -> QtWidgets.QPushButton:
    """A button that cannot be overlooked."""
    button = QtWidgets.QPushButton(text)
    button.setObjectName("first" if first else "second")
    button.setMinimumSize(560, 76 if first else 60)
    button.setToolTip(about)
    button.setAutoDefault(True)  # Enter presses it
    button.setAccessibleDescription(about)
    return button


class StartView(QtWidgets.QWidget):
    """Three ways in, one of which needs nothing at all."""

    def __init__(self) -> None:
        super().__init__()
        self.try_button = big("▶   Try it: simulated depth jumps   (T)", "No plates needed", first=True)
        self.connect_button = big("Connect my plates   (P)", "Force plates at an NI-DAQmx device")
        self.open_button = big("Open a recording   (Ctrl+O)", "Trial files, CSV and text of any plate")
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addStretch(2)
        layout.addWidget(label("hipdrive", "welcome"), alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(label("Jumps on force plates: contact, height and RSI the moment they happen.", "sentence"),
                         alignment=Qt.AlignmentFlag.AlignHCenter)  # fmt: skip
        layout.addSpacing(18)
        self.recover_button = big("", "Makes trial files of it; nothing that was recorded is lost")
        self.show_unfinished(())
        for button in (self.recover_button, self.try_button, self.connect_button, self.open_button):
            layout.addWidget(button, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def show_unfinished(self, logs: Sequence[Path]) -> None:
        """Offer to recover what was broken off, where something was."""
        many = f"{len(logs)} recordings" if len(logs) > 1 else "a recording"
        self.recover_button.setText(f"Recover {many} that did not come to an end   (R)")
        self.recover_button.setVisible(bool(logs))


def _found() -> Iterator[tuple[tuple[str, str], ...] | str]:
    """The example rigs, and why a real device is not ready, if it is not."""
    from hipdrive.hardware.rig import catalogue

    yield tuple((one.name, one.description) for one in catalogue())
    from hipdrive.acquisition.source import sources

    found = sources("nidaqmx")
    missing = [one.detail for one in found if not one.ready]
    ready = [f"{one.name} ({one.product})" for one in found if one.ready]
    yield f"Found: {', '.join(ready)}." if ready else sentence("; ".join(missing)) if missing else ""


class ConnectView(QtWidgets.QWidget):
    """A rig from the list, a rig file of one's own, or a recording that is played again."""

    wanted = QtCore.pyqtSignal(str)
    """A rig's name, a rig file or a recording."""

    def __init__(self) -> None:
        super().__init__()
        self.list = QtWidgets.QListWidget()
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(self._use)
        self.facts, self.protocol = Facts(), ProtocolBox()
        self.devices, self.complaint = label("Looking for devices ...", "soft", wrap=True), label("", "told", wrap=True)
        self.frame = QtWidgets.QFrame()
        self.frame.setObjectName("card")
        self.frame.setProperty("level", "bad")
        QtWidgets.QVBoxLayout(self.frame).addWidget(self.complaint)
        self.frame.hide()
        self.use_button = QtWidgets.QPushButton("Connect   (Enter)")
        self.use_button.setObjectName("first")
        self.use_button.clicked.connect(lambda: self._use(self.list.currentItem()))
        self.file_button = QtWidgets.QPushButton("My rig file ...")
        self.file_button.clicked.connect(self.ask_rig)
        self.replay_button = QtWidgets.QPushButton("Replay a recording ...")
        self.replay_button.clicked.connect(self.ask_recording)
        self.back_button = QtWidgets.QPushButton("Back   (Esc)")
        self._lay_out()
        self._job: Job | None = None

    def _lay_out(self) -> None:
        rigs = QtWidgets.QVBoxLayout()
        rigs.addWidget(label("Which plates?", "head"))
        rigs.addWidget(self.list, 1)
        rigs.addWidget(self.devices)
        side = QtWidgets.QVBoxLayout()
        side.setSpacing(12)
        side.addWidget(label("Who jumps?", "head"))
        side.addWidget(self.facts)
        side.addWidget(label("Protocol: which jumps, how often, from which box, how long a rest", "name", wrap=True))
        side.addWidget(self.protocol)
        side.addSpacing(10)
        for button in (self.use_button, self.file_button, self.replay_button, self.back_button):
            side.addWidget(button)
        side.addWidget(self.frame)
        side.addStretch()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(40, 24, 40, 24)
        layout.setSpacing(32)
        layout.addLayout(rigs, 3)
        layout.addLayout(side, 2)

    def look(self) -> None:
        """Fill the list, beside the window."""
        if self._job is None:
            self._job = Job(lambda _: _found(), self)
            self._job.came.connect(self._came)
            self._job.start()

    def wait(self) -> None:
        """Let what runs beside come to its end."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait(5000)

    def _came(self, part: tuple[tuple[str, str], ...] | str) -> None:
        if isinstance(part, str):
            self.devices.setText(part)
            return
        self.protocol.fill()  # what reads protocols was loaded beside, with the rigs
        self.list.clear()
        for name, about in sorted(part, key=lambda one: one[0] != "simulated"):
            item = QtWidgets.QListWidgetItem(f"{name}\n{about}")
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def complain(self, told: str) -> None:
        """Why it could not be connected; "" for nothing."""
        self.complaint.setText(sentence(told))
        self.frame.setVisible(bool(told))

    def _use(self, item: QtWidgets.QListWidgetItem | None) -> None:
        if item is not None:
            self.wanted.emit(item.data(Qt.ItemDataRole.UserRole))

    def ask_rig(self) -> None:
        """The file dialogue for a rig."""
        name, _ = QtWidgets.QFileDialog.getOpenFileName(self, "My rig", "", RIG_FILES)
        if name:
            self.wanted.emit(name)

    def ask_recording(self) -> None:
        """The file dialogue for a recording."""
        from hipdrive.gui.review import ENDINGS

        name, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Replay a recording", str(Path.home()), ENDINGS)
        if name:
            self.wanted.emit(name)
