"""Documents, tables, figures and the page: nothing lost, nothing invented, nothing executed."""

import dataclasses
import io
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis.analyse import analyse
from hipdrive.analysis.phases import PHASES
from hipdrive.errors import sentence
from hipdrive.report import checks, curves, exchange, figure, frames, html, rows, table, words
from hipdrive.report.document import document, plain, to_json
from hipdrive.report.inputs import Ask
from hipdrive.results import FLAGGED, OK, WARN, Analysis, Columns, Event, Finding, Results, Value
from hipdrive.trial import BOX, Trial
from hipdrive.units import SHOWN

EVIL = '<script>alert("x")</script>'


@pytest.fixture(scope="module", params=["cmj", "sj", "dj"])
def pair(request: pytest.FixtureRequest) -> tuple[Trial, Analysis]:
    """A simulated trial and its analysis."""
    trial = simulate(request.param, seed=1)
    return trial, analyse(trial)


def made(values: dict[str, float], units: dict[str, str], **facts: Any) -> Analysis:
    """An analysis of made-up numbers, one repetition."""
    columns = Columns(
        values={name: np.array([v]) for name, v in values.items()},
        u95={name: np.array([math.nan]) for name in values},
        units=units,
        methods=dict.fromkeys(values, "by hand"),
        codes={name: np.array(["one_plate" if math.isnan(v) else ""]) for name, v in values.items()},
        labels={"kind": ("slow", "fast")},
    )
    rep = Results(columns, 0, test="cmj", events={"takeoff": Event(1.0)})
    given: dict[str, Any] = {
        "file": "a.csv", "test": "cmj", "detected": False, "profile": "hipdrive", "status": OK, "why": None,
        "quality": (), "reps": (rep,), "summary": {}, "headline": tuple(values)[:2],
        "provenance": {"input_sha256": "00", "parameters": {}, "rate_hz": 1000.0},
    }  # fmt: skip
    return Analysis(**{**given, **facts})


MADE = made(
    {"a": 1.5, "b": math.nan, "kind": 1.0, "flag": 0.0},
    {"a": "m", "b": "N", "kind": "class", "flag": "bool"},
)


# --- document ---


def test_a_document_says_what_each_kind_of_value_is() -> None:
    numbers = document(MADE)["trials"][0]["reps"][0]["metrics"]
    assert [numbers[name]["value"] for name in ("a", "b", "kind", "flag")] == [1.5, None, "fast", False]
    assert numbers["b"]["code"] == "one_plate" and numbers["b"]["why"] and numbers["a"]["u95"] is None


def test_anything_in_a_provenance_becomes_json() -> None:
    odd = {"x": np.float64(math.inf), 3: np.arange(2), "set": {1}, "flag": np.bool_(True), "none": None}
    assert plain(odd) == {"x": None, "3": [0, 1], "set": [1], "flag": True, "none": None}


def test_file_names_that_are_no_unicode_survive() -> None:
    text = to_json(document(dataclasses.replace(MADE, file="\udcff.csv")))
    assert text.isascii() and json.loads(text)["trials"][0]["file"] == "\udcff.csv"


# --- tables ---


def test_tidy_has_one_row_for_each_number(pair: tuple[Trial, Analysis]) -> None:
    found = frames.frame(pair[1])
    assert len(found) == sum(len(rep) for rep in pair[1].reps)
    assert tuple(found.columns) == frames.TIDY
    missing = found[found["value"].isna()]
    assert missing["why"].notna().all() and missing["code"].notna().all()


def test_wide_has_one_row_a_repetition_with_headline_first(pair: tuple[Trial, Analysis]) -> None:
    found = frames.wide(pair[1])
    fields = [c for c in found.columns if c not in frames.FACTS and not c.endswith("_u95")]
    assert len(found) == len(pair[1].reps)
    assert tuple(fields[: len(pair[1].headline)]) == pair[1].headline


