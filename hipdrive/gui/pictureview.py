"""The picture of the report in the window: whatever a test's report draws is seen here, too."""

from __future__ import annotations

from hipdrive.gui.qt import QtCore, QtGui, QtSvg, QtWidgets


class PictureView(QtWidgets.QWidget):
    """One SVG, as large as there is room, on paper: reports are drawn dark on white."""

    def __init__(self) -> None:
        super().__init__()
        self.renderer = QtSvg.QSvgRenderer(self)
        self.why = ""

    def show_picture(self, svg: str, why: str = "") -> None:
        """Show an SVG; without one, say why there is none."""
        self.why = "" if svg else why
        self.renderer.load(QtCore.QByteArray(svg.encode("utf-8")))
        self.update()

    def place(self) -> QtCore.QRectF:
        """Where the picture is drawn: all of it, in its own proportions, in the middle."""
        size = QtCore.QSizeF(self.renderer.defaultSize())
        if size.isEmpty():
            return QtCore.QRectF()
        room = QtCore.QSizeF(self.size())
        size.scale(room, QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        left, top = 0.5 * (room.width() - size.width()), 0.5 * (room.height() - size.height())
        return QtCore.QRectF(QtCore.QPointF(left, top), size)

    def paintEvent(self, event: QtGui.QPaintEvent | None) -> None:
        """Draw it."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QtGui.QColor("white"))
        if self.renderer.isValid():
            self.renderer.render(painter, self.place())
        elif self.why:
            painter.setPen(QtGui.QColor("black"))
            painter.drawText(self.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, self.why)
        painter.end()
