"""Rig files: the examples, what a rig says about its channels, and one sentence for each way to break one."""

import json
import math
import os
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.hardware.kinds import KINDS
from hipdrive.hardware.plates import electric_limit, ranges
from hipdrive.hardware.rig import Rig, catalogue, load, loads, names, schema

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "hipdrive" / "hardware" / "rigs"
SIMULATED = (FOLDER / "simulated.toml").read_text(encoding="utf-8")
KISTLER = (FOLDER / "kistler_pair.toml").read_text(encoding="utf-8")
AMTI = (FOLDER / "amti_single.toml").read_text(encoding="utf-8")
BOARD = (FOLDER / "load_cell_board.toml").read_text(encoding="utf-8")
SPRINT = (FOLDER / "sprint_start.toml").read_text(encoding="utf-8")
SENSOR = (FOLDER / "chronojump_sensor.toml").read_text(encoding="utf-8")
BRIDGE = (FOLDER / "lsl_bridge.toml").read_text(encoding="utf-8")

CALIBRATION = '{ id = "me", date = 2026-01-01 }'
SMALL = f"""
name = "small"
[[devices]]
id = "ni0"
driver = "nidaqmx"
name = "Dev1"
rate_hz = 1000
[[plates]]
id = "plate1"
kind = "fz1"
device = "ni0"
channels = {{ fz = "ai0" }}
newton_per_volt = 500.0
range_n = 4000
calibration = {CALIBRATION}
"""
"""The shortest rig."""


# --- examples ---


