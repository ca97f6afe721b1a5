"""Delimited text: named scenarios, every way of writing the same numbers, and what is refused."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipdrive.acquisition.formats.reading import read
from hipdrive.errors import HipdriveError, ReadError, UsageError

RAMP = [10.0, 20.0, 30.5, 40.0]


@dataclass(frozen=True)
class Scenario:
    """A file's bytes, the options to read it with, and what has to come out."""

    content: bytes
    plates: tuple[str, ...] = ("plate1",)
    rate: float = 1000.0
    first: tuple[float, ...] = tuple(RAMP)
    options: tuple[tuple[str, Any], ...] = ()
    note: str = ""


SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Callable[[], Scenario]) -> Callable[[], Scenario]:
    """List a function's scenario under its name."""
    SCENARIOS[function.__name__] = function()
    return function


def rows(*columns: list[float] | list[str], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(map(str, row)) + end for row in zip(*columns, strict=True))


TIMES = [0.0, 0.001, 0.002, 0.003]
TWO = [1.0, 2.0, 3.0, 4.0]


@scenario
def time_and_two_sides() -> Scenario:
    return Scenario(b"time,left_fz,right_fz\n" + rows(TIMES, RAMP, TWO).encode(), ("left", "right"))


@scenario
def dots_in_role_names() -> Scenario:
    return Scenario(b"time,left.fz,right.fz\n" + rows(TIMES, RAMP, TWO).encode(), ("left", "right"))


@scenario
def start_blocks_by_their_axes() -> Scenario:
    header = b"time,front_x,front_z,rear_x,rear_z,hands_x,hands_z,gun\n"
    return Scenario(header + rows(TIMES, TWO, RAMP, TWO, TWO, TWO, TWO, TWO).encode(), ("front", "rear", "hands"))


@scenario
def one_column_without_header() -> Scenario:
    return Scenario(rows(RAMP).encode(), options=(("rate", 1000),), note="only column taken as vertical force")


@scenario
def one_column_of_decimal_commas() -> Scenario:
    text = "10,0\n20,0\n30,5\n40,0\n" + "661,056\n" * 4
    return Scenario(text.encode(), options=(("rate", 1000),), note="decimal comma")


@scenario
def two_headerless_columns_time_first() -> Scenario:
    return Scenario(rows(TIMES, RAMP, delimiter="\t").encode(), note="time and force")


@scenario
def two_headerless_columns_of_force() -> Scenario:
    return Scenario(
        rows(TWO[::-1], RAMP, delimiter=" ").encode(),
        ("plate1", "plate2"),
        first=tuple(TWO[::-1]),
        options=(("rate", 1000),),
        note="two plates",
    )


@scenario
def two_headerless_columns_counter_first() -> Scenario:
    text = rows(["1", "2", "3", "4"], RAMP, delimiter="\t")
    return Scenario(text.encode(), options=(("rate", 1000),), note="not in seconds")


@scenario
def plates_without_sides() -> Scenario:
    return Scenario(
        b"FP1\tFP2\r\n" + rows(RAMP, TWO, delimiter="\t", end="\r\n").encode(),
        ("plate1", "plate2"),
        options=(("rate", 1000),),
        note="left.fz=FP1,right.fz=FP2",
    )


@scenario
def a_sample_counter_is_not_time() -> Scenario:
    return Scenario(
        b"#Sample\tGRFv\n" + rows(["1", "2", "3", "4"], RAMP, delimiter="\t").encode(),
        options=(("rate", 1000),),
    )


@scenario
def unit_line_below_the_names() -> Scenario:
    return Scenario(b"abs time;Fz;Fx\ns;N;N\n" + rows(TIMES, RAMP, TWO, delimiter=";").encode())


@scenario
def many_lines_above_the_names() -> Scenario:
    header = b"Athlete: A. Person\nDate: 2024-01-02\n\nMass (kg): 80,5\n"
    return Scenario(header + b"Time (s);Total Force [N]\n" + rows(TIMES, RAMP, delimiter=";").encode())


@scenario
def rate_in_the_header() -> Scenario:
    return Scenario(b"Sampling rate (Hz): 1000\nFz\n" + rows(RAMP).encode(), note="rate taken from the header")


