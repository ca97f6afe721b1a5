"""The formulas of METRICS.md as its own check verifies them, and the identities of its section 19 by their tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SHARED = next((p for p in (TESTS.parents[1] / "shared", Path("/work/shared")) if p.is_dir()), Path("/work/shared"))
SCRIPT, CATALOGUE = SHARED / "checks" / "verify_formulas.py", SHARED / "METRICS.md"


@pytest.mark.skipif(not SCRIPT.exists(), reason="the shared check is not here")
def test_the_formulas_of_the_catalogue_verify() -> None:
    answer = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert sum(line.startswith("PASS") for line in lines) >= 10
    assert not [line for line in lines if line.startswith("FAIL")]


IDENTITIES = {
    **{f"I{i}": ("test_identities.py", f"I{i}") for i in (1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16)},
    "I12": ("test_reliability.py", "Shrout & Fleiss 1979, table 2"),
    "I13": ("test_plates.py", "def test_the_push_comes_back_anywhere"),
}
"""Identity -> the file that tests it, and by what it is found there."""

ELSEWHERE = {
    "I9": "hops (Dalleau's stiffness): with that test",
    "I10": "block start: a later issue",
    "I11": "sprint model: a later issue",
}
"""Identities of tests that are not here yet."""


@pytest.mark.parametrize("identity", IDENTITIES)
def test_each_identity_has_its_test(identity: str) -> None:
    file, found_by = IDENTITIES[identity]
    assert re.search(rf"\b{re.escape(found_by)}\b", (TESTS / file).read_text(encoding="utf-8"))


@pytest.mark.skipif(not CATALOGUE.exists(), reason="METRICS.md is not here")
def test_no_identity_is_forgotten() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    section = text[text.index("## 19.") : text.index("## 20.")]
    assert set(re.findall(r"^\| (I\d+) \|", section, re.M)) == set(IDENTITIES) | set(ELSEWHERE)
