"""Protocols: files and what is wrong with them, the place in one, and a session that walks through it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hipdrive as hd
from hipdrive import protocol as protocols
from hipdrive.acquisition.recorder import Recorder
from hipdrive.acquisition.simulated.engine import ManualClock
from hipdrive.acquisition.simulated.following import following
from hipdrive.analysis.said import Numbers, Warned
from hipdrive.cli import run
from hipdrive.errors import UsageError
from hipdrive.hardware import rig as rigs
from hipdrive.protocol import Protocol, Slot, Step, Walk, clock
from hipdrive.session import ANALYSED, KEPT, Event, Next, Reached, RestOver, Session, Taken, advice
from hipdrive.walking import walk as follow

LADDER = """
schema = "hipdrive-protocol/1"
name = "two boxes"
[[step]]
test = "dj"
repetitions = 2
rest_s = 30.0
rest_after_s = 90.0
box_heights_m = [0.3, 0.4]
[[step]]
test = "cmj"
arms = true
"""


def titles(walk: Walk) -> list[str]:
    return [f"{one.title} {one.repetition}/{one.repetitions}" for one in walk.slots]


# --- files ---


def test_a_file_becomes_jumps_with_rests() -> None:
    slots = protocols.loads(LADDER).slots()
    assert [(one.test, one.box_height, one.repetition, one.rest) for one in slots] == [
        ("dj", 0.3, 1, 0.0), ("dj", 0.3, 2, 30.0), ("dj", 0.4, 1, 90.0), ("dj", 0.4, 2, 30.0), ("cmj", None, 1, 90.0),
    ]  # fmt: skip
    assert slots[2].title == "Drop jump 40 cm" and slots[4].title == "Countermovement jump, arm swing"
    assert slots[0].label == "30cm-r1" and slots[4].label == "r1"
    rounds = protocols.loads(LADDER.replace("repetitions = 2", 'repetitions = 2\norder = "rounds"')).slots()
    assert [one.box_height for one in rounds] == [0.3, 0.4, 0.3, 0.4, None]
    assert [one.rest for one in rounds] == [0.0, 90.0, 90.0, 90.0, 90.0]


@pytest.mark.parametrize("name", protocols.names())
def test_shipped_protocols_are_sound(name: str) -> None:
    one = protocols.load(name)
    assert one.slots() and one.description and one.file.endswith(f"{name}.toml")
    walk = one.walk()
    for take in range(1, len(walk.slots) + 1):
        assert not walk.over
        walk = walk.jumped(take, 1000.0 * take)
    assert walk.over and walk.done == len(walk.slots)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('test = "dj"', 'test = "balance"', "step 1: test = 'balance'"),
        ("repetitions = 2", "repetitions = 0", "repetitions = 0"),
        ("repetitions = 2", "repetitions = 1000", "repetitions = 1000"),
        ("rest_s = 30.0", "rests = 30.0", "did you mean rest_s"),
        ("rest_s = 30.0", "rest_s = -1.0", "rest_s"),
        ("[0.3, 0.4]", "[30, 40]", "box_heights_m"),
        ("arms = true", "box_heights_m = [0.3]", "step 2, box_heights_m: 'cmj' needs no box"),
        ('name = "two boxes"', "", "name is missing"),
        ("[[step]]", "[step]", "step"),
        ("hipdrive-protocol/1", "hipdrive-protocol/2", "schema"),
        ("arms = true", 'target = { field = "rsi_jh" }', "no limit"),
        ("arms = true", 'target = { field = "rs_jh", at_least = 1.0 }', "field"),
        ("arms = true", "arms = 1e400", "arms"),
        ("[[step]]", "[[step", "no TOML"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_in_one_sentence(old: str, new: str, told: str) -> None:
    text = LADDER.replace(old, new)
    assert text != LADDER
    with pytest.raises(UsageError) as caught:
        protocols.loads(text, "mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ") and told in message and "\n" not in message and ";" in message


def test_more_jumps_than_a_session_holds() -> None:
    steps = tuple(Step(test="cmj", repetitions=100) for _ in range(6))
    with pytest.raises(ValueError, match="600 jumps"):
        Protocol.model_validate({"name": "x", "step": steps})


def test_a_protocol_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean jump_screening"):
        protocols.load("jump_screning")
    with pytest.raises(UsageError, match="cannot be read"):
        protocols.load(tmp_path / "no.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * 1_100_000)
    with pytest.raises(UsageError, match="more than"):
        protocols.load(tmp_path / "big.toml")


# --- the place in it ---


@pytest.fixture
def walk() -> Walk:
    return protocols.loads(LADDER).walk()


def test_rests_count_down(walk: Walk) -> None:
    assert walk.rest_left(0.0) == 0.0 and walk.headline(0.0) == "Drop jump 30 cm, 1 of 2"
    walk = walk.jumped(1, 100.0)
    assert walk.rest_left(100.0) == 30.0 and walk.headline(115.5) == "Drop jump 30 cm, 2 of 2, rest 0:15"
    assert walk.rest_left(130.0) == 0.0 and walk.headline(131.0) == "Drop jump 30 cm, 2 of 2"
    walk = walk.jumped(2, 140.0)
    assert walk.headline(140.0) == "Drop jump 40 cm, 1 of 2, rest 1:30"
    assert [clock(t) for t in (0.01, 59.9, 60.0, 61.0)] == ["0:01", "1:00", "1:00", "1:01"]


def test_a_discarded_take_is_done_again_before_anything_else(walk: Walk) -> None:
    for take in (1, 2, 3):
        walk = walk.jumped(take, 10.0 * take)
    assert walk.at == 3
    walk = walk.uncounted(1)
    assert walk.at == 0 and walk.slot.box_height == 0.3
    walk = walk.jumped(4, 50.0)
    assert walk.at == 3 and walk.counted[0] == (4,)  # and then where it was
    assert walk.uncounted(99) == walk


def test_skip_back_and_repeat(walk: Walk) -> None:
    walk = walk.skip()
    assert walk.at == 1 and walk.skipped == {0}
    walk = walk.jumped(1, 0.0).jumped(2, 0.0).jumped(3, 0.0).jumped(4, 0.0)
    assert walk.over and walk.done == 4 and walk.headline(0.0) == "Done: 4 of 5 jumps"
    back = walk.back()
    assert back.at == 4 and not back.over
    assert back.jumped(5, 0.0).counted[4] == (4, 5)
    again = walk.repeat()
    assert again.at == 4 and again.done == 3
    none = protocols.loads(LADDER).walk()
    assert none.repeat() == none and none.back().at == 0
    while not none.over:
        none = none.skip()
    assert none.skip() == none and none.jumped(1, 5.0).counted == {}
    # a slot that was jumped twice loses one take and stays done
    assert back.jumped(5, 0.0).uncounted(5).over


# --- a session walks through it ---


class Hall:
    """A session whose athlete does what the protocol asks, in a time that the test decides."""

    def __init__(self, folder: Path, text: str, tests: tuple[str, ...], pause: float = 2.0) -> None:
        self.clock, self.now = ManualClock(), 0.0
        rig = rigs.load("simulated").model_copy(update={"cameras": ()})
        sources = tuple(following(rig, tests, clock=self.clock, pause=pause))
        self.session = Session(Recorder(rig, sources), folder=folder, armed=True, protocol=protocols.loads(text),
                               athlete="kim")  # fmt: skip
        self.events: list[Event] = []

    def run(self, seconds: float, step: float = 0.05) -> list[Event]:
        said: list[Event] = []
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.now += step
            end = time.monotonic() + 20.0
            while self.session.seconds < self.now - 1e-9 and not self.session.recorder.finished.is_set():
                assert time.monotonic() < end
                time.sleep(0.0005)
            said += self.session.poll()
        self.events += said
        return said

    def until_takes(self, count: int, seconds: float = 25.0) -> list[Event]:
        said: list[Event] = []
        while len(self.session.takes) < count:
            assert seconds > 0.0, "nobody jumped"
            said += self.run(0.1)
            seconds -= 0.1
        settled = list(self.session.settle())
        self.events += settled
        return [*said, *settled]


SHORT = """
schema = "hipdrive-protocol/1"
name = "short"
[[step]]
test = "cmj"
repetitions = 2
rest_s = 4.0
rest_after_s = 60.0
target = { field = "jump_height_ft", at_least = 0.05 }
[[step]]
test = "dj"
box_heights_m = [0.3]
"""


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, SHORT, ("cmj", "cmj", "dj", "dj"))
    with made.session:
        yield made


def slots(said: list[Event]) -> list[Slot | None]:
    return [one.slot for one in said if isinstance(one, Next)]


def test_a_session_walks_through_its_protocol(hall: Hall, tmp_path: Path) -> None:
    session = hall.session
    said = hall.run(0.2)
    [first] = slots(said)
    assert first is not None and first.test == session.test == "cmj" and session.walk is not None
    said = hall.until_takes(1)
    assert [(one.test, one.repetition) for one in slots(said) if one is not None] == [("cmj", 2)]
    [reached] = [one for one in said if isinstance(one, Reached)]
    landed = next(one for one in said if isinstance(one, Numbers) and one.stage == "landing")
    assert reached.field == "jump_height_ft" and reached.value == landed.values["jump_height_ft"].value
    assert 3.0 < session.rest_left <= 4.0
    assert session.walk.headline(session.seconds).startswith("Countermovement jump, 2 of 2, rest 0:0")
    assert not any(isinstance(one, RestOver) for one in hall.events)
    # the athlete takes 2.5 s until he is on the plates again, and the rest begins with the standing still before
    said = hall.until_takes(2)
    assert [one for one in said if isinstance(one, RestOver)]
    assert session.test == "dj" and session.box_height == 0.3
    assert advice(session).startswith("Rest 1:0")
    said = hall.until_takes(3)
    [early] = [one for one in said if isinstance(one, Warned) and one.code == "rest_short"]
    assert "before the rest was over" in early.text
    assert session.walk.over and slots(said) == [None]
    assert [take.analysis.test for take in session.takes if take.analysis is not None] == ["cmj", "cmj", "dj"]
    assert [take.trial.box_height for take in session.takes if take.trial is not None] == [None, None, 0.3]
    assert [take.state for take in session.takes] == [ANALYSED] * 3
    session.keep(3)
    hall.events += session.settle()
    kept = session.takes[2].path
    assert kept is not None and kept.name.endswith("_kim_dj_30cm-r1_03.h5")
    assert hd.read(kept).box_height == 0.3


def test_what_is_discarded_is_next_again(hall: Hall) -> None:
    session = hall.session
    hall.until_takes(1)
    assert session.walk is not None and session.walk.at == 1
    session.discard(1)
    said = session.poll()
    assert session.walk.at == 0
    assert [one.repetition for one in slots(list(said)) if one is not None] == [1]
    session.skip()
    session.skip()
    assert session.walk.at == 2 and session.test == "dj"
    session.back()
    assert session.test == "cmj" and session.box_height is None
    session.follow(None)
    session.skip()
    assert session.walk is None and session.rest_left == 0.0


def test_a_jump_that_cannot_be_used_does_not_count(tmp_path: Path) -> None:
    """The protocol asks for a drop jump, the athlete does another one."""
    text = SHORT.replace('test = "cmj"', 'test = "dj"', 1)
    made = Hall(tmp_path, text, ("cmj", "dj"))
    with made.session as session:
        said = made.until_takes(1)
        take = session.takes[0]
        assert take.analysis is not None and take.analysis.status == "refused"
        assert [one.code for one in said if isinstance(one, Warned)].count("not_counted") == 1
        assert session.walk is not None and session.walk.done == 0 and session.walk.at == 0


def test_walking_without_a_window_keeps_every_good_jump(tmp_path: Path) -> None:
    text = SHORT.replace("rest_s = 4.0", "rest_s = 0.0").replace("rest_after_s = 60.0", "")
    made = Hall(tmp_path, text, ("cmj", "cmj", "dj"))
    told: list[str] = []
    with made.session as session:
        takes = follow(session, None, told.append, pause=lambda: advance(made))
    assert [take.state for take in takes] == [KEPT] * 3
    assert len(list(tmp_path.glob("*.h5"))) == 3
    assert told[0] == "Stay off the plates: they are zeroed." and "The plates are zeroed." in told
    assert any(one.startswith("Next: Drop jump 30 cm") for one in told) and "That was the last one." in told
    assert sum("Jump height" in one for one in told) >= 2


def advance(hall: Hall) -> None:
    hall.clock.advance(0.05)
    hall.now += 0.05
    end = time.monotonic() + 20.0
    while hall.session.seconds < hall.now - 1e-9:
        assert time.monotonic() < end
        time.sleep(0.0005)


def test_ctrl_c_loses_no_jump(tmp_path: Path) -> None:
    made = Hall(tmp_path, SHORT, ("cmj", "cmj"))
    pauses = [0]

    def pause() -> None:
        advance(made)
        pauses[0] += 1
        if any(isinstance(one, Taken) for one in seen) or made.session.takes:
            raise KeyboardInterrupt

    seen: list[Event] = []
    with made.session as session:
        with pytest.raises(KeyboardInterrupt):
            follow(session, None, lambda line: None, pause=pause)
        assert [take.state for take in session.takes] == [KEPT]


def test_the_list_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["protocols"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in protocols.names())
    assert run(["protocols", "depth_jump_ladder"]) == 0
    assert "  4  Drop jump 40 cm, 1 of 3  after 3:00" in capsys.readouterr().out
    assert run(["protocols", "ladder"]) == 2
    assert run(["walk", "simulated", "x", "--protocol", "nothing"]) == 2
    assert "there is no protocol" in capsys.readouterr().err
