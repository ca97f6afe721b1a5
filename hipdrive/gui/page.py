"""What the application frame asks of a page: the review now, live measuring and more later."""

from __future__ import annotations

from hipdrive.gui.qt import QtCore, QtGui, QtWidgets
from hipdrive.gui.theme import Theme


class Page(QtWidgets.QWidget):
    """One page of the window.

    title, key : name of its button, and the shortcut that brings it up.
    A page that makes trials sends them by `made`; the frame shows them in the review.
    """

    title = ""
    key = ""
    said = QtCore.pyqtSignal(str)
    """A line for the status bar."""

    changed = QtCore.pyqtSignal()
    """Its buttons are others now."""

    made = QtCore.pyqtSignal(object)
    """A Trial that was recorded and kept."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground)

    def buttons(self) -> list[QtGui.QAction]:
        """What the tool bar shows while the page is up; each has a shortcut."""
        return []

    def set_theme(self, theme: Theme) -> None:
        """Another theme; style sheets are the frame's business, plots are the page's."""

    def enter(self) -> None:
        """The page comes up."""

    def leave(self) -> bool:
        """Another page is wanted; False to stay."""
        return True

    def quit(self) -> bool:
        """The window closes; False to stay (something is not decided yet)."""
        return self.leave()
