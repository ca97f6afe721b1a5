"""The command line: what it prints where, what it ends with, and that it never shows a traceback."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import hipdrive
from hipdrive import cli, store
from hipdrive.acquisition.formats.reading import read
from hipdrive.acquisition.simulated.athlete import simulate
from hipdrive.analysis import registry
from hipdrive.analysis.analyse import analyse
from hipdrive.report import exchange
from hipdrive.trial import Trial

ROOT = Path(__file__).resolve().parents[1]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> Outcome:
        code = cli.run([str(one) for one in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Outcome(code, out, err)

    return command


def subprocess_run(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "hipdrive", *map(str, arguments)], cwd=cwd, capture_output=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


def jump(path: Path, test: str = "cmj", seed: int = 1, **settings: Any) -> Path:
    """A simulated jump in a CSV or .h5 file."""
    exchange.save(simulate(test, seed=seed, **settings), path)
    return path


def flat(path: Path) -> Path:
    """A record in which nobody jumps."""
    rng = np.random.default_rng(0)
    force = np.vstack([350 + rng.normal(0, 1, 4000)] * 2)
    path.write_text(exchange.to_csv(Trial.from_forces(force, 1000.0, ("left", "right"))), "utf-8")
    return path


def one_sentence(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and text.strip() != ""


# --- help and wrong use ---


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"hipdrive {hipdrive.__version__}\n", "")


@pytest.mark.parametrize("arguments", [("-h",), ("--help",)])
def test_help_names_every_command(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 0
    for command in ("analyse", "report", "check", "convert", "metrics", "simulate", "demo", "gui"):
        assert command in done.out


@pytest.mark.parametrize(
    ("arguments", "files"), [((), ()), (("gui",), ()), (("gui", "a.h5", "b.csv"), ("a.h5", "b.csv"))]
)
def test_the_window_opens_with_the_files_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], files: tuple[str, ...]
) -> None:
    from hipdrive.gui import app

    shown: list[tuple[str, ...]] = []

    def show(named: Sequence[Path] = (), ask: object = None) -> int:
        shown.append(tuple(map(str, named)))
        return 0

    monkeypatch.setattr(app, "run", show)
    assert run(*arguments).code == 0
    assert shown == [files]


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyse",),
        ("analyse", "--bogus", "a.csv"),
        ("nonsense",),
        ("analyse", "a.csv", "--mass", "heavy"),
        ("analyse", "a.csv", "--test", "handstand"),
        ("analyse", "a.csv", "--side", "top"),
        ("analyse", "a.csv", "--profile", "nobody"),
        ("analyse", "a.csv", "--set", "onset_sds"),
        ("analyse", "a.csv", "--set", "no_such_parameter=3"),
        ("analyse", "a.csv", "--set", "onset_sds=many"),
        ("analyse", "a.csv", "--columns", "left.fz"),
        ("analyse", "a.csv", "--columns", "left.sweat=FP1"),
        ("analyse", "a.csv", "--mass", "-80"),
        ("analyse", "a.csv", "--json", "--csv"),
        ("analyse", "a.csv", "--csv", "--out", "x.json"),
        ("analyse", "a.csv", "--out", "x.txt"),
        ("analyse", "a.csv", "--parquet"),
        ("analyse", "a.csv", "--out", "nowhere/x.json"),
        ("analyse", "a.csv", "--out", "a.csv"),
        ("analyse", "a.csv", "--save"),
        ("analyse", "a.csv", "--plugin", "none.py"),
        ("convert", "a.csv", "--to", "xls"),
        ("convert", "a.csv", "--to", "h5", "--out", "b.csv"),
        ("convert", "a.csv", "--to", "csv"),
        ("metrics", "--test", "handstand"),
        ("simulate", "handstand", "b.csv"),
        ("simulate", "cmj", "b.txt"),
        ("simulate", "cmj", "a.csv"),
        ("simulate", "cmj", "b.csv", "--plates", "7"),
        ("simulate", "cmj", "b.csv", "--mass", "-70"),
        ("simulate", "cmj", "b.csv", "--mass", "nan"),
        ("simulate", "cmj", "b.csv", "--noise", "-1"),
        ("simulate", "cmj", "b.csv", "--rate", "0"),
        ("simulate", "cmj", "nowhere/b.csv"),
        ("simulate", "cmj", "b.csv", "--truth", "b.csv"),
        ("report", "a.csv", "--out", "a.csv"),
        ("report", "a.csv", "b.csv", "--out", "one.html"),
        ("demo", "--out", "a.csv"),
    ],
)
def test_wrong_use_is_a_sentence_and_2(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    before = jump(tmp_path / "a.csv").read_bytes()
    done = run(*arguments)
    assert done.code == 2 and one_sentence(done.err), done
    assert done.out == ""
    assert (tmp_path / "a.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


# --- analyse ---


def test_table_shows_headline_numbers_with_unit_u95_and_method(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), "--test", "cmj")
    assert done.code == 0 and done.err == ""
    assert "Countermovement jump" in done.out
    height = next(line for line in done.out.splitlines() if line.strip().startswith("Jump height"))
    assert "±" in height and " cm " in height and len(height.split("cm")[1].strip()) > 3
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_side_is_not_taken_in_silence(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), "--side", "left")
    assert done.code == 0 and "other leg" in done.out and "--side" in done.out
    done = run("analyse", jump(tmp_path / "b.csv", left_share=1.0), "--side", "left", "--json")
    assert json.loads(done.out)["trials"][0]["status"] == "ok"


def test_all_shows_every_field_or_its_reason(run: Run, tmp_path: Path) -> None:
    few, everything = (run("analyse", jump(tmp_path / "a.csv"), *more).out for more in ([], ["--all"]))
    assert len(everything) > 3 * len(few)
    assert "left" in everything and "right" in everything and "Events:" in everything


def test_json_goes_to_stdout_alone(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv", "dj"), "--json")
    assert done.code == 0 and done.err == ""
    (trial,) = done.document["trials"]
    assert trial["test"] == "dj" and trial["detected"] and trial["reps"][0]["metrics"]["rsi_jh"]["value"] > 0.5
    assert trial["file"] == str(tmp_path / "a.csv")


def test_given_test_is_not_detected(run: Run, tmp_path: Path) -> None:
    trial = run("analyse", jump(tmp_path / "a.csv", "sj"), "--test", "sj", "--json").document["trials"][0]
    assert (trial["test"], trial["detected"]) == ("sj", False)


def test_numbers_agree_with_the_truth(run: Run, tmp_path: Path) -> None:
    run("simulate", "cmj", "a.csv", "--seed", 4, "--truth", "a.json")
    truth = json.loads((tmp_path / "a.json").read_text("utf-8"))["values"]
    numbers = run("analyse", "a.csv", "--json").document["trials"][0]["reps"][0]["metrics"]
    for field in ("takeoff_velocity", "flight_time", "time_to_takeoff"):
        assert numbers[field]["value"] == pytest.approx(truth[field], rel=0.02)


def test_several_profiles_are_several_trials(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), "--json", "--profile", "hipdrive", "--profile", "fixed_20n")
    assert [trial["profile"] for trial in done.document["trials"]] == ["hipdrive", "fixed_20n"]


def test_set_is_stored(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), "--json", "--set", "onset_sds=6")
    assert done.document["trials"][0]["provenance"]["parameters"]["onset_sds"] == 6.0


def test_a_refused_trial_is_in_the_document_and_ends_with_1(run: Run, tmp_path: Path) -> None:
    done = run("analyse", flat(tmp_path / "flat.csv"), "--json")
    (trial,) = done.document["trials"]
    assert done.code == 1 and trial["status"] == "refused" and trial["why"] and trial["reps"] == []


def test_a_refused_trial_is_told_in_words(run: Run, tmp_path: Path) -> None:
    done = run("analyse", flat(tmp_path / "flat.csv"))
    assert done.code == 1 and "refused" in done.out


def test_a_bad_file_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01\x02 no table")
    done = run("analyse", tmp_path / "bad.csv", jump(tmp_path / "good.csv"), tmp_path / "gone.csv", "--json")
    assert done.code == 1
    assert [Path(trial["file"]).name for trial in done.document["trials"]] == ["good.csv"]
    told = done.err.strip().splitlines()
    assert len(told) == 2 and "bad.csv" in told[0] and "gone.csv" in told[1]


@pytest.mark.parametrize("name", ["empty", "text", "html", "half", "nulls", "folder"])
def test_hostile_files_are_a_sentence_and_1(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.csv"
    content = {"empty": b"", "text": b"dear coach,\nno numbers here\n", "html": b"<!DOCTYPE html><p>404</p>",
               "half": b"time,left_fz,right_fz\n0,1", "nulls": b"\x00" * 5000}  # fmt: skip
    if name == "folder":
        path.mkdir()
    else:
        path.write_bytes(content[name])
    done = run("analyse", path)
    assert done.code in (1, 2) and one_sentence(done.err) and "x.csv" in done.err


def test_files_called_like_markup_or_escapes_are_shown_as_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "[red]x[link=a] \x1b[31m.csv"
    try:
        jump(path)
    except OSError:
        pytest.skip("this file system does not take the name")
    done = run("analyse", path)
    assert done.code == 0 and "[red]x[link=a] ?[31m.csv" in done.out.replace("\n", "") and "\x1b" not in done.out


def test_study_file_gives_every_trial_in_order(run: Run, tmp_path: Path) -> None:
    store.save(tmp_path / "study.h5", [simulate("cmj", seed=1), simulate("dj", seed=1)])
    done = run("analyse", "study.h5", "--json")
    assert sorted(trial["test"] for trial in done.document["trials"]) == ["cmj", "dj"]
    assert {trial["file"] for trial in done.document["trials"]} == {"study.h5"}


def test_save_adds_a_run_and_without_it_the_file_is_only_read(run: Run, tmp_path: Path) -> None:
    path = jump(tmp_path / "a.h5")
    before = path.read_bytes()
    assert run("analyse", path).code == 0
    assert path.read_bytes() == before
    assert run("analyse", path, "--save").code == 0
    assert path.read_bytes() != before
    assert run("analyse", path).code == 0


def test_plugin_metric_appears(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import hipdrive as hd\n"
        "@hd.metric('my_double_height', unit='m', tests={'cmj'}, source='this study')\n"
        "def my_double_height(rep):\n"
        "    '''Twice the height.'''\n"
        "    return 2 * rep['jump_height_tov']\n"
    )
    try:
        done = run("analyse", jump(tmp_path / "a.csv"), "--json", "--plugin", "mine.py")
        numbers = done.document["trials"][0]["reps"][0]["metrics"]
        assert numbers["my_double_height"]["value"] == pytest.approx(2 * numbers["jump_height_tov"]["value"])
        assert "my_double_height" in run("metrics", "--plugin", "mine.py").out
    finally:
        registry.METRICS.pop("my_double_height", None)
        registry.metrics_for.cache_clear()


# --- tables in files ---


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_row_a_repetition_under_the_field_names(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), jump(tmp_path / "b.csv", seed=2), "--csv")
    found = rows(done.out)
    assert [Path(row["file"]).name for row in found] == ["a.csv", "b.csv"]
    assert all(0.1 < float(row["jump_height_tov"]) < 0.8 and row["jump_height_tov_u95"] for row in found)


def test_an_athlete_called_like_a_formula_stays_text(run: Run, tmp_path: Path) -> None:
    store.save(tmp_path / "a.h5", simulate("cmj", seed=1).with_facts(athlete="=1+1"))
    (row,) = rows(run("analyse", "a.h5", "--csv").out)
    assert row["athlete"] == "'=1+1"


def test_out_names_the_file_and_the_units_stand_beside_it(run: Run, tmp_path: Path) -> None:
    done = run("analyse", jump(tmp_path / "a.csv"), "--out", "team.csv")
    assert done.code == 0 and done.out == ""
    assert len(rows((tmp_path / "team.csv").read_text("utf-8"))) == 1
    units = {row["column"]: row["unit"] for row in rows((tmp_path / "team.units.csv").read_text("utf-8"))}
    assert units["jump_height_tov"] == "m" and units["jump_height_tov_u95"] == "m" and units["file"] == ""


def test_out_folder_gets_a_results_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    assert run("analyse", jump(tmp_path / "a.csv"), "--json", "--out", "into").code == 0
    assert json.loads((tmp_path / "into" / "results.json").read_text("ascii"))["version"] == 1


@pytest.mark.parametrize("name", ["all.csv", "all.parquet"])
def test_a_folder_is_continued_and_known_files_are_skipped(run: Run, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "season" / "monday"
    folder.mkdir(parents=True)
    jump(folder / "a.csv")
    out = tmp_path / "season" / name
    assert run("analyse", tmp_path / "season", "--out", out).code == 0
    first = out.read_bytes()
    again = run("analyse", tmp_path / "season", "--out", out)
    assert again.code == 0 and "1 of 1 files" in again.err
    jump(folder / "b.csv", seed=2)
    assert "1 of 2 files" in run("analyse", tmp_path / "season", "--out", out).err
    changed = run("analyse", tmp_path / "season", "--out", out, "--set", "onset_sds=6")
    assert "files" not in changed.err
    assert len(table(out)) == 4
    if name.endswith(".csv"):
        assert out.read_bytes().startswith(first.split(b"\n")[0])
        kept = [row["jump_height_tov"] for row in rows(first.decode())]
        assert [row["jump_height_tov"] for row in table(out)][:1] == kept


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        return list(rows(path.read_text("utf-8")))
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def test_parquet_knows_units(run: Run, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    run("analyse", jump(tmp_path / "a.csv"), "--out", "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("jump_height_tov").metadata[b"unit"] == b"m"
    assert str(schema.field("jump_height_tov").type) == "double"


@pytest.mark.parametrize("name", ["notes.csv", "notes.json", "notes.parquet", "notes.units.csv"])
def test_out_never_replaces_what_hipdrive_did_not_write(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("my notes\n")
    done = run("analyse", jump(tmp_path / "a.csv"), "--out", name.replace(".units", ""))
    assert done.code == 2 and one_sentence(done.err) and (tmp_path / name).read_text() == "my notes\n"


def test_out_never_replaces_an_input_even_through_a_link(run: Run, tmp_path: Path) -> None:
    before = jump(tmp_path / "a.csv").read_bytes()
    try:
        (tmp_path / "link.csv").symlink_to("a.csv")
    except OSError:
        pytest.skip("no links here")
    done = run("analyse", "a.csv", "--out", "link.csv")
    assert done.code == 2 and (tmp_path / "a.csv").read_bytes() == before


def test_a_failed_write_leaves_the_old_table(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("analyse", jump(tmp_path / "a.csv"), "--out", "t.csv")
    before = (tmp_path / "t.csv").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    done = run("analyse", "a.csv", "--out", "t.csv")
    assert done.code == 1 and "no space left" in done.err and one_sentence(done.err)
    assert (tmp_path / "t.csv").read_bytes() == before
    assert not list(tmp_path.glob(".*tmp"))


# --- the other commands ---


def test_check_says_ok_or_ends_with_1(run: Run, tmp_path: Path) -> None:
    assert run("check", jump(tmp_path / "a.h5"), jump(tmp_path / "b.csv")).code == 0
    damaged = bytearray((tmp_path / "a.h5").read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 2000] = b"\xff" * 2000
    (tmp_path / "a.h5").write_bytes(damaged)
    done = run("check", tmp_path / "a.h5")
    assert done.code == 1 and "a.h5" in done.out + done.err
    assert run("check", flat(tmp_path / "flat.csv")).code == 1


@pytest.mark.parametrize("settings", [{}, {"plates": 1}, {"rate": 1200.0}, {"rate": 333.0}])
def test_convert_there_and_back_is_bit_exact(run: Run, tmp_path: Path, settings: dict[str, Any]) -> None:
    trial = simulate("cmj", seed=3, **settings)
    store.save(tmp_path / "a.h5", trial)
    assert run("convert", "a.h5", "--to", "csv").code == 0
    back = read(tmp_path / "a.csv")
    assert np.array_equal(back.fz, trial.fz) and back.rate == trial.rate and back.plates == trial.plates
    assert run("convert", "a.csv", "--to", "h5", "--out", "b.h5").code == 0
    (again,) = store.load(tmp_path / "b.h5")
    assert np.array_equal(again.fz, trial.fz) and again.rate == trial.rate


def test_convert_replaces_nothing_unless_told(run: Run, tmp_path: Path) -> None:
    jump(tmp_path / "a.csv")
    (tmp_path / "a.h5").write_text("precious")
    done = run("convert", "a.csv", "--to", "h5")
    assert done.code == 2 and one_sentence(done.err) and (tmp_path / "a.h5").read_text() == "precious"
    assert run("convert", "a.csv", "--to", "h5", "--force").code == 0
    assert (tmp_path / "a.h5").read_bytes().startswith(b"\x89HDF")


def test_convert_a_study_numbers_its_trials(run: Run, tmp_path: Path) -> None:
    store.save(tmp_path / "s.h5", [simulate("cmj", seed=1), simulate("sj", seed=1)])
    assert run("convert", "s.h5", "--to", "csv").out.split() == ["s-1.csv", "s-2.csv"]
    assert run("convert", "s.h5", "--to", "csv", "--out", "one.csv").code == 2


def test_a_trial_file_knows_its_own_rate(run: Run, tmp_path: Path) -> None:
    jump(tmp_path / "a.h5")
    assert run("analyse", "a.h5", "--rate", 1000).code == 0
    done = run("analyse", "a.h5", "--rate", 500)
    assert done.code == 1 and one_sentence(done.err)


def test_convert_keeps_facts(run: Run, tmp_path: Path) -> None:
    jump(tmp_path / "a.csv", "dj")
    run("convert", "a.csv", "--to", "h5", "--test", "dj", "--box-height", 0.4, "--mass", 71.5)
    (trial,) = store.load(tmp_path / "a.h5")
    assert (trial.test, trial.box_height, trial.mass) == ("dj", 0.4, 71.5)


def test_metrics_lists_the_registry(run: Run) -> None:
    text, listed = run("metrics").out, run("metrics", "--json").document
    for name, metric in registry.METRICS.items():
        assert f"{name}  [{metric.unit}]" in text
    assert {entry["name"] for entry in listed["metrics"]} == set(registry.METRICS)
    assert all(entry["doc"] and entry["source"] for entry in listed["metrics"])
    few = run("metrics", "--test", "sj", "--json").document["metrics"]
    assert 0 < len(few) < len(listed["metrics"]) and all("sj" in entry["tests"] for entry in few)


def test_simulate_is_the_same_for_the_same_seed(run: Run, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        run("simulate", "dj", name, "--seed", 5, "--noise", 2, "--offset", 3, "--drift", 0.1, "--rate", 500)
    run("simulate", "dj", "c.csv", "--seed", 6)
    first, second, other = ((tmp_path / name).read_bytes() for name in ("a.csv", "b.csv", "c.csv"))
    assert first == second != other and first.startswith(b"time,left_fz,right_fz\n")
    assert run("simulate", "dj", "a.csv", "--force").code == 0


def test_simulate_writes_trial_files(run: Run, tmp_path: Path) -> None:
    run("simulate", "dj", "a.h5", "--seed", 5)
    (trial,) = store.load(tmp_path / "a.h5")
    assert np.array_equal(trial.fz, simulate("dj", seed=5).fz)


def test_demo_writes_trials_results_and_report(run: Run, tmp_path: Path) -> None:
    done = run("demo")
    assert done.code == 0
    folder = tmp_path / "hipdrive-demo"
    assert {path.name for path in folder.iterdir()} == {
        "cmj.h5",
        "sj.h5",
        "dj.h5",
        "results.json",
        "report.html",
    }
    assert "report.html" in done.out and "true" in done.out and "RSI" in done.out
    document = json.loads((folder / "results.json").read_text("ascii"))
    assert all(trial["status"] in ("ok", "flagged") for trial in document["trials"])
    assert [trial["test"] for trial in document["trials"]] == ["cmj", "sj", "dj"]
    assert run("demo").code == 0


def test_demo_goes_from_volts_to_numbers(run: Run, tmp_path: Path) -> None:
    """What is in its files came out of a converter, and what it prints is what the athlete really did."""
    assert run("demo").code == 0
    for test, fields in {"cmj": ("jump_height_tov", "flight_time"), "sj": ("jump_height_tov", "flight_time"),
                         "dj": ("rsi_jh", "contact_time", "drop_height")}.items():  # fmt: skip
        trial = store.load_trial(tmp_path / "hipdrive-demo" / f"{test}.h5")
        assert trial.raw[0].values.dtype == np.int16
        assert trial.raw[0].identity["driver"] == "simulated"
        assert 'name = "simulated"' in trial.rig
        true = simulate(test, seed=1, quiet=1.3).truth
        assert true is not None
        [rep] = analyse(trial).reps
        for field in fields:
            assert abs(rep[field].value - true[field]) < 2.0 * rep[field].u95, (test, field)


def test_demo_replaces_no_foreign_file(run: Run, tmp_path: Path) -> None:
    jump(tmp_path / "cmj.h5")
    before = (tmp_path / "cmj.h5").read_bytes()
    done = run("demo", "--out", ".")
    assert done.code == 2 and one_sentence(done.err) and (tmp_path / "cmj.h5").read_bytes() == before


def test_report_writes_a_page_for_each_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    done = run("report", jump(tmp_path / "a.csv"), jump(tmp_path / "other" / "a.csv", "dj"), "--out", "pages")
    assert done.code == 0 and len(done.out.split()) == 2
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {"a.html", "a-2.html"}


def test_report_replaces_only_its_own_pages(run: Run, tmp_path: Path) -> None:
    jump(tmp_path / "a.csv")
    assert run("report", "a.csv").code == run("report", "a.csv").code == 0
    assert run("report", "a.csv", "--out", "pages/one.html").code == 0 and (tmp_path / "pages" / "one.html").is_file()
    (tmp_path / "a.html").write_text("<html>somebody else's</html>")
    done = run("report", "a.csv")
    assert done.code == 2 and one_sentence(done.err)
    assert (tmp_path / "a.html").read_text() == "<html>somebody else's</html>"


# --- as a program ---


def test_as_a_program_with_an_old_code_page(tmp_path: Path) -> None:
    jump(tmp_path / "Jürgen ±.csv")
    done = subprocess_run("analyse", "Jürgen ±.csv", cwd=tmp_path, PYTHONIOENCODING="cp1252", LC_ALL="C.UTF-8")
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert "Jürgen ±.csv" in done.stdout.decode("utf-8") and b"\x1b[" not in done.stdout


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hipdrive", "metrics", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ctrl_c_is_130(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hipdrive.report.inputs.trials", interrupt)
    monkeypatch.setattr("hipdrive.report.job.trials", interrupt)
    done = run("analyse", jump(tmp_path / "a.csv"))
    assert done.code == 130 and one_sentence(done.err)


def test_a_defect_is_a_sentence_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("hipdrive.report.job.trials", broken)
    done = run("analyse", jump(tmp_path / "a.csv"))
    assert done.code == 1 and one_sentence(done.err) and "ZeroDivisionError" in done.err and "report" in done.err


def test_version_and_help_are_quick() -> None:
    code = (
        "import sys; from hipdrive import cli; cli.run(['--version']); cli.run(['--help']);"
        "heavy = {'numpy', 'scipy', 'h5py', 'pandas', 'pyarrow', 'matplotlib', 'jinja2', 'rich'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done