@pytest.mark.parametrize("name", names())
def test_an_example_is_complete(name: str) -> None:
    rig = load(name)
    assert rig.name == name
    assert rig.text == (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert Path(rig.file) == FOLDER / f"{name}.toml"
    assert len(rig.sha256) == 64
    assert rig.description
    assert all(plate.calibration.id and plate.size_m for plate in rig.plates)
    assert loads(rig.text, rig.file) == rig
    assert pickle.loads(pickle.dumps(rig)).sha256 == rig.sha256


def test_the_examples_are_known_by_name() -> None:
    assert names()[0] == "simulated"
    assert {"simulated", "kistler_pair"} < set(names())
    assert [entry.name for entry in catalogue()] == list(names())
    assert all(entry.description and "\n" not in entry.description for entry in catalogue())


def test_the_simulated_rig_suits_depth_jumps() -> None:
    rig = load("simulated")
    device = rig.device("ni0")
    assert (device.driver, device.name, device.rate_hz) == ("simulated", "Dev1", 1000.0)
    assert [plate.id for plate in rig.plates] == ["left", "right"]
    assert rig.plate("left").position_m[1] > 0 > rig.plate("right").position_m[1]  # Y is left
    assert min(ranges(rig).values()) >= 5000.0
    assert rig.cameras[0].counter == "ctr0"


def test_channels_are_in_sampling_order_and_ready_for_the_driver() -> None:
    rig = load("kistler_pair")
    channels = rig.channels("ni0")
    assert [c.terminal for c in channels] == [f"ai{i}" for i in range(17)]
    assert [c.role for c in channels[:2]] == ["left.fx12", "left.fx34"]
    assert (channels[8].role, channels[16].role) == ("right.fx12", "gun")
    assert {(c.kind, c.low, c.high, c.unit, c.terminal_config) for c in channels} == {("voltage", -10, 10, "V", "RSE")}
    bridge = load("load_cell_board").channels("ni0")[0]
    assert (bridge.kind, bridge.unit, bridge.low, bridge.high) == ("bridge", "V/V", -0.025, 0.025)
    assert (bridge.excitation_v, bridge.resistance_ohm, bridge.configuration) == (3.3, 350.0, "full")


def test_the_order_of_a_table_does_not_matter() -> None:
    """Channels are sampled in the order of the kind, not in that of the file."""
    turned = SIMULATED.replace('fx = "ai0", fy = "ai1", fz = "ai2"', 'fz = "ai2", fy = "ai1", fx = "ai0"')
    assert turned != SIMULATED
    assert loads(turned).channels("ni0") == load("simulated").channels("ni0")


def test_a_plate_may_have_its_own_range_and_wiring() -> None:
    text = SMALL.replace("range_n", 'range_v = [-5.0, 5.0]\nterminal_config = "DIFF"\nrange_n').replace("4000", "2500")
    channel = loads(text).channels("ni0")[0]
    assert (channel.low, channel.high, channel.terminal_config) == (-5.0, 5.0, "DIFF")


def test_terminals_are_compared_as_the_driver_does() -> None:
    assert loads(SMALL.replace('"ai0"', '"AI0"')).channels("ni0")[0].terminal == "ai0"


def test_one_number_stands_for_all_channels() -> None:
    plate = load("load_cell_board").plates[0]
    assert plate.kind == "cells"
    assert plate.rated_n == dict.fromkeys(plate.channels, 3000)


def test_a_rig_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("simulated").name = "other"


def test_a_file_with_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "Labor ä.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(path).plates == load(str(path)).plates == loads(SMALL).plates


def test_what_a_rig_does_not_have_is_said() -> None:
    with pytest.raises(UsageError, match="rig 'simulated' has no plate 'middle'; it has left, right"):
        load("simulated").plate("middle")
    with pytest.raises(UsageError, match="has no device 'ni7'; it has ni0"):
        load("simulated").channels("ni7")


def test_diff_pairs_as_the_device_has_them() -> None:
    eight = SMALL.replace("rate_hz", 'terminal_config = "DIFF"\nrate_hz')
    second = eight + SMALL[SMALL.index("[[plates]]") :].replace("plate1", "plate2").replace("ai0", "ai4")
    assert len(loads(second).plates) == 2  # minus of ai0 is ai8
    with pytest.raises(UsageError, match="ai4 is the minus of ai0 with DIFF"):
        loads(second.replace("rate_hz", "diff_minus = 4\nrate_hz"))
    own = second.replace('"ai4"', '"ai8"')
    with pytest.raises(UsageError, match="ai8 is the minus of ai0"):
        loads(own)
    assert len(loads(own.replace("rate_hz", "diff_minus = 0\nrate_hz")).plates) == 2


def test_the_range_check_is_that_of_a_voltmeter() -> None:
    """A plate of 500 N/V in a range of 10 V ends at 5000 N."""
    limit, role = electric_limit(loads(SMALL).plates[0], -10.0, 10.0)
    assert (limit, role) == (5000.0, "fz")
    assert loads(SMALL.replace("4000", "5000")).plates[0].range_n == 5000.0
    with pytest.raises(UsageError, match="5100 N is more than the 5000 N at which fz leaves"):
        loads(SMALL.replace("4000", "5100"))


# --- devices that send numbers ---


def test_a_board_and_a_stream_have_channels_of_numbers() -> None:
    (channel,) = load("chronojump_sensor").channels("sensor")
    assert (channel.role, channel.terminal, channel.kind, channel.unit) == ("plate1.fz", "fz", "number", "N")
    assert (channel.low, channel.high) == (-math.inf, math.inf)
    channels = load("lsl_bridge").channels("lsl0")
    assert [one.unit for one in channels[:6]] == ["N", "N", "N", "N*m", "N*m", "N*m"]
    assert [one.terminal for one in channels[6:9]] == ["Fx2", "Fy2", "Fz2"]


def test_numbers_become_newtons() -> None:
    from hipdrive.hardware.plates import forces

    kilograms = SENSOR.replace('unit = "N"', 'unit = "kg"').replace("per_unit = 1.0", "per_unit = 9.80665")
    assert forces(loads(kilograms), {"sensor": np.array([[80.0]])})["plate1.fz"].tolist() == [80.0 * 9.80665]
    upright = np.zeros((1, 12))
    upright[0, 2] = 700.0  # z points down, and the foot pushes down
    found = forces(load("lsl_bridge"), {"lsl0": upright})
    assert (found["left.fz"][0], found["right.fz"][0]) == (700.0, 0.0)
    assert (found["left.copx"][0], found["left.copy"][0]) == pytest.approx((0.0, 0.25))


def test_a_stream_of_volts_is_as_volts() -> None:
    """An amplifier whose volts come over LSL: any kind of plate, with its range."""
    text = AMTI.replace('driver = "nidaqmx"', 'driver = "lsl"').replace("range_v = [-10.0, 10.0]\n", 'unit = "V"\n')
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("terminal_config", "diff_", "product")))
    text = text.partition("[start_signal]")[0].replace("range_n", "range_v = [-10.0, 10.0]\nrange_n")
    channel = loads(text).channels("ni0")[0]
    assert (channel.unit, channel.low, channel.high) == ("V", -10.0, 10.0)


