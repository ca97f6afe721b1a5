"""The application frame: pages, a tool bar, dark and light, full screen, help, files dropped anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hipdrive.gui.page import Page
from hipdrive.gui.qt import QtCore, QtGui, QtWidgets
from hipdrive.gui.review import ReviewPage
from hipdrive.gui.theme import DARK, LIGHT, Theme, preferred, sheet
from hipdrive.report.inputs import Ask
from hipdrive.trial import Trial

SIZE = 1366, 720
"""A small laptop's screen without its task bar."""


class MainWindow(QtWidgets.QMainWindow):
    """Holds the pages; the review is always there, others are added by `add_page`."""

    def __init__(self, theme: Theme | None = None) -> None:
        super().__init__()
        app = QtWidgets.QApplication.instance()
        assert isinstance(app, QtWidgets.QApplication)
        self._app = app
        self.setWindowTitle("hipdrive")
        self.setAcceptDrops(True)
        self.pages = QtWidgets.QStackedWidget()
        self.setCentralWidget(self.pages)
        self.bar = QtWidgets.QToolBar("Tools")
        self.bar.setMovable(False)
        self.bar.toggleViewAction().setEnabled(False)  # type: ignore[union-attr]
        self.addToolBar(self.bar)
        self._group = QtGui.QActionGroup(self)
        self._page_actions: list[QtGui.QAction] = []
        self._own = self._own_actions()
        self.review = ReviewPage()
        self.add_page(self.review)
        self.theme = theme or preferred(app)
        self.set_theme(self.theme)
        self.resize(*SIZE)
        self.review.setFocus()
        self.statusBar()

    def add_page(self, page: Page) -> None:
        """One more page, with a button and a key."""
        self.pages.addWidget(page)
        page.said.connect(self._say)
        page.made.connect(self.show_trial)
        page.changed.connect(self._fill_bar)
        action = QtGui.QAction(page.title, self)
        action.setCheckable(True)
        action.setShortcut(page.key)
        action.setToolTip(f"{page.title} ({page.key})")
        action.triggered.connect(lambda: self.show_page(page))
        self._group.addAction(action)
        self._page_actions.append(action)
        if self.pages.count() == 1:
            self.show_page(page)
        else:
            self._fill_bar()

    @property
    def page(self) -> Page:
        """The page that is up."""
        held = self.pages.currentWidget()
        assert isinstance(held, Page)
        return held

    def show_page(self, page: Page) -> None:
        """Bring a page up, if the one that is up lets go."""
        if self.page is not page and not self.page.leave():
            self._fill_bar()
            return
        self.pages.setCurrentWidget(page)
        page.enter()
        self._fill_bar()

    def show_trial(self, trial: Trial) -> None:
        """A trial that another page made, in the review."""
        self.review.show_trial(trial)
        self.show_page(self.review)

    def open(self, paths: Sequence[Path], ask: Ask | None = None) -> None:
        """Open files in the review."""
        self.show_page(self.review)
        self.review.open(paths, ask)

    # --- bar, theme, help -------------------------------------------------------------------------------------

    def _own_actions(self) -> list[QtGui.QAction]:
        made = (("Dark / light", "Ctrl+L", self.switch_theme), ("Full screen", "F11", self.switch_full_screen),
                ("Keys", "F1", self.show_keys), ("Quit", "Ctrl+Q", self.close))  # fmt: skip
        actions = []
        for name, key, act in made:
            action = QtGui.QAction(name, self)
            action.setShortcut(key)
            action.setToolTip(f"{name} ({key})")
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)
            actions.append(action)
        return actions

    def _fill_bar(self) -> None:
        self.bar.clear()
        if len(self._page_actions) > 1:
            for action, index in zip(self._page_actions, range(self.pages.count()), strict=True):
                action.setChecked(self.pages.currentIndex() == index)
                self.bar.addAction(action)
            self.bar.addSeparator()
        self.bar.addActions(self.page.buttons())
        space = QtWidgets.QWidget()
        space.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred)
        self.bar.addWidget(space)
        self.bar.addActions(self._own[:3])

    def set_theme(self, theme: Theme) -> None:
        """Colours of everything."""
        self.theme = theme
        self._app.setStyleSheet(sheet(theme))
        for i in range(self.pages.count()):
            held = self.pages.widget(i)
            if isinstance(held, Page):
                held.set_theme(theme)

    def switch_theme(self) -> None:
        """Dark, light, dark."""
        self.set_theme(LIGHT if self.theme is DARK else DARK)

    def switch_full_screen(self) -> None:
        """The whole screen, and back."""
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def all_keys(self) -> list[tuple[str, str]]:
        """Every key and what it does."""
        held = [*self.page.actions(), *self._own]
        if len(self._page_actions) > 1:
            held += self._page_actions
        return [(action.shortcut().toString(), action.text().removesuffix(" ...")) for action in held]

    def show_keys(self) -> None:
        """A list of the keys."""
        lines = "".join(f"<tr><td style='padding-right:24px'><b>{key}</b></td><td>{name}</td></tr>"
                        for key, name in self.all_keys())  # fmt: skip
        box = QtWidgets.QMessageBox(self)
        box.setWindowTitle("Keys")
        box.setText(f"<table cellpadding=3>{lines}</table>")
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _say(self, text: str) -> None:
        bar = self.statusBar()
        if bar is not None:
            bar.showMessage(text, 8000)

    # --- Qt's own ---------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent | None) -> None:
        """Files may be dropped."""
        if event is not None and dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent | None) -> None:
        """Open what was dropped."""
        if event is not None:
            event.acceptProposedAction()
            self.open(dropped(event.mimeData()))

    def closeEvent(self, event: QtGui.QCloseEvent | None) -> None:
        """Close, unless the page has something running that must not end."""
        if event is None:
            return
        pages = [held for i in range(self.pages.count()) if isinstance(held := self.pages.widget(i), Page)]
        if all(page.quit() for page in pages):
            event.accept()
        else:
            event.ignore()


def dropped(data: QtCore.QMimeData | None) -> list[Path]:
    """Local files and folders among what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data is not None else []