def test_numbers_survive_csv_and_parquet_to_the_last_digit(pair: tuple[Trial, Analysis]) -> None:
    (row,) = frames.wide_rows(pair[1])
    (back,) = frames.from_csv(frames.to_csv([row]))
    (stored,) = frames.to_arrow([row]).to_pylist()
    for field, value in pair[1].reps[0].items():
        if math.isfinite(value.value) and value.label is None and value.unit != "bool":
            assert float(back[field]) == stored[field] == value.value


def test_a_table_that_goes_on_is_left_as_it_was(pair: tuple[Trial, Analysis]) -> None:
    text = frames.to_csv(frames.wide_rows(pair[1]))
    assert frames.to_csv(frames.from_csv(text)) == text


def test_formulas_do_not_run_in_a_spreadsheet() -> None:
    for start in ("=", "+", "-", "@"):
        row = frames.wide_rows(dataclasses.replace(MADE, file=f"{start}cmd|' /C calc'!A0"))
        cell = frames.to_csv(row).splitlines()[1].split(",")[0]
        assert cell.lstrip('"').startswith("'" + start)
        assert frames.to_csv(frames.from_csv(frames.to_csv(row))) == frames.to_csv(row)


def test_negative_numbers_stay_numbers() -> None:
    (row,) = frames.from_csv(frames.to_csv(frames.wide_rows(made({"a": -1.5}, {"a": "m"}))))
    assert row["a"] == "-1.5"


def test_missing_numbers_are_named_with_their_reason() -> None:
    (row,) = frames.wide_rows(MADE)
    assert row["b"] is None and row["missing"] == "one_plate: b"


def test_a_refused_trial_keeps_its_place_in_the_table() -> None:
    refused = dataclasses.replace(MADE, reps=(), status="refused", why="no flight")
    (row,) = frames.wide_rows(refused)
    assert (row["status"], row["why"]) == ("refused", "no flight")
    assert frames.frame(refused).empty


# --- the terminal ---


def printed(*analyses: Analysis, everything: bool = False, width: int = 80) -> str:
    out = io.StringIO()
    table.show(Console(file=out, width=width, highlight=False), analyses, everything=everything)
    return out.getvalue()


def test_the_terminal_shows_each_headline_number(pair: tuple[Trial, Analysis]) -> None:
    text = printed(pair[1])
    for line in rows.headline(pair[1], pair[1].reps[0]):
        assert line.label in text and words.shown(line.value) in text
    assert "\x1b" not in text


def test_all_names_every_number_or_why_it_is_missing(pair: tuple[Trial, Analysis]) -> None:
    text = " ".join(printed(pair[1], everything=True, width=160).split())
    for line in rows.lines(pair[1].reps[0]):
        assert line.label in text
        if not line.there:
            assert line.value.why and line.value.why[1:30] in text


def test_warnings_come_with_what_to_do() -> None:
    finding = Finding("zero", WARN, 31.0, "N", "the empty plate shows 31 N", "zero the plate")
    text = printed(dataclasses.replace(MADE, status=FLAGGED, quality=(finding,)))
    assert "warning: The empty plate shows 31 N. Zero the plate. [zero]" in " ".join(text.split())


def test_several_repetitions_stand_beside_one_another() -> None:
    rep = MADE.reps[0]
    text = printed(dataclasses.replace(MADE, reps=tuple(dataclasses.replace(rep, rep=i) for i in range(1, 6))))
    assert all(f"rep {i}" in text for i in range(1, 6)) and max(map(len, text.splitlines())) <= 80


def test_a_long_file_name_leaves_the_title_whole() -> None:
    name = "2026-03-14_Anna-Lena_Musterfrau_CMJ_session_3_hands_on_hips.csv"
    lines = printed(dataclasses.replace(MADE, file=name, detected=True)).splitlines()
    assert [line.rstrip() for line in lines[:2]] == [name, "  Countermovement jump (detected)  ok"]


