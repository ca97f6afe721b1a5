"""The JSON document keeps the contract that scripts outside the project depend on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hipdrive import cli
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.report import exchange
from hipdrive.report.document import document, to_json
from hipdrive.trial import Trial

CHECK = Path(__file__).resolve().parents[2] / "shared" / "checks" / "contract.py"


def kept(text: str, tmp_path: Path) -> str:
    """What the contract's own check says about a document."""
    if not CHECK.is_file():
        pytest.skip(f"the contract's check is not here: {CHECK}")
    path = tmp_path / "document.json"
    path.write_text(text, "ascii")
    done = subprocess.run([sys.executable, str(CHECK), str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("test", ["cmj", "sj", "dj", "isometric"])
@pytest.mark.parametrize("settings", [{}, {"plates": 1}, {"rate": 250.0}, {"settle": 0.2}, {"noise": 12.0}])
def test_every_kind_of_trial_keeps_the_contract(test: str, settings: dict[str, Any], tmp_path: Path) -> None:
    told = kept(to_json(document(analyse(simulate(test, seed=2, **settings)))), tmp_path)
    assert told.startswith("kept: 1 trials")


def test_the_command_line_keeps_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for test in ("cmj", "sj", "dj"):
        exchange.save(simulate(test, seed=1), tmp_path / f"{test}.csv")
    empty = Trial.from_forces(np.zeros((2, 3000)), 1000.0, ("left", "right"))
    (tmp_path / "empty.csv").write_text(exchange.to_csv(empty))
    assert cli.run(["analyse", str(tmp_path), "--json", "--profile", "hipdrive", "--profile", "mcmahon2018"]) == 1
    assert kept(capsys.readouterr().out, tmp_path).startswith("kept: 8 trials")


def test_the_document_is_strict_json_with_reasons() -> None:
    text = to_json(document(analyse(simulate("cmj", seed=1, plates=1, settle=0.1))))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (trial,) = json.loads(text, parse_constant=refuse)["trials"]
    missing = {name: m for name, m in trial["reps"][0]["metrics"].items() if m["value"] is None}
    assert missing and all(m["why"] and m["code"] for m in missing.values())
    assert not any(m["why"] for name, m in trial["reps"][0]["metrics"].items() if name not in missing)


def test_classes_are_labels_and_flags_are_true_or_false() -> None:
    numbers = document(analyse(simulate("dj", seed=1)))["trials"][0]["reps"][0]["metrics"]
    assert numbers["ssc_class"]["value"] in ("fast", "slow")
    assert numbers["impact_peak_flag"]["value"] in (True, False)
