"""Column names -> what they mean: which plate, which quantity, which unit.

Only what a name says is believed: `FP1` is a plate but not a side, and a column of moments, positions or
volts never becomes a force.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hipdrive.acquisition.formats.plaintext import DELIMITERS, Table, split
from hipdrive.errors import ReadError
from hipdrive.trial import LEFT, QUANTITY_UNITS, RIGHT

FORCE_UNITS = {
    "n": 1.0, "newton": 1.0, "newtons": 1.0, "kn": 1000.0,
    "kg": 9.80665, "kgf": 9.80665, "kp": 9.80665, "gf": 0.00980665,
    "lb": 4.4482216152605, "lbs": 4.4482216152605, "lbf": 4.4482216152605,
}  # fmt: skip
MOMENT_UNITS = {"nm": 1.0, "knm": 1000.0, "nmm": 0.001}
LENGTH_UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
TIME_UNITS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3,
    "millisecond": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "min": 60.0,
}  # fmt: skip
OTHER_UNITS = frozenset((
    "v", "mv", "uv", "µv", "deg", "rad", "°", "%", "hz", "g", "bw", "%bw", "n/kg", "m/s", "m/s2", "m/s^2",
    "deg/s", "rad/s", "w", "j", "-", "–", "1", "a.u.", "au", "counts", "count", "bits",
))  # fmt: skip
UNITS = {"f": FORCE_UNITS, "m": MOMENT_UNITS, "c": LENGTH_UNITS, "t": TIME_UNITS}
"""Factor to SI of each unit, by the first letter of the quantity."""

LEFTS = frozenset(("left", "l", "lt", "lhs", "links", "gauche", "izquierda", "izquierdo", "esquerda", "esquerdo"))
RIGHTS = frozenset(("right", "r", "rt", "rhs", "rechts", "droite", "derecha", "derecho", "direita", "direito"))
NAMED_PLATES = frozenset((
    "left", "right", "front", "rear", "hands", "box", "dominant", "non_dominant", "nondominant", "involved",
    "uninvolved", "affected", "unaffected", "injured", "uninjured", "lead", "trail",
))  # fmt: skip
"""Plates that a name can mean; other words beside a quantity (`Fz filtered`) make it unclear."""

TOTALS = frozenset(("total", "sum", "combined", "both", "gesamt", "overall"))
FORCES = frozenset(("force", "forces", "grf", "kraft", "fuerza"))
PLATES = frozenset(("fp", "plate", "platform", "forceplate", "forceplatform", "plateforme"))
FILLERS = FORCES | PLATES | frozenset(
    ("f", "ground", "reaction", "amti", "kistler", "bertec", "channel", "ch", "leg", "foot", "side", "raw")
)  # fmt: skip
AXES = {"x": "x", "y": "y", "z": "z", "vert": "z", "vertical": "z", "ap": "x", "ml": "y"}
WHOLE = {
    "fx": "fx", "fy": "fy", "fz": "fz", "fap": "fx", "fml": "fy", "fvert": "fz", "fv": "fz",
    "fvertical": "fz", "grfx": "fx", "grfy": "fy", "grfz": "fz", "grfv": "fz", "vgrf": "fz",
    "zforce": "fz", "forcez": "fz",
    "mx": "mx", "my": "my", "mz": "mz",
    "copx": "copx", "copy": "copy", "cpap": "copx", "cpml": "copy", "copap": "copx", "copml": "copy",
}  # fmt: skip
"""Words that are a whole quantity."""

TIMES = frozenset(("time", "t", "zeit", "temps", "tiempo", "tempo", "timestamp", "timestamps"))
COUNTERS = frozenset(("sample", "samples", "frame", "frames", "index", "row", "nr", "no", "item", "subframe", "sub"))
GUNS = frozenset(("gun", "trigger"))
MOMENTS, COPS = frozenset(("moment", "moments", "torque", "m")), frozenset(("cop", "cp"))
# OpenSim is Y-up and hipdrive Z-up: forward stays X, up becomes Z, and right (Z) becomes minus left (Y).
OPENSIM = re.compile(r"(?P<plate>.*?)_?(?P<kind>[vpm]|torque\S*?_)(?P<axis>[xyz])$")
OPENSIM_AXES = {"x": ("x", 1.0), "y": ("z", 1.0), "z": ("y", -1.0)}
OPENSIM_KINDS = {"v": "f", "p": "cop", "m": "m", "t": "m"}


@dataclass(frozen=True)
class Channel:
    """What a column is: `quantity` is one of trial.QUANTITIES, `time`, `counter`, `gun` or, unknown, "".

    factor : from the column's numbers to the SI unit.
    sure : False where a plate or a force is named, but not its axis. bare : True where only a side is named.
    """

    name: str
    quantity: str = ""
    plate: str = ""
    unit: str = ""
    factor: float = 1.0
    sure: bool = True
    bare: bool = False
    total: bool = False

    @property
    def role(self) -> str:
        """`time`, `gun`, `PLATE.QUANTITY` or ""."""
        return f"{self.plate}.{self.quantity}" if self.plate and self.is_plate else self.quantity

    @property
    def is_plate(self) -> bool:
        """Whether this is something that a plate measures."""
        return self.quantity[:1] in ("f", "m", "c") and self.quantity not in ("", "counter")

    @property
    def si(self) -> str:
        """SI unit after the factor; the file's own unit where the column has no role."""
        if self.quantity == "time":
            return "s"
        return QUANTITY_UNITS[self.quantity[0]] if self.is_plate else self.unit