@scenario
def rate_of_the_user_over_that_of_the_header() -> Scenario:
    return Scenario(
        b"Camera rate: 250 Hz\nFz\n" + rows(RAMP).encode(),
        options=(("rate", 1000),),
        note="header says 250 Hz",
    )


@scenario
def time_in_milliseconds() -> Scenario:
    return Scenario(b"Time [ms],Fz [N]\n" + rows(["0", "1", "2", "3"], RAMP).encode())


@scenario
def kilonewtons() -> Scenario:
    text = rows(TIMES, ["0.01", "0.02", "0.0305", "0.04"])
    return Scenario(b"time,Fz [kN]\n" + text.encode(), note="converted from kN to N")


@scenario
def kilograms() -> Scenario:
    return Scenario(
        b"time,Load (kg),Force (kg)\n" + rows(TIMES, TWO, ["1", "2", "3", "4"]).encode(),
        first=(9.80665, 2 * 9.80665, 3 * 9.80665, 4 * 9.80665),
        note="converted from kg to N",
    )


@scenario
def utf16_with_bom() -> Scenario:
    return Scenario(("time\tleft_fz\n" + rows(TIMES, RAMP, delimiter="\t")).encode("utf-16"), ("left",))


@scenario
def utf8_bom_and_quotes() -> Scenario:
    text = '"Time (s)","Left (N)","Right (N)"\n' + rows([f'"{t}"' for t in TIMES], [f'"{f}"' for f in RAMP], TWO)
    return Scenario(b"\xef\xbb\xbf" + text.encode(), ("left", "right"))


@scenario
def quoted_decimal_commas_between_commas() -> Scenario:
    text = "time,Fz\n" + "".join(f'"{t}","{f}"\n' for t, f in zip(TIMES, RAMP, strict=True)).replace(".", ",")
    return Scenario(text.encode(), note="decimal comma")


@scenario
def thousands_points_and_decimal_commas() -> Scenario:
    return Scenario(
        b"time;Fz\n0,000;1.234,5\n0,001;1.000,0\n0,002;30,5\n0,003;40,0\n", first=(1234.5, 1000.0, 30.5, 40.0)
    )


@scenario
def thousands_commas_in_quotes() -> Scenario:
    return Scenario(
        b'time,Fz\n0.000,"1,234.5"\n0.001,"1,000.0"\n0.002,30.5\n0.003,40.0\n',
        first=(1234.5, 1000.0, 30.5, 40.0),
    )


@scenario
def latin1_header() -> Scenario:
    return Scenario("time,knee [°],Fz [N]\n".encode("latin-1") + rows(TIMES, TWO, RAMP).encode())


@scenario
def delimiter_at_the_end_of_each_line() -> Scenario:
    return Scenario(b"time\tFz\t\n" + rows(TIMES, RAMP, ["", "", "", ""], delimiter="\t").encode())


@scenario
def comment_lines() -> Scenario:
    return Scenario(
        b"# made by hand\ntime,Fz\n0,10\n0.001,20\n# a remark\n0.002,30.5\n0.003,40\n",
    )


@scenario
def comment_lines_only() -> Scenario:
    return Scenario(b"# Fz of plate, exported\n" + rows(RAMP).encode(), options=(("rate", 1000),))


@scenario
def scientific_notation() -> Scenario:
    return Scenario(b"time,Fz\n0,1e1\n1e-3,2.0E+1\n2E-3,305e-1\n3e-3,.4e2\n")


@scenario
def blank_rows_at_the_end() -> Scenario:
    return Scenario(
        b"time,Fz,knee\n" + rows(TIMES, RAMP, TWO).encode() + b"0.004,,5\n,,\n",
        note="last 2 rows held no force",
    )


@scenario
def old_macintosh_line_ends() -> Scenario:
    return Scenario(b"time,Fz\r" + rows(TIMES, RAMP, end="\r").encode())


@scenario
def sum_beside_both_sides() -> Scenario:
    return Scenario(
        b"time,Total Force (N),Left Force (N),Right Force (N)\n" + rows(TIMES, TWO, RAMP, TWO).encode(),
        ("left", "right"),
    )