def several() -> Analysis:
    """A trial of several repetitions, whose second one is the best."""
    trials = [simulate("cmj", seed=seed, mass=70.0, offset=0.0) for seed in range(3)]
    low, middle, high = sorted(trials, key=lambda one: one.truth["jump_height_tov"] if one.truth else 0.0)
    trials = [low, high, middle]
    joined = Trial.from_forces(np.concatenate([t.fz for t in trials], axis=1), 1000.0, ("left", "right"))
    return analyse(joined)


def test_the_best_repetition_is_marked() -> None:
    analysis = several()
    assert rows.best(analysis) == 2 and analysis.summary["jump_height_tov_best"].value == (
        analysis.reps[1]["jump_height_tov"].value)  # fmt: skip
    text = printed(analysis)
    line = next(line for line in text.splitlines() if "best" in line)
    assert line.index("best") == text.splitlines()[text.splitlines().index(line) - 1].index("rep 2")
    page = Page(html.page([(simulate("cmj"), analysis)])).text
    assert " ".join(page.split()).count("2 best") == 2 and "Repetition 2 best" in " ".join(page.split())
    assert rows.best(MADE) == rows.best(analyse(simulate("cmj", seed=1))) == 0


def test_several_repetitions_say_once_why_numbers_are_missing() -> None:
    trials = [simulate("dj", seed=seed, settle=0.3, offset=0.0) for seed in range(3)]
    trial = Trial.from_forces(np.concatenate([t.fz for t in trials], axis=1), 1000.0, ("left", "right"))
    analysis = analyse(trial)
    told = " ".join(printed(analysis).split())
    assert told.count("Not given: Drop height, Jump height. No weight: no still second") == 1
    assert told.count("warning (reps 1, 2, 3): 2 of the first numbers are missing.") == 1
    assert "Drop height, Jump height: No weight: no still second" in Page(html.page([(trial, analysis)])).text


def test_a_reason_of_some_repetitions_names_them() -> None:
    rep = MADE.reps[0]
    whole = made({"a": 1.5, "b": 2.0}, {"a": "m", "b": "N"}).reps[0]
    reps = tuple(dataclasses.replace(one, rep=i) for i, one in enumerate((rep, whole, rep), 1))
    analysis = dataclasses.replace(MADE, reps=reps)
    assert list(rows.missing_over(analysis).values()) == [["B (reps 1, 3)"]]


def test_all_cuts_no_method_at_80_columns(pair: tuple[Trial, Analysis]) -> None:
    text = printed(pair[1], everything=True)
    assert max(map(len, text.splitlines())) <= 80
    told = text.split()
    for line in rows.lines(pair[1].reps[0]):
        if line.there:
            assert set(words.method(line.value.method).split()) <= set(told), line.field


def test_an_index_says_which_side_is_larger(pair: tuple[Trial, Analysis]) -> None:
    index = pair[1].reps[0]["asym_peak_landing_force"]
    side = "left" if index.value > 0 else "right"
    assert f"{abs(index.value):.1f} %, {side} larger" in printed(pair[1], everything=True)
    assert words.larger(index) in Page(html.page([pair])).text


def test_a_force_over_weight_says_so(pair: tuple[Trial, Analysis]) -> None:
    value = pair[1].reps[0]["peak_landing_force_rel"]
    assert words.shown(value).endswith("× weight") and value.unit == "1"
    assert words.shown(value) in printed(pair[1], everything=True)


@pytest.mark.parametrize(("code", "check"), rows.CAUSES.items())
def test_a_refusal_is_told_once(code: str, check: str) -> None:
    finding = Finding(check, "fail", 9.0, "N", "the same in other words", "and the same remedy")
    why = sentence(code)
    refused = dataclasses.replace(MADE, status="refused", why=why, code=code, quality=(finding,),
                                  reps=(dataclasses.replace(MADE.reps[0], status="refused", why=why),))  # fmt: skip
    assert "in other words" not in printed(refused) and "in other words" in printed(refused, everything=True)
    page = html.page([(simulate("cmj"), refused)])
    assert "in other words" not in page and page.count(why) == 1
    assert "in other words" in printed(dataclasses.replace(refused, code="no_flight"))


