"""Motion beside the forces of an opened trial: which file, how its clock lies, and what it does not say of itself."""

from __future__ import annotations

import re
from dataclasses import replace

from hipdrive.errors import UsageError
from hipdrive.gui.cards import label, sentence
from hipdrive.gui.qt import QtCore, QtWidgets
from hipdrive.report.inputs import Ask, pairs
from hipdrive.report.words import clean

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")

ENDINGS = ("Motion and clips (*.c3d *.trc *.mot *.sto *.csv *.txt *.tsv *.mp4 *.mov *.m4v *.avi *.mkv *.webm);;"
           "All files (*)")  # fmt: skip

AUTO, SAME, NONE, OFFSET = "auto", "same", "none", "offset"
"""Those of `acquisition.attach`, whose import would delay the window, and an offset."""

CLOCKS = (("Find it, if that can be", AUTO, "By the height of the centre of mass in motion and force; else not known."),
          ("The same as the forces'", SAME, "Both files count their times from the same instant."),
          ("Known offset", OFFSET, "Seconds to add to the motion's times, and how far that may be off."),
          ("Not known", NONE, "Joints are compared with joints only, never with force."))  # fmt: skip
"""Words, value, and what they mean."""

FIELDS = (("offset", "Add, s", "0.120", 60), ("u95", "± s (95 %)", "0.004", 60), ("rate", "Rate, Hz", "", 54),
          ("more", "Not in the file", "up=z angles=flexion", 130))  # fmt: skip
"""Name, label, example and least width of each field."""


class AddMotion(QtWidgets.QWidget):
    """One row of fields, and a sentence below it where something is wrong."""

    wanted = QtCore.pyqtSignal(object)
    """An Ask with motion."""

    def __init__(self) -> None:
        super().__init__()
        self._ask_before = Ask()
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        self.file = QtWidgets.QLineEdit()
        self.file.setPlaceholderText("jump.mp4, angles.mot, markers.trc, walk.c3d ...")
        self.file.setAccessibleName("Motion file or clip")
        self.file.returnPressed.connect(self._ask)
        self.choose_button = QtWidgets.QPushButton("Choose ...")
        self.choose_button.clicked.connect(self.choose)
        self.clock = QtWidgets.QComboBox()
        for words, value, told in CLOCKS:
            self.clock.addItem(words, value)
            self.clock.setItemData(self.clock.count() - 1, told, QtCore.Qt.ItemDataRole.ToolTipRole)
        self.clock.currentIndexChanged.connect(self._clocked)
        for column, (text, widget) in enumerate((("Motion file or clip", self.file), ("", self.choose_button),
                                                 ("Its clock", self.clock))):  # fmt: skip
            grid.addWidget(label(text, "name"), 0, column)
            grid.addWidget(widget, 1, column)
        grid.setColumnStretch(0, 1)
        self.fields: dict[str, QtWidgets.QLineEdit] = {}
        for column, (name, text, example, width) in enumerate(FIELDS, 3):
            field = QtWidgets.QLineEdit()
            field.setPlaceholderText(example)
            field.setFixedWidth(width + 20)
            field.setAccessibleName(text)
            field.returnPressed.connect(self._ask)
            self.fields[name] = field
            grid.addWidget(label(text, "name"), 0, column)
            grid.addWidget(field, 1, column)
        self.button = QtWidgets.QPushButton("Add")
        self.button.clicked.connect(self._ask)
        grid.addWidget(self.button, 1, 3 + len(FIELDS))
        self.why = label("", "wrong", wrap=True)
        self.why.hide()
        grid.addWidget(self.why, 2, 0, 1, -1)
        self._clocked()

    def show_ask(self, ask: Ask) -> None:
        """Fill in what was said before."""
        self._ask_before = ask
        self.file.setText(ask.motion[0] if ask.motion else "")
        self.show_why("")

    def show_why(self, told: str) -> None:
        """Say what is wrong, "" for nothing."""
        self.why.setText(sentence(told))
        self.why.setVisible(bool(told))

    def choose(self) -> None:
        """The file dialogue."""
        name, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Motion beside these forces", self.file.text(), ENDINGS)
        if name:
            self.file.setText(name)

    def _clocked(self) -> None:
        for name in ("offset", "u95"):
            self.fields[name].setEnabled(self.clock.currentData() == OFFSET)

    def _ask(self) -> None:
        try:
            wanted = self.asked()
        except UsageError as why:
            self.show_why(str(why))
            return
        self.show_why("")
        self.wanted.emit(wanted)

    def asked(self) -> Ask:
        """What the fields say.

        Raises
        ------
        UsageError : no file was chosen, or a field says nothing that can be meant.
        """
        file = self.file.text().strip()
        if not file:
            raise UsageError("motion", "choose the file with the motion first")
        told = {name: field.text().strip().replace(",", ".") for name, field in self.fields.items()}
        for name, text, _, _ in FIELDS[:-1]:
            if told[name] and self.fields[name].isEnabled() and not NUMBER.fullmatch(told[name]):
                raise UsageError("field", f"{text}: {clean(told[name])} is no number")
        clock = str(self.clock.currentData())
        if clock == OFFSET:
            if not (told["offset"] and told["u95"]):
                raise UsageError("motion_clock", "give the seconds to add to the times of the motion, and how far "
                                 "that may be off, for example 0.120 and 0.004")  # fmt: skip
            clock = f"{told['offset']},{told['u95']}"
        said = pairs("not in the file:", told["more"].split())
        if told["rate"]:
            said["rate"] = told["rate"]
        return replace(self._ask_before, motion=(file,), motion_clock=clock, motion_as=said)
