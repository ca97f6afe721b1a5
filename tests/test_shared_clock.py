"""Several devices on one clock: their samples correspond for as long as they run; without it they drift apart."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from test_recorder import Lab, codes, fast
from test_recorder import rig as plain_rig
from test_rig import refused_or_a_rig

from hipdrive.acquisition.crew import Crew
from hipdrive.acquisition.nidaq import NidaqSource
from hipdrive.acquisition.simulated.daqmx import installed
from hipdrive.acquisition.simulated.engine import MODELS, Engine, ManualClock, Moving, SimDevice
from hipdrive.acquisition.simulated.source import sources
from hipdrive.acquisition.source import open_sources
from hipdrive.errors import UsageError
from hipdrive.hardware.rig import Rig, loads
from hipdrive.trial import Floats, Trial

PPM, PERIOD, STEP = 100.0, 16.0, 30.0
LONG = 120.0
ROUTED = 'clock = "ni0"'
WIRED = 'clock = "ni0"\nclock_in = "PFI0"'
LOCKED = 'clock = "ni0"\nclock_by = "reference_clock"'


def rig(second: str = "", first: str = "", *, turned: bool = False, rate: float = 1000.0) -> Rig:
    """One plate on each of two devices; `turned`: the second stands first in the file."""
    text = plain_rig(1, devices=2, rate=rate, block_ms=100.0, extra=f"buffer_s = {2.0 * STEP}").text
    head, one, two = text.replace("[[plates]]", "[[devices]]", 1).split("[[devices]]")[:3]
    two, plates = two.partition("[[plates]]")[0], text[text.index("[[plates]]") :]
    blocks = [one.rstrip() + "\n" + first, two.partition("[[plates]]")[0].rstrip() + "\n" + second]
    return loads(head + "".join(f"[[devices]]{block}\n" for block in (blocks[::-1] if turned else blocks)) + plates)


def sawtooth(t: Floats) -> Floats:
    """1 V/s on the one input, from -8 to 8 V: every voltage is a time."""
    return ((t % PERIOD) - PERIOD / 2.0)[np.newaxis]


def lab(made: Rig, *, ppm: float = PPM, **model: Any) -> Lab:
    """Both devices see the same; the oscillator of the second one is fast."""
    one = Lab(made, ring_seconds=LONG + 10.0)
    kind = dataclasses.replace(fast(MODELS["stand-in"]), **model)
    for name, error in (("Dev1", 0.0), ("Dev2", ppm)):
        one.engine.devices[name] = SimDevice(name=name, model=kind, signal=Moving(sawtooth), ppm=error)
    return one


def recorded(one: Lab, seconds: float) -> Trial:
    one.recorder.begin()
    with one.recorder:
        for _ in range(round(seconds / STEP)):
            one.run(STEP, STEP)
    return one.recorder.end()


def apart(trial: Trial) -> Floats:
    """By how much later the second device took each of its samples, ms, by what both saw."""
    volts = {raw.device: raw.scaled()[:, 0] for raw in trial.raw}
    return ((volts["ni1"] - volts["ni0"] + PERIOD / 2.0) % PERIOD - PERIOD / 2.0) * 1e3


def said(trial: Trial) -> dict[str, Any]:
    """What the log tells of the clock of the second device."""
    lines = [json.loads(line) for line in trial.log]
    opened = next(line for line in lines if line["code"] == "opened" and line["device"] == "ni1")
    return {key: value for key, value in opened.items() if key.startswith("clock")}


def test_two_clocks_drift_apart() -> None:
    """100 ppm are 0.1 ms in each second, whatever starts the devices."""
    trial = recorded(lab(rig()), LONG)
    late = apart(trial)
    assert trial.samples >= 119_000
    assert late[0] == pytest.approx(0.0, abs=0.4)  # one step of the converter is 0.3 ms here
    assert late[110_000] == pytest.approx(-11.0, abs=0.4)
    assert np.polyfit(np.arange(len(late)) * 1e-3, late, 1)[0] == pytest.approx(-1e-3 * PPM, rel=0.01)
    assert said(trial) == {"clock": "own"}
    assert "unsynchronised" in codes(trial)


@pytest.mark.parametrize(
    ("second", "first", "told"),
    [
        (ROUTED, "", {"clock_by": "sample_clock", "clock_source": "/Dev1/ai/SampleClock"}),
        (WIRED, 'clock_out = "PFI4"', {"clock_by": "sample_clock", "clock_source": "/Dev2/PFI0"}),
        (LOCKED, "", {"clock_by": "reference_clock", "clock_source": "/Dev1/10MHzRefClock"}),
    ],
    ids=["routed", "wired", "locked"],
)
def test_on_one_clock_the_samples_correspond_for_ever(second: str, first: str, told: dict[str, str]) -> None:
    trial = recorded(lab(rig(second, first)), LONG)
    assert trial.samples == 120_000
    one, two = (next(raw for raw in trial.raw if raw.device == name) for name in ("ni0", "ni1"))
    assert (one.values == two.values).all()
    assert len(np.unique(one.values)) > 15_000
    assert said(trial) == {"clock": "ni0", **told}
    assert two.identity["clock_source"] == told["clock_source"]
    assert "unsynchronised" not in codes(trial)


def test_the_backplane_leads_both() -> None:
    text = 'clock_by = "reference_clock"\nclock_in = "PXIe_Clk100"\n'
    trial = recorded(lab(rig(f'{text}clock = "ni0"', text)), 30.0)
    one, two = trial.raw
    assert (one.values == two.values).all()
    assert said(trial) == {"clock": "ni0", "clock_by": "reference_clock", "clock_source": "PXIe_Clk100"}
    assert one.identity["clock_source"] == "PXIe_Clk100"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("second", [ROUTED, LOCKED])
def test_time_that_passes_between_the_starts_does_not_matter(second: str, turned: bool) -> None:
    """Who follows is started before who leads: else it would miss the first edges."""
    one, order = lab(rig(second, turned=turned)), []
    for source in one.recorder.sources:
        assert isinstance(source, NidaqSource)

        def start(source: NidaqSource = source) -> None:
            order.append(source.device.id)
            one.clock.advance(0.05)
            NidaqSource.start(source)
            one.clock.advance(0.05)

        source.start = start  # type: ignore[method-assign]
    one.recorder.begin()
    with one.recorder:
        one.run(1.0)
    trial = one.recorder.end()
    assert order == ["ni1", "ni0"]
    assert (trial.raw[0].values == trial.raw[1].values).all()


def test_a_follower_that_is_started_too_late_misses_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it would be, and the test above would see it."""
    monkeypatch.setattr(Crew, "triggered", lambda self, device: device == "ni0")
    one = lab(rig(ROUTED))
    for source in one.recorder.sources:
        assert isinstance(source, NidaqSource)
        source.followers.clear()

        def start(source: NidaqSource = source) -> None:
            NidaqSource.start(source)
            one.clock.advance(0.05)

        source.start = start  # type: ignore[method-assign]
    one.recorder.begin()
    with one.recorder:
        one.run(1.0)
    late = apart(one.recorder.end())
    assert late == pytest.approx(np.full(len(late), 50.0), abs=0.7)


