"""What a file does not say about itself, asked in fields: rate, columns, test, mass, box height."""

from __future__ import annotations

from dataclasses import replace

from hipdrive.errors import UsageError
from hipdrive.gui.cards import label
from hipdrive.gui.qt import QtCore, QtWidgets
from hipdrive.report.inputs import Ask
from hipdrive.report.words import TESTS

FIELDS = (("rate", "Rate, Hz", "1000", 72), ("columns", "Columns", "left.fz=FP1,right.fz=FP2", 190),
          ("mass", "Mass, kg", "", 62), ("box_height", "Box, m", "0.30", 62))  # fmt: skip
"""Name, label, example and width of each field."""


class Asking(QtWidgets.QWidget):
    """One row of fields; Enter or the button reads the file again."""

    wanted = QtCore.pyqtSignal(object)
    """An Ask."""

    wrong = QtCore.pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, QtWidgets.QLineEdit] = {}
        layout = QtWidgets.QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(2)
        self.test = QtWidgets.QComboBox()
        self.test.addItem("Auto", None)
        from hipdrive.analysis.registry import TESTS as KNOWN

        for name in KNOWN:
            self.test.addItem(TESTS.get(name, name), name)
        layout.addWidget(label("Test", "name"), 0, 0)
        layout.addWidget(self.test, 1, 0)
        for column, (name, text, example, width) in enumerate(FIELDS, 1):
            field = QtWidgets.QLineEdit()
            field.setPlaceholderText(example)
            field.setMinimumWidth(width)
            field.returnPressed.connect(self._ask)
            field.setAccessibleName(text)
            self.fields[name] = field
            layout.addWidget(label(text, "name"), 0, column)
            layout.addWidget(field, 1, column)
            layout.setColumnStretch(column, 3 if name == "columns" else 1)
        self.button = QtWidgets.QPushButton("Read again")
        self.button.clicked.connect(self._ask)
        layout.addWidget(self.button, 1, len(FIELDS) + 1)
        self._ask_before = Ask()

    def show_ask(self, ask: Ask) -> None:
        """Fill in what was said before."""
        self._ask_before = ask
        self.test.setCurrentIndex(max(self.test.findData(ask.test), 0))
        said = {"rate": ask.rate, "columns": ask.columns, **ask.facts}
        for name, field in self.fields.items():
            value = said.get(name)
            field.setText("" if value is None else f"{value:g}" if isinstance(value, float) else str(value))

    def _ask(self) -> None:
        try:
            self.wanted.emit(self.asked())
        except UsageError as why:
            self.wrong.emit(str(why))

    def asked(self) -> Ask:
        """What the fields say.

        Raises
        ------
        UsageError : a field that should hold a number does not.
        """
        numbers = {}
        for name, text, _, _ in FIELDS:
            told = self.fields[name].text().strip().replace(",", ".") if name != "columns" else ""
            try:
                numbers[name] = float(told) if told else None
            except ValueError:
                raise UsageError("field", f"{text}: {told} is no number") from None
        rate = numbers.pop("rate")
        held = {key: value for key, value in self._ask_before.facts.items() if key not in ("mass", "box_height")}
        facts = {**held, **{key: value for key, value in numbers.items() if value is not None}}
        return replace(self._ask_before, test=self.test.currentData(), rate=rate, facts=facts,
                       columns=self.fields["columns"].text().strip() or None)  # fmt: skip
