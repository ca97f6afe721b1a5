"""The registry of metrics: every entry complete, the catalogue's names all there, and a metric of one's own."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis import registry
from hipdrive.analysis.analyse import analyse, analyse_many
from hipdrive.analysis.quality import CHECKS
from hipdrive.analysis.registry import ALIASES, METRICS, RUNS, TESTS, headline, load_plugin, metric, metrics_for
from hipdrive.errors import UsageError
from hipdrive.units import SHOWN

registry.load_builtin()
BUILT_IN = tuple(m for m in METRICS.values() if m.function.__module__.startswith("hipdrive."))
CATALOGUE = Path(__file__).resolve().parents[2] / "shared" / "METRICS.md"


@pytest.fixture
def spare() -> Iterator[None]:
    """Whatever a test registers is gone after it."""
    metrics, aliases = dict(METRICS), dict(ALIASES)
    yield
    for held, before in ((METRICS, metrics), (ALIASES, aliases)):
        held.clear()
        held.update(before)  # type: ignore[arg-type]
    metrics_for.cache_clear()


# --- every entry ---

CAPITALS = {"F0", "V0", "Pmax", "RFmax", "DRF", "F0_per_kg", "Pmax_per_kg"}
"""Fields that METRICS.md 12 writes with capitals."""


@pytest.mark.parametrize("name", [m.name for m in BUILT_IN])
def test_every_metric_is_complete(name: str) -> None:
    entry = METRICS[name]
    assert entry.name == name and name.isidentifier() and (name == name.lower() or name in CAPITALS)
    assert entry.unit in SHOWN
    assert entry.tests and entry.tests <= {*TESTS, *RUNS}
    assert entry.doc and entry.doc[0].isupper() and entry.doc.split("\n\n")[0].rstrip().endswith(".")
    assert entry.source and entry.source[0].isalpha()
    assert entry.method and entry.group != "own"
    assert not entry.repeats or entry.repeats in METRICS
    assert set(entry.headline) <= entry.tests
    assert bool(entry.labels) == (entry.unit == "class")


@pytest.mark.parametrize("test", TESTS)
def test_places_among_the_first_are_counted_without_a_gap(test: str) -> None:
    places = sorted(m.headline[test] for m in metrics_for(test) if test in m.headline)
    assert places == list(range(1, len(places) + 1)) and 4 <= len(places) <= 6
    assert len(headline(test)) == len(places)


def test_a_countermovement_jump_has_as_many_numbers_as_promised() -> None:
    """PEERS.md: more than 80, with sides."""
    assert len(analyse(simulate("cmj", seed=1)).reps[0]) > 80


def test_second_names_never_hide_a_field() -> None:
    assert not set(ALIASES) & set(METRICS)
    assert set(ALIASES.values()) <= set(METRICS)


def test_nobody_repeats_in_a_circle() -> None:
    for entry in BUILT_IN:
        seen = [entry.name]
        while METRICS[seen[-1]].repeats:
            seen.append(METRICS[seen[-1]].repeats)
            assert len(seen) == len(set(seen)), seen


# --- the catalogue ---

ELSEWHERE = {
    "_second_half": "written out as propulsive_impulse_second_half",
    "eccentric_utilisation_ratio": "over two tests of a session, not built yet",
    "prestretch_augmentation": "over two tests of a session, not built yet",
    "arm_swing_gain": "over two tests of a session, not built yet",
    "optimal_drop_height": "over three drop heights, not built yet",
    "landing_asymmetry": "asym_peak_landing_force and asym_landing_gross_impulse_100ms",
    "mean_/peak_": "the row of families: each exists under its own name",
    "second_landing_*": "the landing fields of a drop jump are those of its second landing",
}
"""Names of METRICS.md 3 to 5 that are no field, and why."""


def sections() -> str:
    """METRICS.md 3 to 5."""
    if not CATALOGUE.is_file():
        pytest.skip(f"no catalogue: {CATALOGUE} is not there")
    parts = re.split(r"^## ", CATALOGUE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return "\n".join(part for part in parts if part[:2] in ("3.", "4.", "5."))


def catalogued() -> list[str]:
    """Every Field of METRICS.md 3 to 5."""
    cells = re.findall(r"^\| (`[^|]*) \|", sections(), flags=re.MULTILINE)
    return list(dict.fromkeys(name for cell in cells for name in re.findall(r"`([^`]+)`", cell)))


def test_every_name_of_the_catalogue_is_a_metric_or_has_a_reason() -> None:
    names = catalogued()
    assert len(names) > 80
    measured = analyse(simulate("cmj", seed=1)).reps[0]
    known = {*METRICS, *ALIASES, *CHECKS, *measured.events, *ELSEWHERE}
    assert [name for name in names if name not in known] == []
    assert [name for name in ELSEWHERE if name not in names] == [], "a reason for a name that is not there"


@pytest.mark.parametrize("number", range(1, 16))
def test_every_quality_check_of_the_catalogue_exists_under_its_number(number: int) -> None:
    sections()
    text = CATALOGUE.read_text(encoding="utf-8")
    found = re.search(rf"^\| Q{number} `(\w+)`", text, flags=re.MULTILINE)
    assert found is not None
    assert CHECKS[found[1]].number == f"Q{number}"


def test_units_are_those_of_the_catalogue() -> None:
    """N·s, m/s², 1, bool, enum: one spelling here, one there."""
    spelled = {"N·s": "N*s", "kg·m/s": "kg*m/s", "enum": "class"}
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+?) \|", sections(), flags=re.MULTILINE)
    compared = 0
    for name, unit in rows:
        field = ALIASES.get(name, name)
        if field in METRICS and unit not in ("—", ""):
            assert METRICS[field].unit == spelled.get(unit, unit), name
            compared += 1
    assert compared > 60


# --- a metric of one's own ---

PLUGIN = '''
import hipdrive as hd

@hd.metric("rise_75ms", unit="N/s", tests={"cmj"}, source="this study", aliases=["early_rise"])
def rise_75ms(rep):
    """Rise of force over the first 75 ms of propulsion."""
    return (rep.at("force", "zero_velocity", 0.075) - rep.force["zero_velocity"]) / 0.075

@hd.metric("share_of_flight", unit="1", tests={"cmj", "sj"}, source="this study")
def share_of_flight(rep):
    """Flight time over all the time from the onset to touchdown."""
    return rep["flight_time"] / rep.duration("onset", "touchdown")

@hd.metric("deep_only", unit="m", tests={"cmj"}, source="this study")
def deep_only(rep):
    """Depth of deep countermovements; others are refused."""
    depth = rep["countermovement_depth"]
    rep.require(depth[:, 0] < -9.0, "undefined")
    return depth
'''


def plugin(folder: Path, text: str = PLUGIN) -> Path:
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.usefixtures("spare")
def test_a_file_of_ones_own_joins_with_uncertainty_and_reasons(tmp_path: Path) -> None:
    load_plugin(plugin(tmp_path))
    trial = simulate("cmj", seed=1)
    rep = analyse(trial).reps[0]
    low, force = rep.events["zero_velocity"].t, trial.fz.sum(axis=0)
    grid = np.arange(len(force)) / trial.rate
    early = (np.interp(low + 0.075, grid, force) - np.interp(low, grid, force)) / 0.075
    value = rep["rise_75ms"]
    assert value.value == pytest.approx(early, rel=1e-6)
    assert value.u95 > 0.0 and value.unit == "N/s"
    assert rep["early_rise"].value == value.value
    share = rep["share_of_flight"]
    assert share.value == pytest.approx(rep["ft_ct_ratio"].value / (1.0 + rep["ft_ct_ratio"].value))
    assert 0.0 < share.u95 < 0.1
    refused = rep["deep_only"]
    assert np.isnan(refused.value) and refused.code == "undefined" and refused.why
    assert "rise_75ms" not in analyse(simulate("sj", seed=1)).reps[0]
    assert analyse_many([trial], test="cmj")["rise_75ms"][0] == value.value


@pytest.mark.usefixtures("spare")
@pytest.mark.slow
def test_the_width_of_ones_own_metric_covers_its_truth(tmp_path: Path) -> None:
    load_plugin(plugin(tmp_path))
    trials = [simulate("cmj", seed=s) for s in range(60)]
    table = analyse_many(trials, test="cmj")
    exact = analyse_many([simulate("cmj", seed=s, noise=0.0, offset=0.0, rate=10_000.0) for s in range(60)], test="cmj")
    inside = np.abs(table["share_of_flight"] - exact["share_of_flight"]) <= table.u95["share_of_flight"]
    assert inside.mean() > 0.85


@pytest.mark.usefixtures("spare")
def test_running_the_same_file_again_replaces_its_metrics(tmp_path: Path) -> None:
    load_plugin(plugin(tmp_path))
    load_plugin(plugin(tmp_path, PLUGIN.replace("0.075", "0.050")))
    assert len([m for m in metrics_for("cmj") if m.name == "rise_75ms"]) == 1


WRONG = {
    "a built-in name": ('@hd.metric("flight_time", unit="s", tests={"cmj"}, source="me")', "already defined"),
    "a name with a space": ('@hd.metric("my metric", unit="s", tests={"cmj"}, source="me")', "identifier"),
    "a keyword": ('@hd.metric("class", unit="s", tests={"cmj"}, source="me")', "identifier"),
    "an unknown unit": ('@hd.metric("mine", unit="furlong", tests={"cmj"}, source="me")', "furlong"),
    "no test": ('@hd.metric("mine", unit="s", tests=set(), source="me")', "at least one test"),
}


@pytest.mark.usefixtures("spare")
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_declaration_is_refused_in_a_sentence_that_names_the_file(tmp_path: Path, case: str) -> None:
    declaration, said = WRONG[case]
    before = dict(METRICS)
    file = plugin(
        tmp_path, f'import hipdrive as hd\n\n{declaration}\ndef mine(rep):\n    """Mine."""\n    return 1.0\n'
    )
    with pytest.raises(UsageError) as refused:
        load_plugin(file)
    assert said in str(refused.value) and "mine.py" in str(refused.value) and "\n" not in str(refused.value)
    assert before == METRICS


BROKEN = {
    "syntax": ("def f(:\n", "line 1"),
    "a missing module": ("\nimport no_such_module_at_all\n", "line 2"),
    "no docstring": (
        'import hipdrive as hd\n\n\n@hd.metric("mine", unit="s", tests={"cmj"}, source="me")\n'
        "def mine(rep):\n    return 1\n",
        "docstring",
    ),
}


@pytest.mark.usefixtures("spare")
@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    text, said = BROKEN[case]
    with pytest.raises(UsageError) as refused:
        load_plugin(plugin(tmp_path, text))
    assert "mine.py" in str(refused.value) and said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py"):
        load_plugin(tmp_path / "nowhere.py")


@pytest.mark.usefixtures("spare")
def test_two_modules_cannot_share_a_name(tmp_path: Path) -> None:
    load_plugin(plugin(tmp_path))
    other = tmp_path / "other.py"
    other.write_text(PLUGIN, encoding="utf-8")
    with pytest.raises(UsageError, match="already defined"):
        load_plugin(other)


@pytest.mark.usefixtures("spare")
def test_a_metric_in_a_script_needs_no_file() -> None:
    @metric("half_of_flight", unit="s", tests={"dj"}, source="this test")
    def half_of_flight(rep):  # type: ignore[no-untyped-def]
        """Half the flight time."""
        return 0.5 * rep["flight_time"]

    rep = analyse(simulate("dj", seed=1)).reps[0]
    assert rep["half_of_flight"].value == pytest.approx(rep["flight_time"].value / 2.0)
    assert rep["half_of_flight"].u95 == pytest.approx(rep["flight_time"].u95 / 2.0)


@pytest.mark.usefixtures("spare")
@pytest.mark.parametrize("plates", [1, 2])
def test_a_metric_of_a_side_is_refused_where_one_plate_carries_both(plates: int) -> None:
    @metric("left_push", unit="N*s", tests={"cmj"}, source="this test")
    def left_push(rep):  # type: ignore[no-untyped-def]
        """Impulse of the left foot from the lowest point on, and nothing of the right."""
        return rep.left.impulse("zero_velocity", "takeoff") + 0.0 * rep.right.max("force", "onset", "takeoff")

    value = analyse(simulate("cmj", seed=1, plates=plates)).reps[0]["left_push"]
    assert value.code == ("one_plate" if plates == 1 else None)
    assert np.isnan(value.value) == (plates == 1)


def test_the_spare_fixture_leaves_nothing_behind() -> None:
    assert "rise_75ms" not in METRICS and "half_of_flight" not in METRICS