@scenario
def moments_and_pressure_never_become_force() -> Scenario:
    return Scenario(b"time,Mx,CoPx,Mz,Fz\n" + rows(TIMES, TWO, TWO, TWO, RAMP).encode())


@scenario
def columns_by_the_user() -> Scenario:
    return Scenario(
        b"clock,a (N),b\n" + rows(TIMES, RAMP, TWO).encode(),
        ("right", "left"),
        options=(("columns", "left.fz=b, right_fz=A, time=clock"),),
    )


@scenario
def columns_by_their_number() -> Scenario:
    return Scenario(
        rows(TIMES, RAMP, TWO).encode(),
        ("left", "right"),
        options=(("columns", {"time": "1", "left_fz": "2", "right_fz": "3"}),),
    )


@scenario
def sign_turned_by_the_user() -> Scenario:
    return Scenario(b"time,Fz\n" + rows(TIMES, [-f for f in RAMP]).encode(), options=(("columns", {"fz": "-Fz"}),))


@scenario
def sides_exchanged_by_the_user() -> Scenario:
    return Scenario(b"time,L,R\n" + rows(TIMES, RAMP, TWO).encode(), ("right", "left"), options=(("swap", True),))


@scenario
def repeated_names_are_plates_in_order() -> Scenario:
    return Scenario(
        b"Frame,Fx,Fz,Fx,Fz\n" + rows(["1", "2", "3", "4"], TWO, RAMP, TWO, TWO).encode(),
        ("plate1", "plate2"),
        options=(("rate", 1000),),
    )


@scenario
def stamps_rounded_to_milliseconds() -> Scenario:
    """450 Hz in whole milliseconds: steps of 2 and 3 ms are no gaps."""
    times = [f"{round(i / 450, 3):.3f}" for i in range(900)]
    return Scenario(b"time,Fz\n" + rows(times, [10.0] * 900).encode(), rate=450.0, first=(10.0,) * 4, note="450 Hz")


@scenario
def stamps_with_full_precision() -> Scenario:
    times = [repr(i / 450) for i in range(900)]
    return Scenario(b"time,Fz\n" + rows(times, [10.0] * 900).encode(), rate=450.0, first=(10.0,) * 4)


@scenario
def clock_times() -> Scenario:
    times = ["12:00:00.000", "12:00:00.001", "12:00:00.002", "12:00:00.003"]
    return Scenario(b"time,Fz\n" + rows(times, RAMP).encode(), options=(("rate", 1000),), note="clock times")


@scenario
def repeated_stamps() -> Scenario:
    return Scenario(
        b"time,Fz\n" + rows(["0.00", "0.00", "0.01", "0.01"], RAMP).encode(),
        options=(("rate", 1000),),
        note="time stamps repeat",
    )


@scenario
def a_sum_under_another_name() -> Scenario:
    both = [a + b for a, b in zip(RAMP, TWO, strict=True)]
    return Scenario(
        b"time,Fz,Left Fz,Right Fz\n" + rows(TIMES, both, RAMP, TWO).encode(),
        ("left", "right"),
        note="'Fz' is the sum",
    )


@scenario
def a_filtered_copy_is_no_second_plate() -> Scenario:
    return Scenario(b"time,Fz,Fz filtered\n" + rows(TIMES, RAMP, RAMP).encode())


@scenario
def an_empty_second_plate() -> Scenario:
    return Scenario(
        b"time,FP1 Fz,FP2 Fz\n" + rows(TIMES, RAMP, ["0", "0", "0", "0"]).encode(),
        ("plate1",),
        note="plate2 holds nothing but zeros",
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, tmp_path: Path) -> None:
    wanted = SCENARIOS[name]
    path = tmp_path / "trial.csv"
    path.write_bytes(wanted.content)
    trial = read(path, **dict(wanted.options))
    assert trial.plates == wanted.plates
    assert trial.rate == wanted.rate
    assert trial.fz[0, :4] == pytest.approx(wanted.first, rel=1e-15)
    assert wanted.note in " | ".join(trial.notes)
    assert trial.fz.tobytes() == np.array([trial.raw[0].scaled()[:, trial.raw[0].roles.index(f"{p}.fz")]
                                           for p in trial.plates]).tobytes()  # fmt: skip


