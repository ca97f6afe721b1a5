"""Light and dark: colours that survive colour blindness and the glare of a sports hall, and one style sheet."""

from __future__ import annotations

from dataclasses import dataclass

from hipdrive.gui.qt import QtGui, QtWidgets
from hipdrive.report.figure import OTHER_SHADE, SHADES
from hipdrive.results import FAIL, FLAGGED, INFO, OK, REFUSED, WARN


@dataclass(frozen=True)
class Theme:
    """Colours by role, after Okabe and Ito. `lines` are total, left and right; right is dashed as well.

    `joint_lines` are hip, knee and ankle, each with dashes and a marker of its own as well.
    """

    name: str
    back: str
    card: str
    ink: str
    soft: str
    edge: str
    accent: str
    lines: tuple[str, str, str]
    joint_lines: tuple[str, str, str]
    good: str
    warn: str
    bad: str
    shade: int

    @property
    def joints(self) -> dict[str, str]:
        """The colour of each joint."""
        return dict(zip(("hip", "knee", "ankle"), self.joint_lines, strict=True))

    def level(self, status: str) -> str:
        """The colour of a status or of a check's level."""
        return {OK: self.good, FLAGGED: self.warn, WARN: self.warn, REFUSED: self.bad, FAIL: self.bad,
                INFO: self.soft}[status]  # fmt: skip

    def phase(self, name: str, strength: float = 1.0) -> QtGui.QColor:
        """The shade of a phase."""
        colour = QtGui.QColor(SHADES.get(name, OTHER_SHADE))
        colour.setAlpha(round(strength * self.shade))
        return colour


LIGHT = Theme("light", "#f2f4f7", "#ffffff", "#141b24", "#4d5866", "#d3d9e0", "#0063a6",
              ("#141b24", "#0072B2", "#C04A00"), ("#0072B2", "#C04A00", "#007A59"),
              "#00664b", "#8a5200", "#b3261e", 60)  # fmt: skip
DARK = Theme("dark", "#10151c", "#1a212b", "#f4f6f8", "#aeb8c4", "#35404e", "#6cc3f5",
             ("#f4f6f8", "#56B4E9", "#F0A030"), ("#56B4E9", "#F0A030", "#4fd3a8"),
             "#4fd3a8", "#f5bd4f", "#ff8a80", 62)  # fmt: skip
"""Text on its ground has a contrast of 4.5 or more in both."""

MARKS = {OK: "✓", FLAGGED: "!", WARN: "!", REFUSED: "✕", FAIL: "✕", INFO: "i"}
"""A sign beside every colour."""

STYLE = """
* {{ font-size: 14px; color: {ink}; }}
QMainWindow, QWidget#page, QStackedWidget, QSplitter {{ background: {back}; }}
QFrame#card, QListWidget, QTreeWidget, QLineEdit, QTextBrowser, QDialog, QMessageBox
    {{ background: {card}; border: 1px solid {edge}; border-radius: 6px; }}
QFrame#card[level="bad"] {{ border: 2px solid {bad}; }}
QFrame#card[level="warn"] {{ border: 1px solid {warn}; border-left: 6px solid {warn}; }}
QFrame#card[level="good"] {{ border: 1px solid {edge}; border-left: 6px solid {good}; }}
QLabel {{ background: transparent; }}
QLabel#soft {{ color: {soft}; font-size: 13px; }}
QLabel#unit {{ color: {soft}; font-size: 17px; }}
QLabel#name {{ color: {soft}; font-size: 13px; font-weight: 600; }}
QLabel#status {{ font-weight: 700; font-size: 15px; }}
QFrame#card[level="bad"] QLabel#status {{ color: {bad}; }}
QFrame#card[level="warn"] QLabel#status {{ color: {warn}; }}
QFrame#card[level="good"] QLabel#status {{ color: {good}; }}
QLabel#wrong {{ color: {bad}; font-weight: 600; }}
QLabel#number {{ font-size: 31px; font-weight: 700; }}
QLabel#hero {{ font-size: 62px; font-weight: 800; }}
QLabel#cue {{ font-size: 25px; font-weight: 700; }}
QLabel#evidence, QLabel#cell {{ font-weight: 600; }}
QLabel#title {{ font-size: 21px; font-weight: 700; }}
QLabel#sentence {{ font-size: 19px; }}
QLabel#head {{ font-size: 28px; font-weight: 700; }}
QPushButton, QToolButton {{ background: {card}; border: 1px solid {edge}; border-radius: 6px; padding: 7px 13px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {accent}; }}
QPushButton:focus, QToolButton:focus, QLineEdit:focus, QListWidget:focus, QTreeWidget:focus
    {{ border: 2px solid {accent}; }}
QPushButton:checked, QToolButton:checked
    {{ background: {accent}; border-color: {accent}; color: {back}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {soft}; }}
QPushButton#rep {{ padding: 7px 9px; }}
QPushButton#first {{ font-size: 18px; padding: 12px 26px; background: {accent}; color: {back}; font-weight: 600; }}
QToolBar {{ background: {card}; border: 0; border-bottom: 1px solid {edge}; spacing: 6px; padding: 5px; }}
QListWidget::item {{ padding: 7px 8px; border-bottom: 1px solid {edge}; }}
QListWidget::item:selected, QTreeWidget::item:selected {{ background: {accent}; color: {back}; }}
QTreeWidget {{ alternate-background-color: {back}; }}
QTreeWidget::item {{ padding: 3px 4px; }}
QHeaderView::section {{ background: {back}; color: {soft}; border: 0; border-bottom: 1px solid {edge}; padding: 6px;
    font-weight: 600; }}
QLineEdit {{ padding: 6px 8px; }}
QComboBox {{ background: {card}; border: 1px solid {edge}; border-radius: 6px; padding: 6px 8px; }}
QComboBox::drop-down {{ border: 0; width: 24px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; margin-right: 10px; border-left: 5px solid {card};
    border-right: 5px solid {card}; border-top: 6px solid {soft}; }}
QComboBox QAbstractItemView {{ background: {card}; color: {ink}; selection-background-color: {accent}; }}
QProgressBar {{ background: {edge}; border: 0; border-radius: 5px; height: 10px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 5px; }}
QScrollBar:vertical {{ background: {back}; width: 12px; }}
QScrollBar::handle:vertical {{ background: {edge}; border-radius: 5px; min-height: 32px; margin: 1px; }}
QScrollBar::handle:vertical:hover {{ background: {soft}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QStatusBar {{ background: {card}; color: {soft}; }}
QToolTip {{ background: {card}; color: {ink}; border: 1px solid {edge}; padding: 4px; }}
QSplitter::handle {{ background: {edge}; }}
"""


def sheet(theme: Theme) -> str:
    """The style sheet of a theme."""
    return STYLE.format(**{name: getattr(theme, name) for name in
                           ("ink", "back", "card", "edge", "soft", "accent", "good", "warn", "bad")})  # fmt: skip


def preferred(app: QtWidgets.QApplication) -> Theme:
    """What the desktop is set to."""
    hints = app.styleHints()
    from hipdrive.gui.qt import Qt

    return DARK if hints is not None and hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT


def contrast(one: str, other: str) -> float:
    """Ratio of luminances after WCAG 2: 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
