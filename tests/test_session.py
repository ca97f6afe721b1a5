"""A recording session without a window: every state, what is refused, what is kept, and what goes wrong."""

import dataclasses
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

import hipdrive as hd
from hipdrive import session as sessions
from hipdrive import store
from hipdrive.acquisition import recovery
from hipdrive.acquisition.recorder import Recorder, record
from hipdrive.acquisition.simulated.engine import Engine, ManualClock
from hipdrive.acquisition.simulated.source import SimulatedSource, sources
from hipdrive.acquisition.source import open_sources
from hipdrive.analysis.said import Changed, Numbers, Warned, Weighed, Zeroed
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.session import (
    ANALYSED,
    CUT,
    DISCARDED,
    KEPT,
    OVER,
    SAVING,
    Ended,
    Event,
    Fault,
    Samples,
    Session,
    Take,
    Taken,
    advice,
    connect,
)
from hipdrive.trial import Trial, Truth

G = 9.80665
T = TypeVar("T")


class Hall:
    """A session on the simulated rig whose time the test decides."""

    def __init__(self, folder: Path, test: str = "dj", *, armed: bool = True, **jumper: Any) -> None:
        self.clock = ManualClock()
        rig = rigs.load("simulated")
        made = sources(rig, test=test, clock=self.clock, **{"lead": 3.0, "jumps": 3, **jumper})
        self.sources: tuple[SimulatedSource, ...] = tuple(made)
        self.session = Session(Recorder(rig, self.sources), folder=folder, test=test, armed=armed)
        self.events: list[Event] = []
        self.now = 0.0

    @property
    def engine(self) -> Engine:
        return self.sources[0].room.engine

    @property
    def jumps(self) -> tuple[tuple[int, Trial], ...]:
        played = self.sources[0].room.played
        assert played is not None
        return played.jumps

    def truth(self, number: int) -> Truth:
        truth = self.jumps[number][1].truth
        assert truth is not None
        return truth

    def run(self, seconds: float, step: float = 0.05) -> list[Event]:
        """Let time pass and poll after each step, when the recorder has it; what happened."""
        said: list[Event] = []
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.now += step
            end = time.monotonic() + 20.0
            while self.session.seconds < self.now - 1e-9 and not self.session.recorder.finished.is_set():
                assert time.monotonic() < end, f"{self.session.seconds} s of {self.now} s came"
                time.sleep(0.0005)
            said += self.session.poll()
        self.events += said
        return said

    def until(self, state: str, seconds: float = 15.0) -> list[Event]:
        said: list[Event] = []
        while not any(one.state == state for one in of(said, Changed)):
            assert seconds > 0.0, f"never {state}: {states(self.events)}"
            said += self.run(0.05)
            seconds -= 0.05
        return said

    def settle(self) -> list[Event]:
        said = list(self.session.settle())
        self.events += said
        return said


def of(said: Sequence[Event], kind: type[T]) -> list[T]:
    return [one for one in said if isinstance(one, kind)]


def states(said: Sequence[Event]) -> list[str]:
    return [one.state for one in of(said, Changed)]


def codes(said: Sequence[Event]) -> list[str]:
    return [one.code for one in of(said, Warned)]


