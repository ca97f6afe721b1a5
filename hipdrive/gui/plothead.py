"""What plots of a repetition share: time is moved and zoomed, height is not; above them a legend and a readout."""

from __future__ import annotations

from typing import Any

from hipdrive.gui.qt import QtWidgets


def along_time(plot: Any, width: int) -> None:
    """Wheel and drag along time only. width : pixels of the axis on the left, so that plots stand below one another."""
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(x=True, y=False)
    plot.disableAutoRange()
    plot.getAxis("left").setWidth(width)


def headed(page: QtWidgets.QWidget, graphics: QtWidgets.QWidget) -> tuple[QtWidgets.QLabel, QtWidgets.QLabel]:
    """Lay the plots out under a line with a legend and what the pointer reads; those two."""
    legend, readout = QtWidgets.QLabel(), QtWidgets.QLabel()
    readout.setObjectName("soft")
    head = QtWidgets.QHBoxLayout()
    head.setContentsMargins(8, 4, 8, 0)
    head.addWidget(legend)
    head.addStretch()
    head.addWidget(readout)
    layout = QtWidgets.QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addLayout(head)
    layout.addWidget(graphics)
    return legend, readout