def test_facts_and_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,Fz\n0,1\n0.001,2\n")
    trial = read(path, mass=80, test="cmj", athlete="A1", load=5.0, box_height=0.3, arms=True, side="left")
    assert (trial.mass, trial.test, trial.athlete, trial.load) == (80, "cmj", "A1", 5.0)
    assert (trial.box_height, trial.arms, trial.side, trial.file) == (0.3, True, "left", str(path))
    assert len(trial.sha256) == 64


def test_gun_becomes_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,fz,gun\n0,1,0\n0.001,2,5\n")
    (gun,) = read(path).signals
    assert (gun.name, gun.rate, gun.values.tolist()) == ("gun", 1000.0, [0.0, 5.0])


def test_components_keep_their_units(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,Fx (kN),Fz (N),My (N.mm),COP X (mm)\n0,0.001,2,3,4\n0.001,0.001,2,3,4\n")
    trial = read(path)
    assert {k: float(v[0]) for k, v in trial.components.items()} == pytest.approx(
        {"plate1.fx": 1.0, "plate1.my": 0.003, "plate1.copx": 0.004}
    )


def test_missing_samples_are_facts(tmp_path: Path) -> None:
    kept = [i for i in range(1000) if i not in (500, 501, 700)]
    path = tmp_path / "a.csv"
    path.write_text("time,Fz\n" + "".join(f"{i / 1000:.3f},{i}\n" for i in kept))
    trial = read(path)
    assert [(gap.first_sample, gap.samples, gap.code) for gap in trial.gaps] == [
        (500, 2, "gap"),
        (698, 1, "gap"),
    ]
    assert trial.rate == 1000.0
    assert trial.raw[0].gaps == trial.gaps


# --- every way of writing the same numbers ---

FORCES = st.lists(st.integers(-10_000, 10_000_000), min_size=8, max_size=40)


@given(
    counts=FORCES,
    style=st.sampled_from([("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (" ", "."), ("|", ",")]),
    header=st.sampled_from(["", "time{0}left_fz{0}right_fz", "Time [s]{0}Left Fz [N]{0}Right Fz [N]"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    coding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    title=st.booleans(),
    last_end=st.booleans(),
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], style: tuple[str, str], header: str,
    end: str, coding: str, title: bool, last_end: bool,
) -> None:  # fmt: skip
    delimiter, decimal = style
    if delimiter == " ":
        header = header.replace(" [", "[").replace("t F", "tF")
    left, right = [c / 1000 for c in counts], [c / 500 for c in reversed(counts)]
    lines = [f"{i / 1000:.3f} {a:.3f} {b:.3f}" for i, (a, b) in enumerate(zip(left, right, strict=True))]
    lines = [line.replace(".", decimal).replace(" ", delimiter) for line in lines]
    top = ["Recorded by somebody"] * (title and bool(header)) + [header.format(delimiter)] * bool(header)
    path = tmp_path_factory.mktemp("text") / "trial.txt"
    path.write_bytes((end.join([*top, *lines]) + end * last_end).encode(coding))
    options: dict[str, Any] = {} if header else {"columns": "time=1,left.fz=2,right.fz=3"}
    trial = read(path, **options)
    assert trial.plates == ("left", "right")
    assert trial.rate == 1000.0
    assert trial.fz.tolist() == [[float(f"{a:.3f}") for a in left], [float(f"{b:.3f}") for b in right]]


@given(
    rate=st.floats(20, 20000),
    digits=st.integers(3, 12),
    samples=st.integers(200, 3000),
    start=st.floats(0, 100),
)
def test_rate_from_rounded_stamps(
    tmp_path_factory: pytest.TempPathFactory, rate: float, digits: int, samples: int, start: float
) -> None:
    """Either the rate as exactly as the stamps allow, or, where they are too coarse, none or gaps."""
    times = [round(start + i / rate, digits) for i in range(samples)]
    path = tmp_path_factory.mktemp("stamps") / "a.csv"
    path.write_text("time [s],Fz\n" + "".join(f"{t:.{digits}f},100\n" for t in times))
    try:
        trial = read(path)
    except ReadError as error:
        assert error.code == "no_rate"
        assert 1 / rate < 2.1 * 10.0**-digits
    else:
        if trial.gaps:
            assert 1 / rate < 1.02 * 10.0**-digits
            return
        assert abs(trial.rate / rate - 1) <= 3 * 10.0**-digits * rate / (samples - 1) + 2e-9


@given(content=st.binary(max_size=400))
def test_no_bytes_make_a_traceback(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a.txt"
    path.write_bytes(content)
    try:
        read(path, rate=1000)
    except HipdriveError as error:
        assert_sentence(error)


@given(text=st.text(alphabet="0123456789.,;\t \n\"'-eE#FzNaN:/()[]\r", max_size=300), head=st.booleans())
def test_no_text_makes_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str, head: bool) -> None:
    path = tmp_path_factory.mktemp("texts") / "a.txt"
    path.write_text(("time;Fz\n" if head else "") + text, encoding="utf-8", newline="")
    try:
        read(path, rate=1000)
    except HipdriveError as error:
        assert_sentence(error)


def assert_sentence(error: HipdriveError, *parts: str) -> None:
    message = str(error)
    assert "\n" not in message
    assert "Traceback" not in message
    for part in parts:
        assert part in message


# --- what is refused, in one sentence that says what, where and what to do ---

REFUSED: dict[str, tuple[bytes, dict[str, Any], tuple[str, ...]]] = {
    "empty": (b"", {}, ("is empty",)),
    "blank_lines_only": (b"\n\n\n", {}, ("no table of numbers",)),
    "binary": (b"\x00\x01\x02\x03" * 50, {}, ("not a known format",)),
    "null_bytes_later": (b"time,Fz\n" + b"0,1\n" * 40000 + b"\x00\x00\n", {}, ("line 40002", "bytes")),
    "text_only": (b"This is a letter.\nIt has two lines.\n", {}, ("no table of numbers",)),
    "header_only": (b"time,left_fz\n", {}, ("no table of numbers",)),
    "one_sample": (b"time,Fz\n0,1\n", {}, ("1 samples",)),
    "wrong_delimiter": (b"time/Fz\n0.1/2\n0.2/3\n", {}, ("no table of numbers",)),
    "no_rate": (b"Fz\n1\n2\n", {}, ("rate is not in the file; give --rate, for example --rate 1000",)),
    "silly_rate": (b"Fz\n1\n2\n", {"rate": -1}, ("--rate -1",)),
    "rate_not_a_number": (b"Fz\n1\n2\n", {"rate": float("nan")}, ("--rate nan",)),
    "rate_contradicts": (b"time,Fz\n0,1\n0.001,2\n0.002,3\n", {"rate": 500}, ("--rate 500", "1000 Hz")),
    "column_too_few": (b"time,Fz\n0,1\n0.001\n0.002,3\n", {}, ("line 3", "1 columns")),
    "column_too_many": (b"time,Fz\n0,1\n0.001,2,3\n0.002,3\n", {}, ("line 3", "3 columns")),
    "cut_off_at_the_end": (b"time,Fz\n0,1\n0.001,2\n0.0", {}, ("line 4", "1 columns")),
    "text_in_the_middle": (b"time,Fz\n0,1\n0.001,oops\n0.002,3\n", {}, ("line 3", "'oops'")),
    "header_again": (b"time,Fz\n0,1\n0.001,2\ntime,Fz\n0.002,3\n", {}, ("line 4", "'time'")),
    "blank_force": (b"time,Fz\n0,1\n0.001,\n0.002,3\n", {}, ("line 3", "no force", "'Fz'")),
    "nan_force": (b"time,Fz\n0,1\n0.001,NaN\n\n0.002,3\n", {}, ("line 3", "no force")),
    "infinite_force": (b"time,Fz\n0,1\n\n0.001,inf\n0.002,3\n", {}, ("line 4", "no force")),
    "blank_time": (b"time,Fz\n0,1\n,2\n0.002,3\n", {}, ("line 3", "time is missing")),
    "time_goes_back": (b"time,Fz\n0,1\n0.001,2\n0.0005,3\n0.001,1\n", {}, ("line 4", "backwards")),
    "wild_stamps": (b"time,Fz\n0,1\n0.001,2\n0.0019,3\n0.0049,1\n0.0051,1\n0.02,2\n", {}, ("give --rate",)),
    "two_unknown_columns": (b"a,b\n1,2\n3,4\n", {"rate": 1000}, ("'a', 'b'", "--columns")),
    "moments_only": (b"Mx,My,Mz\n1,2,3\n3,4,5\n", {"rate": 1000}, ("not clear", "--columns")),
    "volts": (b"time,Fz [V]\n0,1\n0.001,2\n", {}, ("not clear",)),
    "body_weights": (b"time,Force (BW)\n0,1\n0.001,2\n", {}, ("not clear",)),
    "three_headerless_columns": (b"1,2,3\n3,4,5\n1,1,1\n", {"rate": 1000}, ("without names", "--columns")),
    "unclear_commas": (b"301,359\n304,357\n304,357\n", {"rate": 1000}, ("commas", "column names")),
    "names_fewer_than_columns": (b"time,Fz\n1,2,3\n3,4,5\n", {"rate": 1000}, ("line 2", "3 columns")),
    "two_left_plates": (b"left_fz,L_Fz\n1,2\n3,4\n", {"rate": 1000}, ("left.fz", "--columns")),
    "unknown_column": (b"a,b\n1,2\n3,4\n", {"rate": 1000, "columns": "fz=c"}, ("'c'", "'a', 'b'")),
    "one_column_twice": (b"a,b\n1,2\n3,4\n", {"rate": 1000, "columns": "left.fz=a,right.fz=A"}, ("twice",)),
    "column_in_volts": (b"time,a [V]\n0,1\n0.001,2\n", {"columns": "fz=a [V]"}, ("is in V",)),
    "swap_without_sides": (b"Fz\n1\n2\n", {"rate": 1000, "swap": True}, ("left or right",)),
    "too_many_columns": (b",".join([b"1"] * 501) + b"\n" + b",".join([b"1"] * 501), {}, ("501 columns",)),
    "a_workbook": (b"PK\x03\x04rest", {}, ("workbook", "CSV")),
    "a_web_page": (b"<!DOCTYPE html><p>1,2\n", {}, ("web page",)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    content, options, parts = REFUSED[name]
    path = tmp_path / f"{name}.csv"
    path.write_bytes(content)
    with pytest.raises(HipdriveError) as caught:
        read(path, **options)
    assert_sentence(caught.value, str(path), *parts)


def test_no_file_and_no_place(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "x" / "y.csv", "a\x00b.csv"):
        with pytest.raises(ReadError) as caught:
            read(path)
        assert_sentence(caught.value)


def test_odd_files(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX only")
    loop, pipe, secret = tmp_path / "loop.csv", tmp_path / "pipe.csv", tmp_path / "secret.csv"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    secret.write_text("Fz\n1\n2\n")
    secret.chmod(0)
    cases = [loop, pipe] + [secret] * (os.geteuid() != 0)
    for path in cases:
        with pytest.raises(ReadError) as caught:
            read(path, rate=1000)
        assert_sentence(caught.value, str(path))


@pytest.mark.skipif(os.name != "posix", reason="sparse files")
def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(3 * 1024**3)
    with pytest.raises(ReadError, match="larger than 2 GB"):
        read(path)


@pytest.mark.parametrize("columns", ["left.fz", "left.weight=FP1", "=FP1", "left.fz=", {"": "a"}, {"..fz": "a"}])
def test_wrong_roles(columns: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("FP1,FP2\n1,2\n3,4\n")
    with pytest.raises(UsageError) as caught:
        read(path, rate=1000, columns=columns)
    assert_sentence(caught.value, "--columns")


@pytest.mark.parametrize("options", [{"mass": -1.0}, {"mass": float("nan")}, {"box_height": float("inf")}])
def test_silly_facts(options: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Fz\n1\n2\n")
    with pytest.raises(UsageError, match="makes no sense"):
        read(path, rate=1000, **options)