def test_the_rate_is_that_of_the_device_that_leads() -> None:
    """Clocks are divided down from 80 MHz, so 3000 Hz are 2999.96 Hz, and two devices' rates would not agree."""
    one = lab(rig(ROUTED, rate=3000.0), timebase=80e6)
    one.recorder.begin()
    with one.recorder:
        one.clock.advance(2.0)
        one.settle(1.999)
    trial = one.recorder.end()
    assert {raw.rate for raw in trial.raw} == {80e6 / 26_667}
    assert trial.rate == 80e6 / 26_667


def test_without_a_way_for_the_clock_nothing_is_recorded() -> None:
    with pytest.raises(UsageError) as caught:
        lab(rig(ROUTED), bus="USB").recorder.start()
    assert caught.value.code == "-89125"
    assert "no registered trigger lines could be found between the devices" in str(caught.value)
    assert "lead the clock by a wire (WIRING.md)" in str(caught.value)


def test_usb_devices_need_a_wire() -> None:
    trial = recorded(lab(rig(WIRED, 'clock_out = "PFI4"'), bus="USB"), 30.0)
    assert (trial.raw[0].values == trial.raw[1].values).all()


def test_a_clock_wire_that_is_not_plugged_in_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipdrive.acquisition.reader.PATIENCE_S", 0.3)
    one = lab(rig(WIRED, 'clock_out = "PFI4"'))
    one.engine.wires.clear()
    one.recorder.begin()
    with one.recorder:
        one.clock.advance(1.0)
        assert one.recorder.streams["ni1"].ring.count == 0
    with pytest.raises(UsageError, match="not one sample was recorded; check the start trigger and the sample clock"):
        one.recorder.end()