def test_a_slow_board_hands_over_single_samples() -> None:
    assert load("chronojump_sensor").devices[0].block_ms == 10.0  # one sample takes 12.5 ms: no fault
    with pytest.raises(UsageError, match="shorter than one sample at 80 Hz"):
        loads(SENSOR.replace("rate_hz", "block_ms = 10\nrate_hz"))


def test_a_driver_of_another_package_need_not_be_installed_to_read_a_rig() -> None:
    """A trial that was recorded with it can be opened anywhere."""
    options = 'unit = "V"\noptions = { gain = 2.5, on = true, port = "T7" }\nrate_hz'
    text = SMALL.replace('"nidaqmx"', '"plugin:labjack"').replace("rate_hz", options, 1)
    device = loads(text).devices[0]
    assert (device.driver, dict(device.options)) == ("plugin:labjack", {"gain": 2.5, "on": True, "port": "T7"})
    with pytest.raises(UsageError, match=r"options\.gain"):
        loads(text.replace("2.5", "[1, 2]"))


def test_what_hangs_on_one_driver() -> None:
    rig = load("kistler_pair")
    assert rig.only("nidaqmx").plates == rig.plates
    assert rig.only("nidaqmx").start_signal == rig.start_signal
    none = rig.only("lsl")
    assert (none.devices, none.plates, none.cameras, none.start_signal) == ((), (), (), None)


# --- broken files ---

