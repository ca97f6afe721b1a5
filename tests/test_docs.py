"""The pages keep up with the code: the table of metrics, names in the text, links, the README's commands.

python tests/test_docs.py          writes docs/metrics.md, vendors.md and coverage.md anew from the registry
"""

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

import metric_coverage
import pytest

from hipdrive import cli
from hipdrive.analysis import registry
from hipdrive.analysis.profile import PROFILES, Profile, load_profile
from hipdrive.analysis.quality import CHECKS
from hipdrive.analysis.registry import Metric
from hipdrive.errors import REASONS
from hipdrive.report import vendors
from hipdrive.report.catalogue import sentence

ROOT = Path(__file__).resolve().parents[1]


PAGE = ROOT / "docs" / "metrics.md"
VENDORS = ROOT / "docs" / "vendors.md"
COVERAGE = ROOT / "docs" / "coverage.md"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
COMMAND = "python tests/test_docs.py"

EVERY = (*registry.TESTS, *registry.RUNS)

INTRODUCTION = f"""# Metrics, parameters, checks, reasons

Made from the code by `{COMMAND}`; a test compares the two. `hipdrive metrics` prints the first part.

- Units are SI. The printed table and the report show cm and ms; files and scripts never do.
- *Sides*: with plates called `left` and `right` the field also exists as `<field>_left`, `<field>_right` and
  `asym_<field>`, 100·(L − R)/(L + R) in %. Peaks of a side are read at the instant of the total's peak.
- *First*: the place among the numbers shown first, by test.
- *Repeats*: the same fact in another form; a page shows one of them.
- `METRICS.md 3` in a source means: derived from mechanics in section 3 of the project's catalogue of metrics.
- Of several repetitions the summary holds `_mean`, `_sd`, `_cv` and `_best` of each number shown first.
  `_best` are the numbers of one repetition: the highest jump (drop jump: the largest `rsi_jh`).
"""


# --- docs/metrics.md ---


def built_in() -> list[Metric]:
    """Our own metrics: others may have joined the registry in this process."""
    registry.load_builtin()
    return [m for m in registry.METRICS.values() if m.function.__module__.startswith("hipdrive.")]


def page() -> str:
    """The whole of docs/metrics.md."""
    found = built_in()
    parts = [INTRODUCTION, f"## Metrics\n\n{len(found)} fields."]
    for group in dict.fromkeys(m.group for m in found):
        parts.append(f"### {group.capitalize()}\n\n" + metric_table(m for m in found if m.group == group))
    parts += ["## Parameters by profile\n\nAn empty cell is the value of `hipdrive`. "
              "[How a trial is analysed](analysis.md) says what each decides.\n\n" + profile_table(),
              "## Checks\n\n`Q` is the number in the project's catalogue.\n\n" + check_table(),
              "## Reasons\n\nWhy a number is missing or a trial refused.\n\n" + reason_table()]  # fmt: skip
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def metric_table(found: Iterable[Metric]) -> str:
    second = {name: [a for a, field in registry.ALIASES.items() if field == name] for name in registry.METRICS}
    rows = [
        (
            ", also ".join(f"`{name}`" for name in (m.name, *second[m.name])),
            m.unit, made_in(m), sentence(m) + classes(m), m.source, "yes" if m.sides else "",
            ", ".join(f"{test} {m.headline[test]}" for test in EVERY if test in m.headline),
            f"`{m.repeats}`" if m.repeats else "",
        )
        for m in found
    ]  # fmt: skip
    return table(("Field", "Unit", "Tests", "What it is", "Source", "Sides", "First", "Repeats"), rows)


def made_in(metric: Metric) -> str:
    return " ".join(test for test in EVERY if test in metric.tests)


def classes(metric: Metric) -> str:
    return f" ({', '.join(f'{i}: {label}' for i, label in enumerate(metric.labels))})" if metric.labels else ""


def profile_table() -> str:
    profiles = [load_profile(name) for name in PROFILES]
    usual = profiles[0].parameters()
    rows = []
    for name in usual:
        others = [p.parameters()[name] for p in profiles[1:]]
        rows.append((f"`{name}`", shown(usual[name]), *("" if v == usual[name] else shown(v) for v in others)))
    return table(("Parameter", *(f"`{name}`" for name in PROFILES)), rows)


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) and value != 9.80665 else str(value)


def check_table() -> str:
    rows = [(f"`{c.name}`", c.number, c.unit, c.message.format("…"), c.remedy) for c in CHECKS.values()]
    return table(("Check", "Q", "Unit", "What it says", "What to do"), rows)


def reason_table() -> str:
    return table(("Code", "Sentence"), [(f"`{code}`", text) for code, text in REASONS.items()])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def test_the_table_of_metrics_is_what_the_registry_says() -> None:
    """In a process of its own: other tests import modules of metrics out of their order."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = subprocess.run([sys.executable, __file__, "--print"], env=environment, capture_output=True, check=True)
    fresh = told.stdout.decode("utf-8").replace("\r\n", "\n")
    assert PAGE.read_text(encoding="utf-8") == fresh, f"docs/metrics.md is out of date; write it with `{COMMAND}`"


# --- docs/vendors.md, docs/coverage.md ---

THEIRS = f"""# What other systems call these numbers

