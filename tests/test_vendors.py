"""Vendors' names: every one of the shared list has a field of ours or a reason, the fields exist, the units fit."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipdrive import cli
from hipdrive.analysis import registry
from hipdrive.analysis.registry import stem, unit_of
from hipdrive.report import vendors

SHARED = Path(__file__).resolve().parents[2] / "shared" / "VENDOR_METRIC_NAMES.md"
if not SHARED.exists():
    SHARED = Path("/work/shared/VENDOR_METRIC_NAMES.md")
needs_list = pytest.mark.skipif(not SHARED.exists(), reason="the shared list of names is not here")

PENDING = {"cmj_rebound", "hops", "landing", "isometric"}
"""Tests whose names are mapped but which this version does not analyse yet; none that it does may stand here."""


def pending() -> set[str]:
    return PENDING - set(registry.TESTS)


def hawkin(text: str) -> Iterator[tuple[str, str, str]]:
    """(list, name, unit) of the rows `Name [unit]; ...` under each heading."""
    for title, body in re.findall(r"^## (.+?): \d+ distinct labels[^\n]*\n\n([^\n]+)", text, re.M):
        for part in body.rstrip(".").split("; "):
            name, _, unit = part.strip().rpartition(" [")
            yield title, name, unit.removesuffix("]")


def vald(text: str) -> Iterator[tuple[str, str]]:
    """(list, name) of the lines `LIST: name; name; ...` of the last section."""
    section = text[text.index("## VALD") :]
    for line in re.findall(r"^((?:CMJ|DJ|IMTP|Hop test): .+)$", section, re.M):
        for sentence in re.split(r"(?<=[.]) (?=PPU:)", line):
            title, _, body = sentence.partition(": ")
            for part in re.split(r", (?=eccentric peak|asymmetries)", body) if title == "PPU" else body.split("; "):
                yield title, part.strip().rstrip(".")


def known_fields() -> set[str]:
    """Fields with their sides, indices and the means over repetitions."""
    registry.load_builtin()
    found = set(registry.METRICS) | set(registry.ALIASES)
    for metric in registry.METRICS.values():
        if metric.sides:
            found |= {f"{metric.name}_left", f"{metric.name}_right", f"asym_{metric.name}"}
    return found | {f"{name}_mean" for test in registry.TESTS for name in registry.headline(test)}


@needs_list
def test_every_name_is_mapped_or_has_its_reason() -> None:
    text = SHARED.read_text(encoding="utf-8")
    wanted = [("Hawkin Dynamics", *row) for row in hawkin(text)]
    wanted += [("VALD ForceDecks", *row, "") for row in vald(text)]
    assert len(wanted) > 440
    assert sorted(wanted) == sorted((one.vendor, one.list, one.name, one.unit) for one in vendors.names())


def test_every_name_has_fields_or_says_why_not() -> None:
    for one in vendors.names():
        assert one.fields or len(one.note) > 10, one
    without = [one for one in vendors.names() if not one.fields]
    assert len(without) < 20, "the list is there to be covered"


def test_every_mapped_field_exists_in_the_test_it_is_mapped_for() -> None:
    known = known_fields()
    for one in vendors.names():
        if one.test in pending():
            continue
        for field in one.fields:
            assert field in known, (one, field)
            base = registry.METRICS.get(stem(registry.ALIASES.get(field, field)).removesuffix("_mean"))
            assert base is None or one.test in base.tests, (one, field)


def test_nothing_is_pending_that_is_there() -> None:
    assert pending().isdisjoint(registry.TESTS)
    assert {one.test for one in vendors.names() if one.test} <= PENDING | set(registry.TESTS)


def test_units_fit() -> None:
    """cm is not m, and a share of one is not a percentage: each pair of units has its factor."""
    known = known_fields()
    for one in vendors.names():
        for field in one.fields:
            if one.unit and one.test not in pending() and field in known:
                ours = unit_of(registry.ALIASES.get(field, field).removesuffix("_mean"))
                assert vendors.factor(ours, one.unit) is not None, (one, ours)


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["metrics", "--vendor", "--test", "cmj"]) == 0
    told = capsys.readouterr().out
    assert "Hawkin Dynamics: Countermovement Jump" in told and "Drop Jump" not in told
    assert "Countermovement Depth [m]: countermovement_depth" in told
    assert cli.run(["metrics", "--vendor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["names"]) == len(vendors.names())