BROKEN: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    # what: (text, old, new, words that the sentence has to hold)
    "no TOML": (SIMULATED, 'id = "left"', "id = left", ("no TOML", "line")),
    "curly quotes": (SIMULATED, 'id = "left"', "id = “left”", ("no TOML", "straight quotation marks")),
    "key twice": (SIMULATED, "range_n = 10000", "range_n = 10000\nrange_n = 9000", ("no TOML", "line")),
    "unknown kind": (KISTLER, '"kistler8"', '"kistler9"', ("plate 'left'", "'kistler9'", "did you mean kistler8?")),
    "no kind": (SMALL, 'kind = "fz1"', "", ("plate 'plate1'", "kind is missing", "fz1, cells")),
    "kind of wrong type": (SMALL, '"fz1"', "3", ("plate 'plate1'", "kind = ", "3")),
    "missing channel": (KISTLER, ', fz4 = "ai7"', "", ("plate 'left'", "channels", "fz4 is missing")),
    "unknown channel": (KISTLER, "fz4 = \"ai7\"", "fz5 = \"ai7\"", ("channels.fz5", "did you mean fz4?")),
    "missing sensitivity": (KISTLER, ", fz4 = 3.80", "", ("plate 'left'", "sensitivity_pc_per_n", "fz4 is missing")),
    "terminal twice": (KISTLER, '"ai8"', '"ai3"', ("plate 'right'", "fx12", "ni0/ai3", "plate 'left'", "fy23")),
    "terminal twice in capitals": (KISTLER, '"ai8"', '"AI3"', ("ni0/ai3 is already wired to plate 'left'",)),
    "gun on a plate's terminal": (KISTLER, '"ai16"', '"ai15"', ("start_signal", "ni0/ai15", "plate 'right'", "fz4")),
    "camera on the gun's line": (AMTI, "[start_signal]", '[[cameras]]\nid = "c"\ndevice = "ni0"\nterminal = "pfi1"\n'
                                 'counter = "ctr0"\n[start_signal]', ("camera 'c'", "PFI1", "start_signal")),
    "minus of a pair": (AMTI, 'fy = "ai1"', 'fy = "ai8"', ("channels.fy", "ai8 is the minus of ai0")),
    "unknown device": (SIMULATED, 'device = "ni0"', 'device = "ni1"', ("plate 'left', device", "'ni1'", "'ni0'")),
    "camera on unknown device": (KISTLER, 'id = "side"\ndevice = "ni0"', 'id = "side"\ndevice = "cam"',
                                 ("camera 'side'", "'cam'", "use 'ni0'")),
    "wrong type": (SIMULATED, "rate_hz = 1000", 'rate_hz = "fast"', ("device 'ni0'", "rate_hz = 'fast'", "number")),
    "number as text": (SIMULATED, "rate_hz = 1000", 'rate_hz = "1000"', ("rate_hz = '1000'", "for example 1000")),
    "truth for a number": (SMALL, "500.0", "true", ("newton_per_volt", "true")),
    "list for a number": (SMALL, "4000", "[4000]", ("range_n = [4000]", "number")),
    "table for a text": (SMALL, 'name = "small"', "name = { a = 1 }", ("name = {'a': 1}", "string")),
    "text for a table": (SMALL, '{ fz = "ai0" }', '"ai0"', ("plate 'plate1'", "channels = 'ai0' is no table")),
    "plates no list": (SMALL, "[[plates]]", "[plates]", ("plates is no list of tables", "[[plates]]")),
    "5 x 6 matrix": (AMTI, "    [-0.0134, -0.0254, 11.4448, 0.0109, 0.0065,  0.0004],\n", "",
                     ("plate 'plate1'", "matrix", "5 rows of 6", "6 rows of 6")),
    "ragged matrix": (AMTI, "11.4448, 0.0109,", "11.4448,", ("6 rows of 5 or 6",)),
    "singular matrix": (AMTI, "[-0.0074, 2.9080, 0.0307, -0.0042, -0.0006,  0.0025]",
                        "[ 2.9071, 0.0099, 0.0409, -0.0005, -0.0042, -0.0016]", ("matrix", "not independent")),
    "matrix in N·mm": (AMTI, "[-0.0005, -0.0004, 0.0003, 1.2700,", "[-0.0005, -0.0004, 0.0003, 1270.0,",
                       ("matrix", "1270", "divide rows 4 to 6 by 1000")),
    "matrix with a word": (AMTI, "11.4448", '"11,4448"', ("matrix[3][3] = '11,4448'", "number")),
    "matrix without its unit": (AMTI, 'matrix_per = "uV/V"', 'matrix_per = "V"', ("matrix_per", "'V'", "amplifier")),
    "origin above the surface": (AMTI, "-0.0421]", "0.0421]", ("origin_m", "0.0421", "turn all three signs")),
    "origin below, z up": (AMTI, "range_n", 'axes = "z_up"\nrange_n', ("origin_m", "-0.0421", "z is positive")),
    "az0 above the surface": (KISTLER, "az0_m = -0.052", "az0_m = 0.052", ("plate 'left', az0_m", "0.052", "negative")),
    "origin in mm": (AMTI, "-0.0421]", "-42.1]", ("origin_m[3] = -42.1", "greater than or equal to -1", "m")),
    "origin of two numbers": (AMTI, "[0.0006, -0.0010, -0.0421]", "[0.0006, -0.0010]", ("origin_m[3] is missing",)),
    "negative range": (SMALL, "4000", "-4000", ("range_n = -4000", "greater than 0", "N")),
    "range the wrong way round": (SIMULATED, "[-10.0, 10.0]", "[10.0, -10.0]", ("device 'ni0'", "range_v", "10 V")),
    "range without zero": (SIMULATED, "[-10.0, 10.0]", "[1.0, 10.0]", ("range_v", "1 V to 10 V", "0 V")),
    "range too small": (SIMULATED, "[-10.0, 10.0]", "[-5.0, 5.0]", ("plate 'left'", "range_n", "10000 N", "5000 N")),
    "misspelt key": (SIMULATED, "rate_hz", "rate_herz", ("device 'ni0'", "rate_herz = 1000", "did you mean rate_hz?")),
    "unknown key": (SIMULATED, "buffer_s = 4", "zzz = 4", ("device 'ni0'", "zzz = 4", "known are id, driver")),
    "unknown table": (SMALL, "[[plates]]", "[syncs]\n[[plates]]", ("syncs", "known")),
    "NaN": (SMALL, "500.0", "nan", ("newton_per_volt", "nan")),
    "infinite": (SIMULATED, "rate_hz = 1000", "rate_hz = inf", ("rate_hz = inf",)),
    "two plates of one name": (SIMULATED, 'id = "right"', 'id = "left"', ("plates 2", "'left'", "its own id")),
    "plate called gun": (SMALL, 'id = "plate1"', 'id = "gun"', ("plate 'gun', id", "another meaning")),
    "plate with a bad name": (SMALL, 'id = "plate1"', 'id = "Left foot"', ("id = 'Left foot'", "right form", '"left"')),
    "rate of zero": (SIMULATED, "rate_hz = 1000", "rate_hz = 0", ("rate_hz = 0", "greater than 0")),
    "rate too high": (SIMULATED, "rate_hz = 1000", "rate_hz = 2000000", ("rate_hz = 2000000", "1000000")),
    "block shorter than a sample": (SIMULATED, "rate_hz = 1000", "rate_hz = 50", ("block_ms", "10 ms", "at least 20")),
    "buffer shorter than blocks": (SIMULATED, "buffer_s = 4", "buffer_s = 0.02", ("buffer_s", "0.02", "at least 0.04")),
    "two devices of one id": (SMALL, "[[plates]]", '[[devices]]\nid = "ni0"\ndriver = "nidaqmx"\nname = "Dev2"\n'
                              "rate_hz = 1000\n[[plates]]", ("devices 2", "'ni0'", "its own id")),
    "two devices of one name": (SMALL, "[[plates]]", '[[devices]]\nid = "ni1"\ndriver = "nidaqmx"\nname = "dev1"\n'
                                "rate_hz = 1000\n[[plates]]", ("devices 2", "'dev1'", "plates on the first")),
    "unknown driver": (SMALL, '"nidaqmx"', '"labjack"', ("device 'ni0'", "driver = 'labjack'", "'nidaqmx'")),
    "unknown wiring": (SIMULATED, '"RSE"', '"rse"', ("terminal_config = 'rse'", "'RSE'")),
    "no devices": (SMALL, SMALL[SMALL.index("[[devices]]") : SMALL.index("[[plates]]")], "", ("devices is missing",)),
    "no plates": (SMALL, SMALL[SMALL.index("[[plates]]") :], "", ("plates is missing", "[[plates]]")),
    "empty list of plates": (SMALL, SMALL[SMALL.index("[[devices]]") :], "plates = []\n"
                             + SMALL[SMALL.index("[[devices]]") : SMALL.index("[[plates]]")],
                             ("there are no plates", "add a [[plates]] table")),
    "no calibration": (SMALL, f"calibration = {CALIBRATION}", "", ("plate 'plate1'", "calibration is missing", "date")),
    "day that does not exist": (SMALL, "2026-01-01", '"2026-02-30"', ("calibration", "date = '2026-02-30'")),
    "bad terminal": (SMALL, '"ai0"', '"A0"', ("channels.fz = 'A0'", "right form")),
    "sensitivity twice": (SMALL, "range_n", "rated_n = 1\nrange_n", ("newton_per_volt", "given twice")),
    "half a sensitivity": (SMALL, "newton_per_volt = 500.0", "rated_n = 1", ("newton_per_volt", "only half")),
    "charge without amplifier": (KISTLER, 'amplifier = { model = "5233A", range_pc = 10000, full_scale_v = 10.0 }', "",
                                 ("plate 'left', sensitivity_pc_per_n", "only half", "amplifier")),
    "short correction": (KISTLER, "a_m = 0.210", "cop_correction = [1.0]\na_m = 0.210", ("cop_correction", "12")),
    "correction for metres": (KISTLER, "a_m = 0.210", f"cop_correction = {[1e-3] * 12}\na_m = 0.210",
                              ("plate 'left', cop_correction", "mm", "P1x..P6x")),
    "no sensitivity": (SMALL, "newton_per_volt = 500.0", "", ("newton_per_volt", "missing", "rated_n")),
    "mV/V without a supply": (SMALL, "newton_per_volt = 500.0", "rated_n = 1\nrated_mv_per_v = 2",
                              ("rated_mv_per_v", "add a bridge or an amplifier")),
    "N/V with a bridge": (SMALL, "range_n", "bridge = { excitation_v = 5.0 }\nrange_n", ("newton_per_volt", "bridge")),
    "bridge and amplifier": (BOARD, "range_n", "amplifier = { gain = 100.0, excitation_v = 5.0 }\nrange_n",
                             ("amplifier", "take out the one")),
    "bridge without supply": (BOARD, "excitation_v = 3.3, ", "", ("plate 'plate1', bridge", "excitation_v is missing")),
    "zero gain": (AMTI, "gain = 2000.0", "gain = 0", ("amplifier", "gain = 0", "greater than 0")),
    "cells at one place": (BOARD, "rear_right = [-0.25, -0.20]", "rear_right = [0.25, 0.20]",
                           ("positions_m.rear_right", "front_left")),
    "cell without a place": (BOARD, ", rear_left = [-0.25, 0.20] }", " }", ("positions_m", "rear_left is missing")),
    "negative sensitivity": (KISTLER, "fx12 = 7.61", "fx12 = -7.61", ("per_n.fx12 = -7.61", "`inverted`")),
    "inverted what is not there": (KISTLER, "a_m = 0.210", 'inverted = ["fz"]\na_m = 0.210', ("inverted", "'fz'")),
    "gun without level": (KISTLER, "level_v = 2.5", "", ("start_signal", "level_v")),
    "gun twice": (KISTLER, "level_v = 2.5", 'level_v = 2.5\nline = "PFI2"', ("start_signal", "terminal", "one of")),
    "camera without counter": (SIMULATED, 'counter = "ctr0"', "", ("camera 'side'", "counter")),
    "wiring of a board": (SENSOR, "rate_hz", 'terminal_config = "RSE"\nrate_hz', ("device 'sensor'", "terminal_config",
                          "nidaqmx or simulated", "take it out")),
    "range of a stream": (BRIDGE, "rate_hz", "range_v = [-5.0, 5.0]\nrate_hz", ("device 'lsl0'", "range_v")),
    "trigger of a board": (SENSOR, "rate_hz", 'start_trigger = { terminal = "PFI1" }\nrate_hz', ("start_trigger",)),
    "board of an NI device": (SMALL, "rate_hz", 'board = { protocol = "chronojump" }\nrate_hz', ("board", "serial")),
    "unit of an NI device": (SMALL, "rate_hz", 'unit = "N"\nrate_hz', ("unit", "lsl or serial or plugin")),
    "options of a stream": (BRIDGE, "rate_hz", "options = { a = 1 }\nrate_hz", ("options", "plugin")),
    "board without its tongue": (SENSOR, 'board = { protocol = "chronojump" }', "",
                                 ("device 'sensor', board", "missing")),
    "board with a misspelt key": (SENSOR, '{ protocol = "chronojump"', '{ protocol = "lines", bauds = 9600',
                                  ("device 'sensor', board", "bauds = 9600", "did you mean baud?")),
    "unknown protocol": (SENSOR, '"chronojump" }', '"modbus" }', ("protocol = 'modbus'", "'lines'")),
    "stream with an unknown key": (BRIDGE, 'type = "Force"', 'tipe = "Force"', ("device 'lsl0', stream", "tipe",
                                   "did you mean type?")),
    "board without a unit": (SENSOR, 'unit = "N"\n', "", ("device 'sensor', unit", "missing", "kg")),
    "unknown unit": (SENSOR, 'unit = "N"', 'unit = "newton"', ("unit = 'newton'", "'kg'")),
    "header of lines": (SENSOR, '"chronojump" }', '"lines", columns = ["fz"], header = "AA" }', ("header", "lines")),
    "lines without columns": (SENSOR, '"chronojump" }', '"lines" }', ("columns", "no column with values")),
    "column twice": (SENSOR, '"chronojump" }', '"lines", columns = ["fz", "FZ"] }', ("columns", "named twice")),
    "decimal comma between commas": (SENSOR, '"chronojump" }',
                                     '"lines", columns = ["fz"], delimiter = ",", decimal = "," }',
                                     ("decimal", "comma")),
    "column that is not there": (SENSOR, '"chronojump" }', '"lines", columns = ["stamp", "force"] }',
                                 ("plate 'plate1', channels.fz", "no column 'fz'", "use force")),
    "no newtons of kilograms": (SENSOR, 'unit = "N"', 'unit = "kg"', ("newton_per_unit", "1 N for one kg", "9.80665")),
    "no sensitivity of a board": (SENSOR, "newton_per_unit = 1.0", "", ("newton_per_volt", "missing")),
    "volts of a board": (SENSOR, "newton_per_unit = 1.0", "newton_per_volt = 500.0", ("newton_per_unit", "missing",
                         "sends N", "newton_per_unit = 1")),
    "both sensitivities": (SENSOR, "newton_per_unit = 1.0", "newton_per_unit = 1.0\nnewton_per_volt = 1.0",
                           ("newton_per_unit", "take out newton_per_volt")),
    "units of an NI device's plate": (SMALL, "newton_per_volt", "newton_per_unit", ("newton_per_unit", "gives volts")),
    "forces without moments": (BRIDGE, "newton_metre_per_unit = 1.0     #", "#", ("newton_metre_per_unit", "missing")),
    "a charge plate on a stream": (KISTLER, 'driver = "nidaqmx"\nname = "Dev1"\nproduct = "USB-6218"\nrate_hz = 2000\n'
                                   'range_v = [-10.0, 10.0]\nterminal_config = "RSE"', 'driver = "lsl"\nname = "K"\n'
                                   'rate_hz = 2000\nunit = "N"', ("newton_per_unit", "for volts", "wrench6")),
    "gun on a stream": (BRIDGE, "[[plates]]", '[start_signal]\ndevice = "lsl0"\nline = "PFI0"\n[[plates]]',
                        ("start_signal, device", "no lines")),
    "lamp on a board": (SENSOR, "[[plates]]", '[[sync]]\nid = "lamp"\ndevice = "sensor"\nterminal = "PFI0"\n'
                        'counter = "ctr0"\n[[plates]]', ("sync 'lamp', device", "no lines")),
    "camera on a board": (SENSOR, "[[plates]]", '[[cameras]]\nid = "c"\ndevice = "sensor"\nterminal = "PFI0"\n'
                          'counter = "ctr0"\n[[plates]]', ("camera 'c', device", "no lines")),
    "NI device with a port's name": (SMALL, '"Dev1"', '"/dev/ttyUSB0"', ("device 'ni0'", "name", "NI device")),
    "plug-in without a name": (SMALL, '"nidaqmx"', '"plugin:"', ("driver = 'plugin:'", "right form")),
    "later version": (SIMULATED, "hipdrive-rig/1", "hipdrive-rig/2", ("schema = 'hipdrive-rig/2'", "'hipdrive-rig/1'")),
    "unprintable key": (SMALL, "newton_per_volt", '"new\\nton" = 1\nnewton_per_volt', ("new\\nton", "not known")),
    "long text": (SMALL, 'name = "small"', f'name = "{"x" * 5000}"', ("name = 'xxx", "200 characters")),
}  # fmt: skip