Made from `hipdrive/report/vendors.csv` by `{COMMAND}`; `hipdrive metrics --vendor` prints it. The vendors'
definitions are theirs and not always published: a line says which field of ours means the same, not that the two agree
to the last digit. The vendor's unit is in brackets; ours are SI (a share of 1 for a percentage of weight, s for ms).
L/R indices of ours are 100·(L − R)/(L + R), positive where the left is higher; vendors also divide by the
larger side or the mean.
"""


def vendor_page() -> str:
    """The whole of docs/vendors.md."""
    parts = [THEIRS]
    for title in dict.fromkeys((one.vendor, one.list) for one in vendors.names()):
        found = [one for one in vendors.names() if (one.vendor, one.list) == title]
        rows = [(one.name + (f" [{one.unit}]" if one.unit else ""), " ".join(f"`{f}`" for f in one.fields) or "none",
                 one.note) for one in found]  # fmt: skip
        parts.append(f"## {title[0]}: {title[1]}\n\n" + table(("Their name", "Field", "Note"), rows))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def test_the_page_of_vendors_names_is_what_the_table_says() -> None:
    assert VENDORS.read_text(encoding="utf-8") == vendor_page(), f"out of date; write it with `{COMMAND}`"


@pytest.mark.skipif(not metric_coverage.SHARED.exists(), reason="METRICS.md is not here")
def test_the_page_of_coverage_is_what_the_registry_says() -> None:
    assert COVERAGE.read_text(encoding="utf-8") == metric_coverage.page(), f"out of date; write it with `{COMMAND}`"


# --- names, links ---


def test_every_parameter_is_explained() -> None:
    text = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", text))
    missing = [f.name for f in dataclasses.fields(Profile) if f.name != "name" and f.name not in named]
    assert not missing, f"docs/analysis.md does not say what these parameters decide: {', '.join(missing)}"


def links(text: str) -> Iterator[str]:
    """Targets of the links of a page that lead to a file of ours."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://", "#")):
            yield unquote(target.partition("#")[0])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    dead = [link for link in links(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()]
    assert not dead


def test_every_page_is_linked_from_the_readme() -> None:
    linked = set(links((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= linked


def test_the_layout_names_what_is_there() -> None:
    """Each line of the layout is a path, and each part of the package has its line."""
    paths = re.findall(r"^(\S+) {2,}\S", section("Layout"), re.M)
    assert [name for name in paths if not (ROOT / name).exists()] == []
    parts = {f"hipdrive/{p.name}" for p in (ROOT / "hipdrive").iterdir() if p.name.strip("_") == p.name}
    parts = {name for name in parts if not name.endswith((".typed", ".pyc"))}
    assert parts <= set(paths)


# --- the README's commands ---


def section(title: str) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"README.md has no section `## {title}`"
    return str(found[1])


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language in `## Use`."""
    return re.findall(rf"^```{language}\n(.*?)^```", section("Use"), re.M | re.S)


def commands(*, filmed: bool) -> list[list[str]]:
    """The hipdrive commands of `## Use`, in order: those about clips, which need networks, or all others."""
    words = [shlex.split(line, comments=True) for block in blocks("console") for line in block.splitlines()]
    return [line for line in words if line and filmed == any("filmed" in word for word in line)]


@pytest.fixture
def own_registry() -> Iterator[None]:
    """What a test adds to the list of metrics is gone after it."""
    metrics, aliases = dict(registry.METRICS), dict(registry.ALIASES)
    yield
    for held, before in ((registry.METRICS, metrics), (registry.ALIASES, aliases)):
        held.clear()
        held.update(before)  # type: ignore[arg-type]
    registry.metrics_for.cache_clear()


@pytest.mark.usefixtures("own_registry")
def test_the_commands_of_the_readme_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(plugin(), encoding="utf-8")
    told = ""
    for command in commands(filmed=False):
        assert command[0] == "hipdrive"
        code = cli.run(command[1:])
        answer = capsys.readouterr()
        assert code == 0, f"{shlex.join(command)}\n{answer.err}"
        told += answer.out
    printed = {" ".join(line.split()) for line in told.splitlines()}
    promised = {" ".join(line.split()) for block in blocks("text") for line in block.splitlines()}
    assert promised
    assert promised <= printed


@pytest.mark.slow
def test_the_commands_of_the_readme_about_clips_work(
    pose_networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = commands(filmed=True)
    assert len(listed) >= 3
    for command in listed:
        code = cli.run(command[1:])
        answer = capsys.readouterr()
        assert code == 0, f"{shlex.join(command)}\n{answer.err}"
    assert (tmp_path / "drawn.mp4").stat().st_size > 10_000


def plugin() -> str:
    """The metric of one's own that the README shows."""
    return next(block for block in blocks("python") if "@hd.metric" in block)


def test_the_metric_of_the_readme_is_a_script_too(tmp_path: Path) -> None:
    """In a process of its own: this registry stays as it is."""
    script = tmp_path / "mine.py"
    script.write_text(
        plugin() + '\nv = hd.analyse(hd.simulate("cmj", seed=1)).reps[0]["late_push"]\nprint(v.value, v.u95)\n',
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    value, width = map(float, answer.stdout.split())
    assert 0 < width < value


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.buffer.write(page().encode("utf-8"))
        sys.exit()
    PAGE.write_text(page(), encoding="utf-8")
    VENDORS.write_text(vendor_page(), encoding="utf-8")
    if metric_coverage.SHARED.exists():
        COVERAGE.write_text(metric_coverage.page(), encoding="utf-8")
    print(f"written: {PAGE}, {VENDORS}, {COVERAGE}")