def test_what_the_driver_is_told() -> None:
    """Also the real sources, in whatever order the rig has them and they are opened and started."""
    text = rig(WIRED, 'clock_out = "PFI4"', turned=True, rate=3000.0).text.replace('"simulated"', '"nidaqmx"')
    model = dataclasses.replace(fast(MODELS["stand-in"]), timebase=80e6)
    engine = Engine([SimDevice(name=f"Dev{i}", model=model) for i in (1, 2)], clock=ManualClock())
    follower, lead = open_sources(loads(text))
    assert isinstance(lead, NidaqSource) and isinstance(follower, NidaqSource)
    assert (lead.device.id, follower.device.id, follower.lead) == ("ni0", "ni1", lead)
    with installed(engine):
        follower.open()
        lead.open()
        tasks = list(engine.tasks.values())
        assert [(task.clock_source, task.trigger) for task in tasks] == [("", ""), ("/Dev2/PFI0", "")]
        assert engine.exported == {"/Dev1/PFI4": engine.devices["Dev1"]}
        assert follower.info.rate == lead.info.rate == 80e6 / 26_667
        assert follower.info.identity["clock_source"] == "/Dev2/PFI0"
        lead.start()
        assert [task.running for task in tasks] == [True, True]
        follower.start()
        follower.stop()
        assert [task.running for task in tasks] == [True, False]
        follower.close()
        lead.close()
    assert not engine.tasks


@pytest.mark.parametrize("turned", [False, True])
def test_a_lead_that_waits_for_an_edge_itself(turned: bool) -> None:
    """Both wait, so nobody but the lead knows that the other one has to be armed before the edge comes."""
    one = lab(rig(ROUTED, 'start_trigger = { terminal = "PFI1" }', turned=turned))
    for source in one.recorder.sources:
        assert isinstance(source, NidaqSource)

        def start(source: NidaqSource = source) -> None:
            NidaqSource.start(source)
            if source.device.id == "ni0":
                one.engine.trigger("/Dev1/PFI1")
            one.clock.advance(0.05)

        source.start = start  # type: ignore[method-assign]
    one.recorder.begin()
    with one.recorder:
        one.run(1.0)
    trial = one.recorder.end()
    assert trial.samples >= 1000
    assert (trial.raw[0].values == trial.raw[1].values).all()


