"""Real recordings of other people, and the files that lie beside them."""

import time
from pathlib import Path
from typing import Any

import pytest

from hipdrive.acquisition.formats.reading import read
from hipdrive.errors import HipdriveError

pytestmark = pytest.mark.real_data

READ: dict[str, tuple[dict[str, Any], tuple[str, ...], float, int]] = {
    "acl_squat_jump/BFR007_squat_jump.csv": ({}, ("plate1", "plate2"), 1000.0, 16350),
    "acl_squat_jump/BFR010_squat_jump.csv": ({}, ("plate1", "plate2"), 1000.0, 7850),
    "acl_squat_jump/BFR012_squat_jump.csv": ({}, ("plate1", "plate2"), 1000.0, 11730),
    "bmc_vertical_jump/GRFZjump.txt": ({"rate": 600}, ("plate1",), 600.0, 1200),
    "bmc_vertical_jump/GRFZjump_m.txt": ({"rate": 300}, ("plate1",), 300.0, 2490),
    "bmc_vertical_jump/GRFZjump_n.txt": ({"rate": 300}, ("plate1",), 300.0, 2578),
    "bmc_vertical_jump/jump1.txt": ({}, ("plate1",), 450.0, 4500),
    "bmc_vertical_jump/jump2.txt": ({}, ("plate1",), 450.0, 4500),
    "btk_vendor_formats/amti_asc/Trial1-FxFyFzMxMyMz.asc": ({}, ("plate1",), 200.0, 200),
    "btk_vendor_formats/c3d_dropjump_type4_truncated/sample21.c3d": ({}, ("plate1", "plate2"), 1020.0, 3412),
    "btk_vendor_formats/c3d_motionmonitor_landing_clipped/MotionMonitorC3D.c3d": ({}, ("plate1",), 980.0, 5880),
    "btk_vendor_formats/c3d_type1/type1.C3D": ({}, ("plate1",), 100.0, 296),
    "btk_vendor_formats/c3d_type2_type4/TYPE-2.C3D": ({}, ("plate1",), 1200.0, 3980),
    "btk_vendor_formats/c3d_type2_type4/type-4a.c3d": ({}, ("plate1", "plate2"), 960.0, 5760),
    "btk_vendor_formats/c3d_type3/FP1.C3D": ({}, ("plate1",), 600.0, 4800),
    "dryft_treadmill_run/custom_drift_S001runT25.csv": ({"rate": 300}, ("plate1",), 300.0, 9000),
    "dryft_treadmill_run/joss_example.csv": ({}, ("plate1",), 300.0, 437),
    "gidiel_cmj_sj_dj/Dual-CMJ-Fz.txt": ({"rate": 1000}, ("plate1", "plate2"), 1000.0, 5000),
    "gidiel_cmj_sj_dj/Dual-DJ-Fz.txt": (
        {"rate": 1000, "columns": "left.fz=FP1,right.fz=FP2"}, ("left", "right"), 1000.0, 5000,
    ),
    "gidiel_cmj_sj_dj/Dual-SJ-Fz.txt": ({"rate": 1000}, ("plate1", "plate2"), 1000.0, 5000),
    "gidiel_cmj_sj_dj/Single-CMJ-Fz.txt": ({"rate": 1000}, ("plate1",), 1000.0, 5000),
    "gidiel_cmj_sj_dj/Single-DJ-Fz.txt": ({"rate": 1000}, ("plate1",), 1000.0, 5000),
    "gidiel_cmj_sj_dj/Single-SJ-Fz.txt": ({"rate": 1000}, ("plate1",), 1000.0, 5000),
    "jumpmetrics_cmj_sj/F02_CTRL1.txt": ({"rate": 2000}, ("plate1", "plate2"), 2000.0, 40000),
    "jumpmetrics_cmj_sj/FHOC_P30_SQT300007.txt": ({"rate": 1000}, ("plate1", "plate2"), 1000.0, 20000),
    "jumpmetrics_cmj_sj/FHOC_P31_SQT900020.txt": ({"rate": 1000}, ("plate1", "plate2"), 1000.0, 20000),
    "jumpmetrics_cmj_sj/cmj_jumpmetrics_converted.csv": ({}, ("plate1",), 800.0, 6738),
    "opencap_lab_subject4/DJ1_grf.mot": ({}, ("plate1", "plate2"), 100.0, 269),
    "opencap_lab_subject4/static1_grf.mot": ({}, ("plate1", "plate2"), 100.0, 517),
    "quiet_standing_dualplate/Control 0 trial 0.txt": ({}, ("dominant", "non_dominant"), 100.0, 6000),
}  # fmt: skip
"""File -> options, plates, rate, samples."""

