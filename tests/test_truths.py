"""Every simulated truth through the command line: `simulate --truth`, `analyse --json`, number by number."""

import json
from pathlib import Path
from typing import Any

import pytest

from hipdrive import cli
from hipdrive.analysis.registry import TESTS

FLAT = {"iso_time_to_peak": 0.15}
"""s: where on a plateau the largest sample lies is the noise's choice, and no width is stated for it."""


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert cli.run(arguments) == 0, capsys.readouterr().err
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def near(name: str, number: dict[str, Any], truth: float) -> None:
    """Within three times what the number itself states; without a width, within 3 % or a hundredth of its unit."""
    slack = max(0.03 * abs(truth), FLAT.get(name, 0.01))
    if number["u95"] is not None:
        slack = max(3.0 * number["u95"], 1e-9)
    assert abs(number["value"] - truth) <= slack, (name, number, truth)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("test", TESTS)
def test_truths_hold_through_the_command_line(
    test: str, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trial, answers = tmp_path / "trial.csv", tmp_path / "truth.json"
    assert cli.run(["simulate", test, str(trial), "--seed", str(seed), "--truth", str(answers)]) == 0
    capsys.readouterr()
    truth = json.loads(answers.read_text(encoding="utf-8"))
    document = said(["analyse", str(trial), "--json"], capsys)["trials"]
    assert [(one["test"], one["detected"]) for one in document] == [(test, True)], "found by itself"
    reps, summary = document[0]["reps"], document[0]["summary"]["metrics"]
    assert reps and all(rep["status"] != "refused" for rep in reps)
    values = truth.get("values", truth)
    seen = 0
    for name, value in values.items():
        number = summary.get(name) or reps[0]["metrics"].get(name)
        if number is None or number["value"] is None or isinstance(number["value"], (bool, str)):
            continue
        if len(reps) == 1 or name in summary:
            near(name, number, value)
            seen += 1
    assert seen >= 5