def test_check_says_a_reason_once(tmp_path: Path) -> None:
    trial = simulate("cmj", seed=4)
    exchange.save(Trial.from_forces(np.minimum(trial.fz, 700.0), 1000.0, trial.plates), tmp_path / "a.csv")
    out = io.StringIO()
    assert not checks.show(tmp_path / "a.csv", Ask(), Console(file=out, width=300, highlight=False))
    assert out.getvalue().count("larger range") == 1 and "failed: " in out.getvalue()


def test_a_reason_is_not_repeated_line_by_line() -> None:
    missing = made({"a": math.nan, "b": math.nan}, {"a": "m", "b": "N"})
    assert " ".join(printed(missing).split()).count("needs two plates") == 1


def test_methods_are_words() -> None:
    """No name of the code, and no operator without its spaces, reaches a coach."""
    from hipdrive.analysis import registry

    registry.load_builtin()
    for metric in registry.METRICS.values():
        told = words.method(metric.method)
        assert "_" not in told and ("/" in metric.method or told != metric.method.replace("_", " ")), metric.name
        assert "/" not in told.replace(" / ", "") and " tov" not in told and "takeoff" not in told


# --- curves and figures ---


@pytest.mark.parametrize("size", [0, 1, 2, 999, 1401, 60_000])
def test_thinning_keeps_ends_and_extremes(size: int) -> None:
    values = np.random.default_rng(0).normal(size=size)
    at = curves.thin(values, 700)
    assert len(at) <= 2 * 700 + 2 and np.all(np.diff(at) > 0)
    if size:
        assert at[0] == 0 and at[-1] == size - 1
        assert values[at].max() == values.max() and values[at].min() == values.min()


def test_the_drawn_velocity_is_that_of_the_numbers(pair: tuple[Trial, Analysis]) -> None:
    trial, analysis = pair
    rep = analysis.reps[0]
    line = curves.velocity(trial, rep, curves.total(trial))
    assert line is not None
    drawn = np.interp(rep.events["takeoff"].t, line.t, line.y)
    assert drawn == pytest.approx(rep["takeoff_velocity"].value, abs=0.05)


def test_force_under_the_box_is_not_the_athletes_contact() -> None:
    trial = simulate("dj", seed=1, box_plate=True)
    assert BOX in trial.plates
    assert np.array_equal(curves.total(trial), trial.fz[0] + trial.fz[1])


def test_a_figure_names_phases_events_and_units(pair: tuple[Trial, Analysis]) -> None:
    trial, analysis = pair
    rep = analysis.reps[0]
    svg = figure.repetition(trial, rep)
    for phase in PHASES[analysis.test]:
        assert f">{phase.name}<" in svg
        assert f">{words.event_label(phase.start)}<" in svg
    for text in ("force, N", "velocity, m/s", "time, s", "times weight", "total", "left", "right"):
        assert f">{text}<" in svg
    start, end = curves.window(trial, rep)
    ticks = [text for text in re.findall(r">(\d\.\d+)<", svg) if start < float(text) < end]
    assert len({tick for tick in ticks if ticks.count(tick) >= 2}) >= 3, "the times stand under both curves"


def test_a_figure_of_a_repetition_without_weight_or_events() -> None:
    trial = Trial.from_forces(np.ones(3000), 1000.0)
    assert "velocity" not in figure.repetition(trial, MADE.reps[0])
    bare = dataclasses.replace(MADE.reps[0], events={})
    assert figure.repetition(trial, bare).startswith("<svg")


def test_the_same_trial_gives_the_same_figure(pair: tuple[Trial, Analysis]) -> None:
    trial, analysis = pair
    assert figure.repetition(trial, analysis.reps[0]) == figure.repetition(trial, analysis.reps[0])


# --- the page ---


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_holds_every_number_with_unit_u95_and_method(pair: tuple[Trial, Analysis]) -> None:
    page = Page(html.page([pair]))
    for line in rows.lines(pair[1].reps[0]):
        number, u95, unit = words.parts(line.value)
        assert line.label in page.text and line.field in page.text
        for told in (number.replace("-", "−"), u95, unit, words.method(line.value.method) if line.there else ""):
            assert told in page.text
        if not line.there:
            assert line.value.why and line.value.why in page.text


