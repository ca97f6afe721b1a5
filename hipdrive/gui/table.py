"""Every number of a repetition: value, unit, uncertainty, sides, and the method or why it is missing."""

from __future__ import annotations

import math

from hipdrive.gui.cards import sentence
from hipdrive.gui.qt import Qt, QtGui, QtWidgets
from hipdrive.report import rows
from hipdrive.report.words import event_label, method, parts
from hipdrive.results import Analysis, Event, Results, Value

HEADS = ("Number", "Value", "Unit", "± (95 %)", "Left", "Right", "Asym., %", "Method, or why it is missing")
VALUE, UNIT, U95 = 1, 2, 3
RIGHT_ALIGNED = (1, 3, 4, 5, 6)


class NumbersTable(QtWidgets.QWidget):
    """Groups of rows with a filter; copying gives cells that a spreadsheet takes."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = QtWidgets.QLineEdit()
        self.filter.setPlaceholderText("Find a number (Ctrl+F): rfd, impulse, landing ...")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._sift)
        self.only = QtWidgets.QPushButton("Hide missing")
        self.only.setCheckable(True)
        self.only.toggled.connect(lambda _: self._sift())
        self.tree = QtWidgets.QTreeWidget()
        self.tree.setHeaderLabels(HEADS)
        self.tree.setAlternatingRowColors(True)
        self.tree.setRootIsDecorated(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        head = self.tree.header()
        assert head is not None
        head.setStretchLastSection(True)
        for column, width in enumerate((270, 92, 62, 84, 84, 84, 76)):
            head.resizeSection(column, width)
        for column in RIGHT_ALIGNED:
            self.tree.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)  # type: ignore[union-attr]
        copy = QtGui.QShortcut(QtGui.QKeySequence.StandardKey.Copy, self.tree)
        copy.activated.connect(self.copy)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.only)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.tree)

    def show_rep(self, rep: Results | None) -> None:
        """Show every number of a repetition."""
        self.tree.clear()
        if rep is None:
            return
        for group, members in rows.grouped(rows.lines(rep)).items():
            parent = self._group(group)
            for line in members:
                parent.addChild(_number(line))
        if rep.events:
            parent = self._group("events")
            for name, event in rep.events.items():
                parent.addChild(_event(name, event))
        self.tree.expandAll()
        self._sift()

    def show_series(self, analysis: Analysis) -> None:
        """Show every number over a series: those a coach reads first, then the others."""
        self.tree.clear()
        over = rows.series(analysis)
        first = {line.field for line in over}
        others = [rows.over(name, value) for name, value in analysis.summary.items() if name not in first]
        for name, lines in (("series", over), ("over all hops", others)):
            parent = self._group(name)
            for line in lines:
                parent.addChild(_number(line))
        self.tree.expandAll()
        self._sift()

    def _group(self, name: str) -> QtWidgets.QTreeWidgetItem:
        item = QtWidgets.QTreeWidgetItem([name[:1].upper() + name[1:].replace("_", " ")])
        font = self.font()
        font.setBold(True)
        item.setFont(0, font)
        self.tree.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)
        return item

    def _sift(self) -> None:
        """Show what the filter asks for."""
        wanted = self.filter.text().strip().lower()
        for parent in self._groups():
            shown = 0
            for row in range(parent.childCount()):
                item = parent.child(row)
                assert item is not None
                told = f"{item.text(0)} {item.data(0, Qt.ItemDataRole.UserRole)} {parent.text(0)}".lower()
                hide = (wanted not in told) or (self.only.isChecked() and item.text(VALUE) == "-")
                item.setHidden(hide)
                shown += not hide
            parent.setHidden(shown == 0)

    def _groups(self) -> list[QtWidgets.QTreeWidgetItem]:
        found = (self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount()))
        return [one for one in found if one is not None]

    def visible_rows(self) -> list[list[str]]:
        """The cells of every row that is shown."""
        held = [
            parent.child(i) for parent in self._groups() if not parent.isHidden() for i in range(parent.childCount())
        ]
        return [[item.text(c) for c in range(len(HEADS))] for item in held if item is not None and not item.isHidden()]

    def copy(self) -> None:
        """The selected rows, or all that are shown, to the clipboard."""
        chosen = [[item.text(c) for c in range(len(HEADS))] for item in self.tree.selectedItems() if item.parent()]
        clipboard = QtWidgets.QApplication.clipboard()
        assert clipboard is not None
        clipboard.setText("\n".join("\t".join(row) for row in [list(HEADS), *(chosen or self.visible_rows())]))


def _number(line: rows.Line) -> QtWidgets.QTreeWidgetItem:
    told = parts(line.value)
    sides = [parts(v).number if v is not None else "" for v in (_bare(line.left), _bare(line.right), _bare(line.asym))]
    about = method(line.value.method) if line.there else sentence(line.value.why or "")
    cells = [line.label, told.number or "-", told.unit, told.u95, *sides, about]
    tip = "\n".join(filter(None, (line.field, line.doc, line.source and f"Source: {line.source}")))
    item = _item(cells, tip, line.field)
    if line.also:  # another form of the fact above
        for column in range(len(cells)):
            item.setForeground(column, QtGui.QBrush(QtWidgets.QApplication.palette().placeholderText()))
    return item


def _event(name: str, event: Event) -> QtWidgets.QTreeWidgetItem:
    doubt = f"{event.u95:.4f}" if math.isfinite(event.u95) else ""
    words = event_label(name)
    cells = [words[:1].upper() + words[1:], f"{event.t:.4f}", "s", doubt, "", "", "", "from the first sample"]
    return _item(cells, name, name)


def _bare(value: Value | None) -> Value | None:
    return None if value is None else Value(value.value, value.unit)


def _item(cells: list[str], tip: str, field: str = "") -> QtWidgets.QTreeWidgetItem:
    item = QtWidgets.QTreeWidgetItem(cells)
    item.setData(0, Qt.ItemDataRole.UserRole, field)
    for column in range(len(cells)):
        item.setToolTip(column, tip if column < len(cells) - 1 else cells[-1])
    for column in RIGHT_ALIGNED:
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