def refusal(text: str) -> str:
    """The sentence about a broken text."""
    with pytest.raises(UsageError) as caught:
        loads(text, "lab.toml")
    return str(caught.value)


def assert_one_sentence(said: str) -> None:
    assert said.isprintable(), repr(said)
    assert "Traceback" not in said
    assert "pydantic" not in said
    assert len(said) < 500


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_explained(what: str, tmp_path: Path) -> None:
    text, old, new, words = BROKEN[what]
    assert old in text
    path = tmp_path / "lab.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(path)
    said = str(caught.value)
    print(said)
    assert_one_sentence(said)
    assert said.startswith(f"{path}: ")
    assert ";" in said  # the remedy
    assert [word for word in words if word not in said] == []


def test_an_empty_file(tmp_path: Path) -> None:
    for content in ("", "\n\n", "# nothing\n"):
        said = refusal(content)
        assert "lab.toml: the file is empty" in said
        assert "simulated.toml" in said


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_bytes(b'name = "a"\ndescription = "M\xfcnchen"\n')
    with pytest.raises(
        UsageError, match=r"lab.toml: line 2 has the byte 0xfc, which is not UTF-8; save the file as UTF-8"
    ):
        load(path)


def test_utf16(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(SMALL, encoding="utf-16")
    with pytest.raises(UsageError, match="UTF-8"):
        load(path)


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the rig file is a folder; give a TOML file or one of simulated"):
        load(tmp_path)
    (tmp_path / "lab.toml").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        load(str(tmp_path / "lab.toml"))


def test_a_huge_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(UsageError, match="more than 1,000,000 bytes are no rig"):
        load(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the rig file does not exist"):
        load(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"there is no rig 'simulatd'; did you mean simulated\?"):
        load("simulatd")
    with pytest.raises(UsageError, match=r"there is no rig 'lab'; give a \.toml file or one of simulated"):
        load("lab")
    for odd in ("", "a\0b", "a\0b.toml", "x" * 5000, "x" * 5000 + ".toml", "a\nb.toml"):
        with pytest.raises(UsageError) as caught:
            load(odd)
        assert str(caught.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "lab.toml")
    with pytest.raises(UsageError, match="is not a file"):
        load(tmp_path / "lab.toml")


def test_nested_without_end() -> None:
    assert_one_sentence(refusal("a = " + "[" * 20_000))
    assert_one_sentence(refusal("a = " + "[" * 300 + "]" * 300))
    assert_one_sentence(refusal(SMALL.replace("500.0", "[" * 300 + "]" * 300)))


def test_numbers_without_end() -> None:
    assert_one_sentence(refusal(SMALL.replace("500.0", "9" * 400)))
    assert_one_sentence(refusal(SMALL.replace("500.0", "9" * 10_000)))
    assert_one_sentence(refusal(SMALL.replace("500.0", "0x" + "f" * 10_000)))
    assert_one_sentence(refusal(SMALL.replace("500.0", "1e999")))


def test_several_errors_are_counted() -> None:
    said = refusal(SMALL.replace("500.0", "-1").replace("4000", "-4000").replace("1000", "0"))
    assert said.endswith("(and 2 more)")
    assert "more)" not in refusal(SIMULATED.replace("rate_hz", "rate_herz"))  # one slip, not two


# --- any text, any table ---

LINES = sorted(
    {line for text in (SIMULATED, KISTLER, AMTI, BOARD, SPRINT, SMALL, SENSOR, BRIDGE) for line in text.splitlines()}
)
WORDS = sorted({word for line in LINES for word in line.replace("=", " ").split()})


def refused_or_a_rig(text: str) -> None:
    try:
        rig = loads(text, "lab.toml")
    except UsageError as why:
        assert_one_sentence(str(why))
    else:
        assert isinstance(rig, Rig)


@given(st.text())
def test_any_text(text: str) -> None:
    refused_or_a_rig(text)


@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_any_lines(lines: list[str]) -> None:
    refused_or_a_rig("\n".join(lines))


@given(st.sampled_from((SIMULATED, KISTLER, AMTI, BOARD, SPRINT, SMALL, SENSOR, BRIDGE)), st.data())
def test_any_slip(text: str, data: st.DataObject) -> None:
    """A piece cut out, another put in its place."""
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    put = data.draw(st.one_of(st.text(max_size=8), st.sampled_from(WORDS), st.sampled_from(LINES)))
    refused_or_a_rig(text[:start] + put + text[start + length :])


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.dates(), st.datetimes(), st.times(),
    st.sampled_from(["ni0", "ai0", "left", *KINDS]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=7), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
)


def toml(value: object) -> str:
    """A value as TOML; None is a table without keys."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool) or value is None:
        return "{}" if value is None else str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    return str(value)


KEYS = sorted({name for model in KINDS.values() for name in model.model_fields} | {"zzz", "rate_hz", "level_v"})


@given(st.sampled_from((KISTLER, AMTI, BOARD, SPRINT, SMALL, SENSOR, BRIDGE)), st.data())
def test_any_value_of_any_key(text: str, data: st.DataObject) -> None:
    """Each line of a good file gets another value, and keys are added."""
    lines = text.splitlines()
    places = [i for i, line in enumerate(lines) if " = " in line and not line.startswith((" ", "#"))]
    place = data.draw(st.sampled_from(places))
    key = data.draw(st.one_of(st.just(lines[place].partition(" = ")[0]), st.sampled_from(KEYS)))
    lines[place] = f"{key} = {toml(data.draw(VALUES))}"
    refused_or_a_rig("\n".join(lines))


NUMBER = re.compile(r"(?<![\w\"#-])-?\d+(?:\.\d+)?(?![\w\"-])")


@pytest.mark.parametrize(
    "text",
    [SIMULATED, KISTLER, AMTI, BOARD, SPRINT, SMALL, SENSOR, BRIDGE],
    ids=["simulated", "kistler", "amti", "board", "sprint", "small", "sensor", "bridge"],
)
@pytest.mark.parametrize(
    "extreme", ["5e-324", "1e-200", "1e308", "-1e308", "-0.0", "0", "1" + "0" * 350, "true", "nan"]
)
def test_any_number_can_be_absurd(text: str, extreme: str) -> None:
    """No division by nothing, no overflow: each number of a good file in turn."""
    for found in NUMBER.finditer(text):
        if "#" not in text[text.rfind("\n", 0, found.start()) + 1 : found.start()]:
            refused_or_a_rig(text[: found.start()] + extreme + text[found.end() :])


# --- schema ---


def test_the_schema_says_the_same_as_the_reader() -> None:
    said = schema()
    assert said["additionalProperties"] is False
    assert json.loads(json.dumps(said)) == said
    definitions = said["$defs"]
    assert {model.__name__ for model in KINDS.values()} <= set(definitions)
    described = [
        (name, key)
        for name, table in definitions.items()
        for key, field in table["properties"].items()
        if not field.get("description")
    ]
    assert described == []
    assert "schema" in said["properties"]  # by the name that it has in the file
    assert set(said["properties"]) >= {key for name in names() for key in tomllib.loads(load(name).text)}


def test_every_field_has_an_example() -> None:
    for model in KINDS.values():
        assert [name for name, info in model.model_fields.items() if not info.examples] == []


def test_hipdrive_loads_pydantic_only_for_rigs() -> None:
    ask = "import sys, hipdrive, hipdrive.hardware; print('pydantic' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_the_folder_of_rigs_holds_rigs_only() -> None:
    assert {path.suffix for path in rigs.FOLDER.iterdir()} == {".toml"}
    assert all(name == name.lower() for name in names())