WEIGHTS = {
    "opencap_lab_subject4/static1_grf.mot": 588.9,
    "quiet_standing_dualplate/Control 0 trial 0.txt": 635.0,
}
"""Weight of standing athletes, N, as INDEX.md states it."""

REFUSED = {
    "acl_squat_jump/BFR007_index.csv": "no table of numbers",
    "acl_squat_jump/LICENSE": "no table of numbers",
    "bmc_vertical_jump/LICENSE.txt": "no table of numbers",
    "bmc_vertical_jump/kistler_fp_data.txt": "not clear",
    "bmc_vertical_jump/postureData.txt": "not clear",
    "btk_vendor_formats/c3d_bad_channel_map/shd01.c3d": "claims channels 8, 9, 10, 11, 12, 13 of 6",
    "btk_vendor_formats/c3d_bad_parameters/bad_parameter_section.c3d": "its C3D header or parameters make no sense",
    "btk_vendor_formats/c3d_type1/type1.C3D": "--rate 1000 contradicts the file, which says 100 Hz",
    "btk_vendor_formats/kistler_dat/BioWare17.dat": "not a known format",
    "btk_vendor_formats/motionanalysis_anc/Forcepla.cal": "line 2",
    "btk_vendor_formats/motionanalysis_anc/Gait.anc": "not forces in newtons",
    "btk_vendor_formats/motionanalysis_anc/Gait.trc": "marker positions",
    "dryft_treadmill_run/aerial_plots_data.csv": "no table of numbers",
    "gidiel_cmj_sj_dj/LICENSE": "no table of numbers",
    "jimenez_reyes_fv_jump/jimenez-reyes-clean.csv": "not clear",
    "nptdms_samples/raw1.tdms": "not a known format",
    "opencap_lab_subject4/DJ1.trc": "marker positions",
    "opencap_lab_subject4/DJ1_manual_scaling_ik.mot": "holds angles",
    "opencap_processing_squat/squats1_videoAndMocap.mot": "holds angles",
    "shorts_sprint/radar_gun_data.csv": "no table of numbers",
    "sprint_kinematics_dorn/run0700cms.mot": "holds angles",
    "video_pose2sim_4cam/Calib.qca.txt": "is XML",
    "video_squat_sagittal/squat.mp4": "not a known format",
}


@pytest.mark.parametrize("name", READ)
def test_recording(name: str, data: Path) -> None:
    options, plates, rate, samples = READ[name]
    trial = read(data / name, **options)
    assert (trial.plates, trial.rate, trial.samples) == (plates, rate, samples)
    assert trial.gaps == ()
    if name in WEIGHTS:
        assert trial.fz.sum(axis=0).mean() == pytest.approx(WEIGHTS[name], abs=5.0)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, data: Path) -> None:
    with pytest.raises(HipdriveError) as caught:
        read(data / name, rate=1000)
    assert REFUSED[name] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sum_of_two_plates_is_the_single_plate(data: Path) -> None:
    folder = data / "gidiel_cmj_sj_dj"
    dual, single = (read(folder / f"{kind}-CMJ-Fz.txt", rate=1000) for kind in ("Dual", "Single"))
    assert dual.fz.sum(axis=0) == pytest.approx(single.fz[0], abs=0.0015)


def test_no_file_makes_a_traceback(data: Path) -> None:
    for path in sorted(data.rglob("*")):
        try:
            read(path, rate=1000)
        except HipdriveError as error:
            assert "\n" not in str(error)


@pytest.mark.timed
def test_a_long_recording_reads_quickly(data: Path) -> None:
    path = data / "jumpmetrics_cmj_sj/F02_CTRL1.txt"
    assert path.stat().st_size > 4e6
    took = []
    for _ in range(3):
        start = time.perf_counter()
        read(path, rate=2000)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5