def test_a_page_loads_and_runs_nothing(pair: tuple[Trial, Analysis]) -> None:
    text = html.page([pair])
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert value is not None and value.startswith("#")
    assert "http:" not in text and "https:" not in text and "url(" not in text.replace("url(#", "")
    assert "@import" not in text and "default-src 'none'" in text


def test_a_page_escapes_whatever_comes_from_a_file() -> None:
    trial = simulate("cmj", seed=1).with_facts(
        athlete=EVIL, file=f"{EVIL}.csv", side=EVIL, created=EVIL, notes=(EVIL, '" onload="x')
    )
    finding = Finding("zero", WARN, 31.0, EVIL, EVIL, EVIL)
    analysis = analyse(trial)
    hostile = dataclasses.replace(
        analysis, file=f"{EVIL}.csv", profile=EVIL, why=EVIL, quality=(*analysis.quality, finding),
        provenance={**analysis.provenance, EVIL: EVIL},
    )  # fmt: skip
    text = html.page([(trial, hostile)], title=EVIL)
    assert "<script" not in text and "script" not in Page(text).tags
    assert "alert(" in Page(text).text and not [n for n, _ in Page(text).attributes if n.startswith("on")]


def test_a_page_of_a_refused_trial_says_why() -> None:
    trial = Trial.from_forces(np.random.default_rng(0).normal(700, 2, (1, 5000)), 1000.0, file="still.csv")
    text = Page(html.page([(trial, analyse(trial))])).text
    assert "No numbers from this record" in text and "still.csv" in text


def test_a_minute_of_recording_is_a_small_page() -> None:
    trial = simulate("cmj", seed=1, rate=2000.0, settle=58.0)
    assert trial.duration > 58
    text = html.page([(trial, analyse(trial))])
    assert len(text) < 400_000 and "whole record, s" in text


def test_a_page_of_several_repetitions_begins_with_all_of_them() -> None:
    trial = simulate("cmj", seed=1)
    analysis = analyse(trial)
    several = dataclasses.replace(
        analysis, reps=tuple(dataclasses.replace(analysis.reps[0], rep=i) for i in (1, 2, 3)),
        summary={f"{analysis.headline[0]}_mean": Value(0.3, "m", 0.01, "mean")},
    )  # fmt: skip
    page = Page(html.page([(trial, several)]))
    assert page.text.index("3 repetitions") < page.text.index("Repetition 1") < page.text.index("Repetition 3")
    assert "30" in page.text


def test_a_page_of_nothing_is_a_page() -> None:
    assert html.page([]).startswith("<!DOCTYPE html>")


# --- words ---


def test_every_unit_can_be_shown() -> None:
    for unit in SHOWN:
        assert words.parts(Value(1.5, unit, 0.1)).number
        assert words.parts(Value(math.nan, unit, code="undefined", why="x")).number == ""


def test_every_field_of_the_registry_has_its_own_words() -> None:
    from hipdrive.analysis import registry

    registry.load_builtin()
    labels = [words.label(name) for name in registry.METRICS]
    assert len(set(labels)) == len(labels)
    assert not [text for text in labels if "_" in text]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to draw the page")
def test_no_card_is_cut_on_a_narrow_screen(pair: tuple[Trial, Analysis], tmp_path: Path) -> None:
    """The right margin of a page 400 px wide is empty, beside every card."""
    (tmp_path / "a.html").write_text(html.page([pair]), encoding="utf-8")
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=400,650",
         f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={tmp_path / 'a.png'}", f"file://{tmp_path}/a.html"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    drawn = imread(tmp_path / "a.png")
    assert drawn.shape[:2] == (650, 400)
    assert np.ptp(drawn[:, 388:, :3]) < 0.02 < np.ptp(drawn[:, :388, :3])