def names_of(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Column names and units of a table from the lines above it; empty where it has no header."""
    width, found = table.dialect.columns, []
    lines = [line.strip("\n ").lstrip("#%/ ") for line in table.header if line.strip()]
    for line in reversed(lines):
        cells = _header_cells(line, width, table)
        if cells is None:
            break
        found.append(cells)
        if not _all_units(cells):
            return tuple(cells), tuple(found[0]) if len(found) > 1 else ("",) * width
    comments = all(line.lstrip().startswith(("#", "%", "//")) for line in table.header if line.strip())
    if lines and not comments:
        raise ReadError(
            "header",
            f"{table.name}, line {table.first + 1}: {width} columns of numbers, but no line above with as "
            "many names; give one name for each column",
        )
    return (), ("",) * width


def _header_cells(line: str, width: int, table: Table) -> list[str] | None:
    """The cells of a header line if there are as many as columns, by the table's delimiter or another."""
    for delimiter in (table.dialect.delimiter, *DELIMITERS):
        cells = re.split(r"\s{2,}", line) if delimiter == " " and width > 1 else split(line, delimiter)
        if delimiter == " " and len(cells) != width and width > 1:
            cells = line.split()
        if len(cells) == width + 1 and not cells[-1]:
            cells = cells[:-1]
        if width == 1 and delimiter != table.dialect.delimiter:
            cells = [line.strip()]
        if len(cells) == width:
            return cells
    return None


def _all_units(cells: Sequence[str]) -> bool:
    """Whether a header line holds units only, as in the second line of many exports."""
    bare = [cell.strip("[]() ").lower() for cell in cells]
    return any(bare) and all(not cell or _plain(cell) in KNOWN_UNITS for cell in bare)


def _plain(unit: str) -> str:
    """A unit without the marks that people put between its parts: N.m, N*m and N m are all nm."""
    return re.sub(r"(?<=[a-z])[.*·\-_ ](?=m)", "", unit.lower().strip())


KNOWN_UNITS = frozenset().union(*UNITS.values(), OTHER_UNITS)


def unit_in(name: str) -> tuple[str, str]:
    """A name without its unit, and the unit: in brackets, or as last word after a separator.

    >>> unit_in("Left Force [kN]"), unit_in("time_ms"), unit_in("dominant Fap (N)")
    (('Left Force', 'kN'), ('time', 'ms'), ('dominant Fap', 'N'))
    """
    match = re.search(r"[\[(<{]\s*([^\])>}]*?)\s*[\])>}]\s*$", name)
    if match and _plain(match[1]) in KNOWN_UNITS:
        return name[: match.start()].strip(), match[1]
    match = re.search(r"[_ ,/]\s*([A-Za-zµμ]{1,2}|lbs|kgf|lbf|Nmm|kNm|sec)$", name)
    if match and match.start() > 0 and _plain(match[1]) in KNOWN_UNITS - {"m", "g", "w", "j", "v"}:
        return name[: match.start()].strip(), match[1]
    return name, ""


def words(name: str) -> list[str]:
    """The words and numbers of a name, lower case.

    >>> words("LeftForce"), words("F1Z"), words("ground_force1_vy"), words("L.CoPx"), words("LFz")
    (['left', 'force'], ['f', '1', 'z'], ['ground', 'force', '1', 'vy'], ['l', 'copx'], ['l', 'fz'])
    """
    name = re.sub(r"(?i)\b_*(cop(?=[xyz_ ]|$)|cp(?=ap|ml))", lambda match: match[0].lower(), name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", name)
    name = re.sub(r"\b([lr])(?=f[xyz]\b|grf\b)|(?<=\bf[xyz])(?=[lr]\b)", r"\1 ", name.lower().replace("_", " "))
    return re.findall(r"[^\W\d_]+|\d+", name)


def channel(name: str, unit: str = "") -> Channel:
    """What a column is by its name and, from a second header line, its unit."""
    bare, own = unit_in(name)
    unit = own or unit.strip("[]() ")
    blank = Channel(name, unit=unit)
    if "ground" in bare.lower():
        found = _opensim(bare.lower(), blank)
        if found is not None:
            return in_si(found)
    return in_si(_by_words(words(bare), blank))


def in_si(found: Channel) -> Channel:
    """The channel with the factor of its unit; without a quantity if the unit does not fit it."""
    if not (found.is_plate or found.quantity == "time") or not found.unit:
        return found
    factor = UNITS[found.quantity[0]].get(_plain(found.unit))
    if factor is None:
        return replace(found, quantity="", plate="", factor=1.0)
    return replace(found, factor=found.factor * factor)


def _opensim(name: str, blank: Channel) -> Channel | None:
    """A channel named as OpenSim does, such as ground_force1_vy or ground_torque_2_x."""
    match = OPENSIM.fullmatch(name)
    if not match:
        return None
    torque = match["kind"].startswith("torque")
    axis, sign = OPENSIM_AXES[match["axis"]]
    letter = OPENSIM_KINDS[match["kind"][0]]
    rest = match["plate"] + ("_" + match["kind"].removeprefix("torque") if torque else "")
    if letter == "cop" and axis == "z":
        return blank
    plate = _plate([w for w in words(rest) if w not in ("torque", "calcn", "exp")])
    return replace(blank, quantity=letter + axis, plate=plate, factor=sign)


def _plate(left: Sequence[str]) -> str:
    """The plate that is left of a name without its quantity: a side, a number, or words of its own."""
    kept = [word for word in left if word not in FILLERS and word not in TOTALS]
    sides = [LEFT if w in LEFTS else RIGHT for w in kept if w in LEFTS | RIGHTS]
    if len(sides) == 1 and all(w in LEFTS | RIGHTS or w.isdigit() for w in kept):
        return sides[0]
    if len(kept) == 1 and kept[0].isdigit():
        return f"plate{int(kept[0])}"
    return "_".join(kept)


def _is_plate(name: str) -> bool:
    """Whether a plate can be called this; nothing at all is a plate without a name."""
    return not name or name in NAMED_PLATES or re.fullmatch(r"plate\d+", name) is not None


def _by_words(found: Sequence[str], blank: Channel) -> Channel:
    """A channel by the words of its name."""
    if not found:
        return replace(blank, quantity="counter")
    if TIMES & set(found) and not FORCES & set(found):
        return replace(blank, quantity="time")
    if found[0] in COUNTERS and all(w in COUNTERS or w.isdigit() for w in found):
        return replace(blank, quantity="counter")
    if set(found) <= GUNS:
        return replace(blank, quantity="gun")
    quantity, rest = _quantity(found)
    plate = _plate(rest)
    if quantity and _is_plate(plate):
        return replace(blank, quantity=quantity, plate=plate, total=bool(TOTALS & set(found)))
    return _vague(found, blank)


def _quantity(found: Sequence[str]) -> tuple[str, list[str]]:
    """A quantity that the words name with its axis, and the other words."""
    whole = [word for word in found if word in WHOLE]
    if whole:
        return WHOLE[whole[-1]], [word for word in found if word not in whole]
    axis = next((word for word in reversed(found) if word in AXES), None)
    rest = [word for word in found if word != axis]
    if axis is None:
        return "", list(found)
    if COPS & set(rest):
        return ("cop" + AXES[axis] if AXES[axis] != "z" else ""), [w for w in rest if w not in COPS]
    if MOMENTS & set(rest):
        return "m" + AXES[axis], [w for w in rest if w not in MOMENTS]
    if (FORCES | {"f"}) & set(rest):
        return "f" + AXES[axis], rest
    return ("f" + AXES[axis] if _plate(rest) in NAMED_PLATES or _numbered(rest) else ""), rest


def _numbered(rest: Sequence[str]) -> bool:
    """Whether the words are a plate and its number: plate 1, fp 2."""
    return len(rest) == 2 and rest[0] in PLATES and rest[1].isdigit()


def _vague(found: Sequence[str], blank: Channel) -> Channel:
    """A force without axis, taken as vertical: force, GRF, FP1, Left (N)."""
    plate, known = _plate(found), set(found)
    newtons = _plain(blank.unit) in FORCE_UNITS
    if not _is_plate(plate) or not (FORCES & known or PLATES & known or newtons or plate in (LEFT, RIGHT)):
        return blank
    bare = not (FORCES & known or PLATES & known or newtons)
    total = bool(TOTALS & known)
    return replace(blank, quantity="fz", plate=plate, sure=False, bare=bare, total=total)


def channels_of(names: Sequence[str], units: Sequence[str]) -> list[Channel]:
    """What every column of a table is, each plate and quantity once."""
    found = [channel(name, unit) for name, unit in zip(names, units, strict=True)]
    sure = any(c.quantity == "fz" and c.sure for c in found)
    spelt = any(c.quantity == "fz" and not c.bare for c in found) or any(not c.quantity for c in found)
    found = [_unless(c, (sure and not c.sure) or (spelt and c.bare)) for c in found]
    many = sum(c.quantity == "fz" for c in found) > 1
    found = [_unless(c, many and c.total and c.quantity == "fz") for c in found]
    return _numbered_plates(found)


def _unless(one: Channel, drop: bool) -> Channel:
    """The channel, or the same column without a role."""
    return replace(one, quantity="", plate="", factor=1.0) if drop else one


def _numbered_plates(found: Sequence[Channel]) -> list[Channel]:
    """Channels with a plate each: nameless ones are numbered in file order, before those with a number."""
    nameless = [c for c in found if c.is_plate and not c.plate]
    repeats = max((sum(c.quantity == q for c in nameless) for q in {c.quantity for c in nameless}), default=0)
    numbers = any(re.fullmatch(r"plate\d+", c.plate) for c in found if c.is_plate)
    seen: dict[str, int] = {}
    result = []
    for one in found:
        if one.is_plate and not one.plate:
            seen[one.quantity] = seen.get(one.quantity, 0) + 1
            one = replace(one, plate=f"plate{seen[one.quantity]}")
        elif one.is_plate and numbers and nameless and one.plate.startswith("plate"):
            one = replace(one, plate=f"plate{int(one.plate[5:]) + repeats}")
        result.append(one)
    return result


def header_rate(table: Table) -> float | None:
    """A sampling rate that stands above the table, such as `Sample rate (Hz): 1000`."""
    pattern = r"(?i)\b(?:sampl\w*|scan|acquisition|capture|data)?\s*_?(?:rate|frequency|freq)\b[^\d\n]{0,20}?"
    rates = set()
    for line in table.header:
        match = re.search(pattern + r"(\d+(?:[.,]\d+)?)\s*(k?)(?:hz|\s|$|[;,\t])", line)
        if match:
            rates.add(float(match[1].replace(",", ".")) * (1000.0 if match[2] else 1.0))
    return rates.pop() if len(rates) == 1 else None


def by_user(found: Sequence[Channel], columns: Mapping[str, str], name: str) -> list[Channel]:
    """The channels with the roles that the user gave; what the user named replaces what was guessed."""
    picked = {_column(found, wanted, name): (role, wanted) for role, wanted in columns.items()}
    if len(picked) < len(columns):
        raise ReadError("columns", f"{name}: --columns names one column twice; give each role its own column")
    forces = any(role.endswith("fz") for role, _ in picked.values())
    times = "time" in columns
    result = [_unless(c, (forces and c.is_plate) or (times and c.quantity == "time")) for c in found]
    for i, (role, wanted) in picked.items():
        plate, _, quantity = role.rpartition(".")
        sign = -1.0 if wanted.startswith("-") and wanted != found[i].name else 1.0
        told = in_si(replace(found[i], quantity=quantity, plate=plate, factor=sign, sure=True, total=False))
        if not told.quantity:
            raise ReadError(
                "unit",
                f"{name}: column '{found[i].name}' is in {told.unit}, which is not a unit of {role}; choose "
                "another column",
            )
        result[i] = told
    return result


def in_unit(channels: Sequence[Channel], unit: str) -> list[Channel]:
    """The channels with every force in a unit that the user gave, which goes before the file's."""
    factor = FORCE_UNITS[unit.lower()]
    return [
        replace(c, unit=unit, factor=math.copysign(factor, c.factor)) if c.is_plate and c.quantity[0] == "f" else c
        for c in channels
    ]


def _column(found: Sequence[Channel], wanted: str, name: str) -> int:
    """Index of the column that the user means: its name, then without case and unit, then its number."""
    names = [one.name for one in found]
    spellings = [names, [n.lower() for n in names], [unit_in(n)[0].lower() for n in names]]
    for text in (wanted, wanted.removeprefix("-")):
        for spelling, target in zip(spellings, (text, text.lower(), text.lower()), strict=True):
            hits = [i for i, spelt in enumerate(spelling) if spelt == target.strip()]
            if len(hits) == 1:
                return hits[0]
            if hits:
                raise ReadError(
                    "columns",
                    f"{name}: {len(hits)} columns are called '{text}'; give the number of the one you mean "
                    "(first column: 1)",
                )
        if text.isdigit() and 1 <= int(text) <= len(found):
            return int(text) - 1
    raise ReadError("columns", f"{name}: no column is called '{wanted}'; it has {listed(found)}")


def listed(found: Sequence[Channel]) -> str:
    """The first few column names, for a sentence."""
    names = ", ".join(f"'{c.name}'" for c in found[:8])
    return names + (f" and {len(found) - 8} more" if len(found) > 8 else "")