def takes(said: Sequence[Event]) -> list[Take]:
    return [one.take for one in of(said, Taken)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jumps"


@pytest.fixture
def dj(folder: Path) -> Iterator[Hall]:
    hall = Hall(folder)
    with hall.session:
        yield hall


@pytest.fixture
def cmj(folder: Path) -> Iterator[Hall]:
    hall = Hall(folder, "cmj")
    with hall.session:
        yield hall


def test_the_whole_story_of_a_depth_jump(dj: Hall, folder: Path) -> None:
    session = dj.session
    dj.run(0.3)
    assert session.state == "empty"
    assert advice(session) == "Keep off the plates and zero them"
    assert not session.zeroed
    session.zero()
    said = dj.run(1.2)
    [zeroed] = of(said, Zeroed)
    assert states(said) == ["zeroing", "empty"]
    offset = dj.truth(0).settings["offset"]
    assert sum(zeroed.levels) == pytest.approx(offset, abs=0.5)
    assert sum(one.zero for one in session.status()) == pytest.approx(offset, abs=0.5)
    assert [abs(one.force) < 1.0 for one in session.status()] == [True, True]
    assert [0.5 < one.noise < 2.0 for one in session.status()] == [True, True]
    assert [one.range for one in session.status()] == [10000.0, 10000.0]
    assert advice(session).startswith("Up on the box")

    said = dj.until("closed")
    assert states(said) == ["contact", "flight", "landed", "closed", "armed"]
    stages = [one.stage for one in of(said, Numbers)]
    assert stages == ["takeoff", "landing", "closed"]
    truth = dj.truth(0)
    live = of(said, Numbers)[1].values
    for field, within in (("rsi_jh", 0.02), ("contact_time", 0.002), ("flight_time", 0.002)):
        assert live[field].value == pytest.approx(truth[field], abs=within), field
    [cut] = [take for take in takes(said) if take.state == CUT]
    assert [one.stage for one in cut.numbers] == ["closed"]

    dj.settle()
    [take] = session.takes
    assert take.state == ANALYSED
    assert take.analysis is not None
    assert take.analysis.status == "ok"
    assert take.analysis.reps[0]["drop_height"].value == pytest.approx(truth["drop_height"], abs=0.02)

    keeping = session.keep()
    assert keeping.state == SAVING
    said = dj.settle()
    [kept] = takes(said)
    assert kept.state == KEPT
    assert kept.path is not None
    assert kept.path.parent == folder
    assert kept.path.name.endswith("_dj_01.h5")
    back = store.load_trial(kept.path)
    assert [one.plate for one in back.tare] == ["left", "right"]
    assert back.tare[0].samples == 1000
    again = hd.analyse(back)
    for rep, other in zip(again.reps, take.analysis.reps, strict=True):
        for name in rep:
            one, two = rep[name].value, other[name].value
            assert one == two or (np.isnan(one) and np.isnan(two)), name
    assert all(finding.level == "info" for finding in store.check(kept.path))


def test_weighed_first_the_drop_height_is_there_at_once(folder: Path) -> None:
    """Standing still on the plates gives the weight, and with it the fall at the second touchdown."""
    hall = Hall(folder, "cmj")
    session = hall.session
    with session:
        hall.run(0.5)
        session.weigh()
        assert advice(session) == "Step on and stand still"
        assert session.weighing
        said = hall.until("armed")
        weighed = of(said, Weighed)
        assert len(weighed) == 1
        mass = hall.truth(0).settings["mass"]
        # not zeroed: the level of the empty plates is taken off all the same
        assert weighed[0].weight == pytest.approx(mass * G, abs=5.0)
        assert not session.weighing
        assert session.mass == pytest.approx(mass, abs=1.5)
        hall.until("closed")
        hall.settle()
        [take] = session.takes
        assert take.trial is not None
        assert take.trial.mass == pytest.approx(mass, abs=1.5)
        assert take.analysis is not None
        height = take.analysis.reps[0]["jump_height_tov"]
        assert abs(height.value - hall.truth(0)["jump_height_tov"]) < 2.0 * height.u95


def test_the_same_athlete_is_weighed_again_where_he_stands(cmj: Hall) -> None:
    cmj.until("armed")
    first = cmj.session.weight
    cmj.session.weigh()
    assert np.isnan(cmj.session.weight)
    said = cmj.run(0.2)
    assert [one.weight for one in of(said, Weighed)] == [pytest.approx(first, abs=3.0)]


def test_zero_is_refused_under_load(cmj: Hall) -> None:
    cmj.until("armed")
    cmj.session.zero()
    said = cmj.run(0.5)
    [warned] = of(said, Warned)
    assert warned.code == "zero_under_load"
    assert "step off" in warned.text
    assert not of(said, Zeroed)
    assert not cmj.session.zeroed


def test_zero_is_refused_in_the_air_and_at_landing(dj: Hall) -> None:
    dj.until("flight")
    dj.run(0.25)
    dj.session.zero()
    assert codes(dj.run(0.05)) == ["zero_too_soon"]
    dj.until("landed")
    dj.session.zero()
    assert "zero_under_load" in codes(dj.run(0.05))


def test_weigh_is_refused_while_moving(dj: Hall) -> None:
    for state in ("contact", "flight", "landed"):
        dj.until(state)
        dj.session.weigh()
        said = dj.run(0.05)
        assert codes(said) == ["weigh_moving"]
        assert "stand still" in of(said, Warned)[0].text
    assert not dj.session.weighing
    assert dj.until("closed"), "and the jump goes on as if nothing had been asked"
    assert len(dj.session.takes) == 1


@pytest.mark.parametrize("test", ["dj", "cmj", "sj"])
def test_three_jumps_in_a_row(folder: Path, test: str) -> None:
    """Nobody decides between them; each is right, and each can be decided afterwards."""
    hall = Hall(folder, test)
    session = hall.session
    with session:
        for _ in range(3):
            hall.until("closed")
        hall.settle()
        found = session.takes
        assert [take.number for take in found] == [1, 2, 3]
        assert [take.state for take in found] == [ANALYSED] * 3
        for number, take in enumerate(found):
            truth = hall.truth(number)
            assert take.analysis is not None
            assert take.analysis.test == test
            [rep] = take.analysis.reps
            for field in {"dj": ("rsi_jh", "contact_time"), "cmj": ("jump_height_tov",),
                          "sj": ("jump_height_tov",)}[test]:  # fmt: skip
                value = rep[field]
                assert abs(value.value - truth[field]) < 2.0 * value.u95, (number, field)
            assert take.trial is not None
            assert take.trial.truth is not None
            assert take.trial.truth["flight_time"] == truth["flight_time"]
        session.discard(2)
        session.keep(1)
        session.keep()
        hall.settle()
        assert [take.state for take in session.takes] == [KEPT, DISCARDED, KEPT]
        assert session.undecided == ()
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert [name[-len("_xx_01.h5") :].split("_")[-1] for name in names] == ["01.h5", "03.h5"]


def test_what_is_decided_is_decided(dj: Hall) -> None:
    with pytest.raises(UsageError, match="no jump to keep"):
        dj.session.keep()
    dj.until("closed")
    dj.session.discard()
    assert takes(dj.run(0.05))[0].state == DISCARDED
    for act in (dj.session.keep, dj.session.discard):
        with pytest.raises(UsageError, match="decided already"):
            act(1)
    dj.settle()
    assert dj.session.takes[0].state == DISCARDED, "an analysis that comes late changes nothing"
    assert dj.session.takes[0].trial is None


def test_kept_before_it_is_analysed(dj: Hall) -> None:
    dj.until("closed")
    dj.session.keep()
    dj.settle()
    [take] = dj.session.takes
    assert take.state == KEPT
    assert take.path is not None
    assert store.index(take.path)[0]["test"] == "dj"
    assert take.analysis is not None


def test_no_file_is_ever_overwritten(dj: Hall, folder: Path) -> None:
    dj.session.about(athlete="Ann O'Neill/2")
    dj.until("closed")
    dj.settle()
    take = dj.session.takes[0]
    name = sessions._file_name(take, "Ann O'Neill/2", "dj")
    folder.mkdir()
    (folder / f"{name}.h5").write_bytes(b"mine")
    dj.session.keep()
    dj.settle()
    kept = dj.session.takes[0].path
    assert kept == folder / f"{name}-2.h5"
    assert "_Ann-O-Neill-2_dj_01" in name
    assert (folder / f"{name}.h5").read_bytes() == b"mine"
    assert store.load_trial(kept).athlete == "Ann O'Neill/2"


def test_a_folder_that_cannot_be_written_loses_no_jump(dj: Hall, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    dj.until("closed")
    dj.settle()
    dj.session.folder = tmp_path / "file"
    dj.session.keep()
    [warned] = of(dj.settle(), Warned)
    assert "choose another folder" in warned.text
    assert dj.session.takes[0].state == ANALYSED
    dj.session.folder = tmp_path / "other"
    dj.session.keep()
    dj.settle()
    assert dj.session.takes[0].state == KEPT
    assert len(list((tmp_path / "other").iterdir())) == 1


def test_a_jump_while_paused_is_told_and_not_recorded(folder: Path) -> None:
    hall = Hall(folder, armed=False)
    with hall.session as session:
        assert advice(session) == "Keep off the plates and zero them"
        session.zero()
        hall.run(1.3)
        assert advice(session) == "Press Start"
        said = hall.until("closed")
        assert codes(said) == ["not_armed"]
        assert of(said, Numbers), "it is shown all the same"
        assert session.takes == ()
        session.arm()
        hall.until("closed")
        assert len(session.takes) == 1
        session.disarm()
        hall.until("closed")
        assert len(session.takes) == 1


def test_another_athlete_has_another_weight(cmj: Hall) -> None:
    cmj.until("armed")
    assert np.isfinite(cmj.session.weight)
    cmj.session.about(athlete="b2", box_height=0.3)
    assert np.isnan(cmj.session.weight)
    with pytest.raises(UsageError, match="no fact 'size'"):
        cmj.session.about(size=3)
    cmj.until("closed")
    cmj.settle()
    trial = cmj.session.takes[0].trial
    assert trial is not None
    assert (trial.athlete, trial.box_height) == ("b2", 0.3)


@pytest.mark.parametrize("when", ["empty", "flight", "landed"])
def test_unplugged(folder: Path, when: str) -> None:
    hall = Hall(folder)
    with hall.session as session:
        hall.until(when)
        hall.engine.faults.unplug_at = round(1000 * hall.now) + 300
        said = hall.run(1.0)
        [fault] = of(said, Fault)
        assert fault.code == "-201003"
        assert "cable" in fault.text
        [ended] = of(said, Ended)
        assert ended.text == fault.text
        assert session.state == OVER
        assert session.poll() == ()
        hall.settle()
        assert len(session.takes) == (when == "landed")
        for take in session.takes:
            assert take.analysis is not None
            assert "before the athlete stood still" in take.why
            assert take.trial is not None
            assert "cable" in take.trial.end_reason
            assert take.analysis.status == "flagged"
            session.keep()
            hall.settle()
            assert session.takes[0].path is not None
            assert store.load_trial(session.takes[0].path).end_reason


def test_a_gap_is_told_and_the_next_jump_is_right(dj: Hall) -> None:
    """The driver overwrites samples in the air of the first jump; the second knows nothing of it."""
    dj.until("flight")
    dj.engine.faults.overflow_at = round(1000 * dj.now)
    said = dj.run(0.5)
    faults = of(said, Fault)
    assert [one.code for one in faults] == ["-200279"]
    assert "buffer_s" in faults[0].text
    if dj.session.state == OVER:  # the driver was not to be had again
        assert not dj.session.takes
        return
    assert "samples_lost" in codes(said)
    dj.until("closed")
    dj.settle()
    assert len(dj.session.takes) == 1
    assert dj.session.takes[0].analysis is not None
    assert dj.session.takes[0].analysis.status in ("ok", "flagged")


def test_an_overrun_is_told(folder: Path) -> None:
    """Nobody polls for longer than the ring holds."""
    hall = Hall(folder)
    hall.session.recorder = Recorder(rigs.load("simulated"), hall.sources, 2.0)
    with hall.session as session:
        hall.run(0.2)
        for _ in range(60):
            hall.clock.advance(0.05)
            hall.now += 0.05
            while session.seconds < hall.now - 1e-9:
                time.sleep(0.001)
        said = hall.run(0.1)
        assert [one.code for one in of(said, Fault)] == ["overrun"]
        assert "close other programs" in of(said, Fault)[0].text
        assert session.state != OVER


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    played = open_sources(rigs.load("simulated"), test="dj", seed=4, lead=1.0, free_run=True)
    trial = record("simulated", test="dj", seconds=6.5, sources=played, athlete="a7", box_height=0.4)
    return store.save(tmp_path_factory.mktemp("recorded") / "jump.h5", trial)


def played_through(session: Session) -> list[Event]:
    said: list[Event] = []
    end = time.monotonic() + 60.0
    while session.state != OVER:
        assert time.monotonic() < end
        said += session.poll()
        time.sleep(0.002)
    return said + list(session.settle())


def test_a_file_is_replayed(recorded: Path, folder: Path) -> None:
    with connect(recorded, folder=folder, speed=0.0, armed=True) as session:
        assert (session.name, session.test, session.athlete, session.box_height) == ("jump.h5", "dj", "a7", 0.4)
        said = played_through(session)
        assert of(said, Ended)[0].text == "the recording is at its end"
        assert not of(said, Fault)
        [take] = session.takes
        assert take.analysis is not None
        original = hd.analyse(store.load_trial(recorded)).reps[0]
        for field in ("rsi_jh", "contact_time", "flight_time"):
            # the take is a part of the recording, so its zero and noise are not quite the same
            assert abs(take.analysis.reps[0][field].value - original[field].value) < 0.2 * original[field].u95
        session.keep()
        session.settle()
        assert session.takes[0].state == KEPT
    assert [path.suffix for path in folder.iterdir()] == [".h5"]


def test_a_text_recording_is_replayed(tmp_path: Path) -> None:
    from hipdrive.report import exchange

    made = hd.simulate("cmj", seed=2)
    exchange.save(made, tmp_path / "jump.csv")
    with connect(tmp_path / "jump.csv", folder=tmp_path, speed=0.0, armed=True) as session:
        session.zero()
        said = played_through(session)
        assert "zero_imported" in codes(said)
        assert session.zeroed, "there is nothing to zero"
        assert len(session.takes) == 1
        assert np.concatenate([one.force for one in of(said, Samples)], axis=1) == pytest.approx(made.fz)


def test_a_record_that_ends_too_early_is_a_take_all_the_same(tmp_path: Path) -> None:
    made = hd.simulate("dj", seed=2)
    assert made.truth is not None
    short = made.fz[:, : round((made.truth.events["touchdown"] + 0.4) * 1000)]
    path = store.save(tmp_path / "short.h5", Trial.from_forces(short, 1000.0, made.plates, test="dj"))
    with connect(path, folder=tmp_path, speed=0.0, armed=True) as session:
        played_through(session)
        [take] = session.takes
        assert "before the athlete stood still" in take.why
        assert take.analysis is not None
        assert take.analysis.reps[0]["rsi_jh"].value == pytest.approx(made.truth["rsi_jh"], abs=0.02)


def test_what_cannot_be_connected_is_one_sentence(tmp_path: Path) -> None:
    for what in ("nonsense", tmp_path / "none.toml", tmp_path / "none.h5"):
        with pytest.raises(hd.HipdriveError) as caught:
            connect(what)
        assert "\n" not in str(caught.value)


def test_polling_is_never_delayed_by_an_analysis(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes: the next jump is seen meanwhile."""
    release = threading.Event()
    analyse = sessions._analysed

    def slow(*arguments: Any) -> Take:
        assert release.wait(60.0)
        return analyse(*arguments)

    monkeypatch.setattr(sessions, "_analysed", slow)
    hall = Hall(folder)
    with hall.session as session:
        hall.until("closed")
        hall.until("closed")
        assert [take.state for take in session.takes] == [CUT, CUT]
        release.set()
        hall.settle()
        assert [take.state for take in session.takes] == [ANALYSED, ANALYSED]


def test_an_analysis_that_fails_loses_no_jump(dj: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a defect")

    dj.until("landed")
    monkeypatch.setattr("hipdrive.analysis.analyse.analyse", broken)
    dj.until("closed")
    dj.settle()
    [take] = dj.session.takes
    assert take.analysis is None
    assert "a defect" in take.why
    dj.session.keep()
    dj.settle()
    assert dj.session.takes[0].state == KEPT


def test_from_touchdown_to_event(dj: Hall, record_property: Any) -> None:
    """In samples, by the clock of the device: 10 ms blocks, polled as they come."""
    ages = []
    for number in range(3):
        start = dj.jumps[number][0]
        touchdown = start + dj.truth(number).events["touchdown"] * 1000.0
        landed: list[Numbers] = []
        while not landed:
            assert dj.now < 60.0
            landed = [one for one in of(dj.run(0.01, step=0.01), Numbers) if one.stage == "landing"]
        ages.append(1000.0 * dj.now - touchdown)
    print(f"touchdown to event: {', '.join(f'{age:.0f}' for age in ages)} ms, median {statistics.median(ages):.0f} ms")
    record_property("touchdown_to_event_ms", [float(age) for age in ages])
    assert statistics.median(ages) <= 30.0


def test_the_cost_of_a_poll_is_constant(dj: Hall, record_property: Any) -> None:
    """The first second of a session costs as much as one with jumps behind it."""

    def cost() -> float:
        spent = []
        for _ in range(100):
            dj.clock.advance(0.01)
            dj.now += 0.01
            while dj.session.seconds < dj.now - 1e-9:
                time.sleep(0.0005)
            start = time.thread_time()
            dj.session.poll()
            spent.append(time.thread_time() - start)
        return statistics.median(spent)

    first = cost()
    dj.until("closed")
    dj.until("closed")
    dj.settle()
    last = cost()
    print(f"a poll of 10 ms: {1e3 * first:.2f} ms at first, {1e3 * last:.2f} ms after two jumps")
    record_property("poll_ms", [float(1e3 * first), float(1e3 * last)])
    assert last < 3.0 * first + 0.001


def test_a_session_in_real_time() -> None:
    """The clock on the wall, and nothing but polling."""
    with connect("simulated", test="dj", armed=True, simulated={"lead": 0.3}) as session:
        said: list[Event] = []
        end = time.monotonic() + 30.0
        while not any(one.stage == "landing" for one in of(said, Numbers)):
            assert time.monotonic() < end
            said += session.poll()
            time.sleep(0.005)
        assert not of(said, Fault)
    assert of(session.settle(), Ended), "closing is an end, too"
    assert [take.state for take in session.takes] == [ANALYSED], "closed in the middle, the jump is there all the same"
    assert not [one for one in threading.enumerate() if one.name.startswith("hipdrive-")]


def test_takes_cannot_be_changed(dj: Hall) -> None:
    dj.until("closed")
    with pytest.raises(dataclasses.FrozenInstanceError):
        dj.session.takes[0].state = KEPT  # type: ignore[misc]


# --- a log beside, and a process of its own ---


def one_jump(session: Session) -> None:
    """Zero, and wait until the first jump is analysed."""
    end = time.monotonic() + 60.0
    zeroed = False
    while not (session.takes and session.takes[0].state == "analysed"):
        assert time.monotonic() < end
        session.poll()
        if not zeroed and session.seconds > 1.2:
            session.zero()
            zeroed = True
        time.sleep(0.01)


@pytest.mark.parametrize("apart", [False, True], ids=["thread", "process"])
def test_the_log_of_a_session_goes_when_all_is_decided(folder: Path, apart: bool) -> None:
    session = connect("simulated", folder=folder, test="dj", athlete="a7", armed=True, log=True, apart=apart)
    with session:
        (log,) = folder.glob("*.hiplog")
        assert log.name.startswith("session_")
        one_jump(session)
        take = session.takes[0]
        assert take.trial is not None and take.trial.truth is not None
        truth, analysis = take.trial.truth, take.analysis
        assert analysis is not None
        value = analysis.reps[0]["contact_time"]
        assert abs(value.value - truth["contact_time"]) < max(value.u95, 0.002)
        session.keep()
        session.settle()
        with recovery.opened(log) as found:
            assert found.devices["ni0"].count >= take.end
            told = {name: value for one in found.begun for name, value in one.facts.items()}
            assert (told["test"], told["athlete"]) == ("dj", "a7")
            assert found.begun[-1].tare, "what was zeroed is known"
    assert session.takes[0].state == "kept"
    assert [one.suffix for one in folder.iterdir()] == [".h5"]


def test_the_log_of_a_session_stays_while_a_jump_is_undecided(folder: Path) -> None:
    """A script that ends without a word about a jump has lost nothing."""
    session = connect("simulated", folder=folder, test="dj", armed=True, log=True)
    with session:
        one_jump(session)
        wanted = session.takes[0].trial
    assert wanted is not None
    (log,) = folder.iterdir()
    saved = recovery.recover(log)
    jumps = [rep for one in saved for rep in hd.analyse(one.trial).reps]
    assert jumps[0]["contact_time"].value == pytest.approx(hd.analyse(wanted).reps[0]["contact_time"].value, abs=1e-3)


def test_a_session_that_was_never_jumped_leaves_nothing(folder: Path) -> None:
    with connect("simulated", folder=folder / "new", log=True) as session:
        while session.seconds < 0.1:
            session.poll()
        assert list((folder / "new").iterdir())
    assert not (folder / "new").exists()
