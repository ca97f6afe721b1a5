"""Where the athlete is in the protocol: what is next, which repetition, how many are left; skip, again, back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hipdrive.gui.board import restyle
from hipdrive.gui.cards import follow, label
from hipdrive.gui.qt import Qt, QtCore, QtGui, QtWidgets

if TYPE_CHECKING:
    from hipdrive.protocol import Protocol, Walk

PROTOCOL_FILES = "Protocols (*.toml);;All files (*)"
NONE, OWN = "No protocol", "From a file ..."


class WalkBar(QtWidgets.QFrame):
    """One line with the next jump, and the rest while it lasts; hidden where there is no protocol."""

    def __init__(self, actions: Sequence[QtGui.QAction]) -> None:
        super().__init__()
        self.setObjectName("walk")
        self.title, self.count, self.say = label("", "slot"), label("", "slotcount"), label("", "soft")
        self.rest, self.left = label("", "rest"), label("", "soft")
        self.rest.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.say.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        first = QtWidgets.QHBoxLayout()
        first.setSpacing(14)
        for one in (self.title, self.count):
            first.addWidget(one)
        first.addStretch()
        words = QtWidgets.QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(first)
        words.addWidget(self.say)
        right = QtWidgets.QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.rest)
        right.addWidget(self.left, alignment=Qt.AlignmentFlag.AlignRight)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 8, 6)
        layout.setSpacing(10)
        layout.addLayout(words, 1)
        layout.addLayout(right)
        self.buttons = [_small(action) for action in actions]
        for button in self.buttons:
            layout.addWidget(button)
        self.hide()

    def show_walk(self, walk: Walk | None, seconds: float) -> None:
        """The place, and the rest at this time of the session, s."""
        self.setVisible(walk is not None)
        if walk is None:
            return
        from hipdrive.protocol import clock  # what reads protocols is loaded when there is one: the window is up sooner

        slot, rest = walk.slot, walk.rest_left(seconds)
        if walk.over:
            self._tell("All done", f"{walk.done} of {len(walk.slots)} jumps", "", "", "over")
        else:
            count = f"{slot.repetition} of {slot.repetitions}" if slot.repetitions > 1 else ""
            self._tell(slot.title, count, slot.say, clock(rest) if rest > 0.0 else "Go", "rest" if rest > 0.0 else "go")
        self.left.setText("" if walk.over else f"jump {min(walk.at + 1, len(walk.slots))} of {len(walk.slots)}")

    def _tell(self, title: str, count: str, say: str, rest: str, look: str) -> None:
        for one, text in ((self.title, title), (self.count, count), (self.say, say), (self.rest, rest)):
            if one.text() != text:
                one.setText(text)
        self.say.setToolTip(say)
        if self.property("look") != look:
            self.setProperty("look", look)
            restyle(self)
            restyle(self.rest)


def _small(action: QtGui.QAction) -> QtWidgets.QToolButton:
    """A button that leaves the keyboard to the page."""
    button = QtWidgets.QToolButton()
    follow(button, action)
    return button


def shipped() -> Mapping[str, Protocol]:
    """The shipped protocols by their name."""
    from hipdrive.protocol import load, names

    return {name: load(name) for name in names()}


class ProtocolBox(QtWidgets.QComboBox):
    """Which protocol: none, a shipped one, or a file; `fill` reads which there are."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Protocol")
        self.file: Path | None = None
        self.addItem(NONE, None)
        self.activated.connect(self._picked)

    def fill(self) -> None:
        """The choice, once."""
        if self.count() > 1:
            return
        for name, one in shipped().items():
            self.addItem(one.name, name)
            self.setItemData(self.count() - 1, one.description, Qt.ItemDataRole.ToolTipRole)
        self.addItem(OWN, OWN)

    @property
    def protocol(self) -> str | Path | None:
        """The name of a shipped one, or a file; None for none."""
        data = self.currentData()
        return self.file if data == OWN else data

    def _picked(self, index: int) -> None:
        if self.itemData(index) == OWN:
            self.file = ask_file(self)
            if self.file is None:
                self.setCurrentIndex(0)
            else:
                self.setItemText(index, f"{OWN.removesuffix(' ...')}: {self.file.name}")


def ask_file(parent: QtWidgets.QWidget) -> Path | None:
    """A protocol of one's own."""
    name, _ = QtWidgets.QFileDialog.getOpenFileName(parent, "My protocol", "", PROTOCOL_FILES)
    return Path(name) if name else None


def menu(parent: QtWidgets.QWidget, chosen: QtCore.pyqtBoundSignal) -> QtWidgets.QMenu:
    """The same choice as a menu, for a session that runs; `chosen` is sent the name, a file or None."""
    made = QtWidgets.QMenu(parent)
    for name, one in shipped().items():
        action = made.addAction(one.name)
        if action is not None:
            action.setToolTip(one.description)
            action.triggered.connect(lambda _=False, name=name: chosen.emit(name))
    made.addSeparator()
    for text, do in ((OWN, lambda: _own(parent, chosen)), (NONE, lambda: chosen.emit(None))):
        action = made.addAction(text)
        if action is not None:
            action.triggered.connect(lambda _=False, do=do: do())
    return made


def _own(parent: QtWidgets.QWidget, chosen: QtCore.pyqtBoundSignal) -> None:
    file = ask_file(parent)
    if file is not None:
        chosen.emit(file)
