"""How the plates are doing: force now, their zero and their noise, in the colours of their curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hipdrive.gui.cards import label
from hipdrive.gui.qt import QtWidgets
from hipdrive.gui.theme import LIGHT, Theme
from hipdrive.report.words import clean
from hipdrive.session import PlateStatus
from hipdrive.units import shown

EMPTY, NOISY, NEAR_FULL = 100.0, 15.0, 0.9
"""N below which nobody is on a plate; N of noise from which it needs a look; share of its range that is too close."""


class PlateTile(QtWidgets.QFrame):
    """One plate, or the sum of them."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.name, self.force, self.more = label(name, "plate"), label("– N", "force"), label(" ", "soft")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 3)
        layout.addWidget(self.name)
        layout.addWidget(self.force)
        layout.addWidget(self.more, 1)

    def show_force(self, newtons: float, more: str) -> None:
        """What it carries now."""
        self.force.setText(f"{round(newtons) + 0:d} N")
        self.more.setText(more)


class PlateBar(QtWidgets.QWidget):
    """The total and each plate in one row."""

    def __init__(self, plates: Sequence[str] = (), theme: Theme = LIGHT) -> None:
        super().__init__()
        self.total = PlateTile("Total")
        self.tiles = {plate: PlateTile(clean(plate).capitalize()) for plate in plates}
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for tile in (self.total, *self.tiles.values()):
            layout.addWidget(tile, 1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Names in the colours of the curves."""
        from hipdrive.gui.liveplot import COLOURS

        others = (*theme.lines[1:], *COLOURS) if len(self.tiles) <= 2 else COLOURS
        for tile, colour in zip((self.total, *self.tiles.values()), (theme.lines[0], *others), strict=False):
            tile.name.setStyleSheet(f"color: {colour}; font-weight: 800;")

    def show_status(self, status: Sequence[PlateStatus], weight: float, g: float) -> None:
        """All plates, and the weight if it is known."""
        known = (
            f"weight {weight:.0f} N, {shown(weight / g, 'kg')[0]:.1f} kg" if math.isfinite(weight) else "not weighed"
        )
        self.total.show_force(sum(one.force for one in status), known)
        for one in status:
            zero = f"zero {one.zero:+.1f} N" if math.isfinite(one.zero) else "not zeroed"
            # with somebody on the plate it is not the plate's noise
            noise = f",  noise {one.noise:.1f} N" if abs(one.force) < EMPTY else ""
            noise += " !" if noise and one.noise > NOISY else ""
            full = one.force > NEAR_FULL * one.range
            self.tiles[one.plate].show_force(one.force, "too much for its range" if full else f"{zero}{noise}")