@pytest.mark.parametrize(
    ("second", "first", "words"),
    [
        ('clock = "ni7"', "", "device 'ni1', clock: 'ni7' is no other device; use 'ni0'"),
        ('clock = "ni1"', "", "device 'ni1', clock: 'ni1' is no other device"),
        (ROUTED, 'clock = "ni1"', "'ni1' has no clock of its own but that of 'ni0'"),
        ('clock_in = "PFI0"', "", "a clock comes in, but not whose; add clock"),
        (f'{ROUTED}\nclock_out = "PFI4"', "", "it has no sample clock of its own to give"),
        (WIRED, "", "nothing is given to the wire to PFI0 of 'ni1'"),
        (f'{ROUTED}\nclock_in = "PXI_Clk10"', "", "PXI_Clk10 does not carry a sample clock"),
        (f'{LOCKED}\nclock_in = "PFI0"', "", "PFI0 does not carry a reference clock"),
        (f'{LOCKED}\nclock_in = "PXI_Clk10"', "", "PXI_Clk10 is not the nothing of 'ni0'"),
        ('clock_by = "reference_clock"', "", "it shares a reference clock, but not which"),
        (f'{ROUTED}\nstart_trigger = {{ terminal = "PFI1" }}', "", "the first edge of the shared sample clock"),
        (WIRED, 'clock_out = "port0/line1"', "port0/line1 cannot give a clock; use a PFI line"),
        (WIRED, 'clock_out = "PFI4"\nstart_trigger = { terminal = "PFI4" }', "PFI4 is already wired"),
    ],
)  # fmt: skip
def test_a_clock_that_cannot_be_shared(second: str, first: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        rig(second, first)
    assert words in str(caught.value)


@pytest.mark.parametrize("second", [ROUTED, WIRED, LOCKED, f'{LOCKED}\nclock_in = "PXIe_Clk100"'])
def test_any_slip_is_explained(second: str) -> None:
    """Each line left out, doubled, or swapped with one of the other device."""
    lines = rig(WIRED, 'clock_out = "PFI4"').text.replace(WIRED, second).splitlines()
    for place in range(len(lines)):
        for other in (place, place + 1, 4):
            for changed in ([], [lines[place]] * 2, [lines[min(other, len(lines) - 1)]]):
                refused_or_a_rig("\n".join([*lines[:place], *changed, *lines[place + 1 :]]))


def test_a_clock_of_another_driver_is_refused() -> None:
    text = rig(ROUTED).text.replace('driver = "simulated"', 'driver = "nidaqmx"', 1)
    with pytest.raises(UsageError, match="'ni0' is run by nidaqmx, and this one by simulated; devices of one driver"):
        loads(text)


def test_other_rates_and_counters_of_a_follower_are_refused() -> None:
    text = rig(ROUTED).text
    head, _, tail = text.rpartition("rate_hz = 1000.0")
    with pytest.raises(UsageError, match="500 Hz is not the 1000 Hz of 'ni0', whose sample clock it shares"):
        loads(f"{head}rate_hz = 500.0{tail}")
    camera = '\n[[cameras]]\nid = "side"\ndevice = "ni1"\nterminal = "PFI0"\ncounter = "ctr0"\n'
    with pytest.raises(UsageError, match="camera 'side', device: counters of 'ni1' do not run on the clock"):
        loads(text + camera)
    assert loads(rig(LOCKED).text + camera).cameras[0].device == "ni1"
    with pytest.raises(UsageError, match="start_signal, device: counters"):
        loads(text + '\n[start_signal]\ndevice = "ni1"\nline = "PFI2"\n')


def test_a_camera_is_stamped_on_the_clock_of_the_device() -> None:
    """A fast oscillator counts more ticks; on the device's own clock the edges lie where they lie among its samples."""
    text = plain_rig(1).text + '\n[[cameras]]\nid = "side"\ndevice = "ni0"\nterminal = "PFI0"\ncounter = "ctr0"\n'
    one = Lab(loads(text))
    device = one.engine.devices["Dev1"]
    device.ppm, device.edges["PFI0"] = 400.0, np.array([0.25, 9.5])
    one.recorder.begin()
    with one.recorder:
        one.run(10.0)
    trial = one.recorder.end()
    assert trial.edges[0].ticks.tolist() == [int(0.25 * 20e6 * 1.0004), int(9.5 * 20e6 * 1.0004)]
    assert tuple(sources(one.rig, engine=one.engine))
