"""u95 holds the truth of hops, landings, pulls and standing; a file of its own, so that two cores share the cells."""

import coverage_study as study
import pytest

OTHERS = ("hops", "landing", "isometric", "balance", "block_start")
CELLS = {cell.name: cell for cell in study.CELLS if cell.test in OTHERS or cell.name == "steps varied"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_coverage_of_every_cell(name: str) -> None:
    """400 seeds, none skipped."""
    assert not study.outside(CELLS[name], range(400))
