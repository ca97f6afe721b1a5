"""Bytes -> lines of text -> a table of numbers, whatever the encoding, delimiter and decimal mark."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hipdrive.errors import ReadError
from hipdrive.trial import Floats

DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "white space"}
"""Delimiters in the order in which they are preferred where several would do."""

MAX_HEADER_LINES, MAX_COLUMNS, SAMPLE = 2000, 500, 60
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--"})
COMMENT = "#"
_STAMP = re.compile(r"(\d{4}-\d\d?-\d\d?[T ])?\d{1,2}:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_FIGURES = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")
_ODD = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f]")


def _number(decimal: str, grouping: str) -> re.Pattern[str]:
    mark, group = re.escape(decimal), re.escape(grouping)
    digits = rf"(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+(?:{mark}\d*)?|\d+{mark}?\d*|{mark}\d+)"
    return re.compile(rf"[+-]?(?:{digits}(?:[eE][+-]?\d+)?|inf(?:inity)?)", re.IGNORECASE)


_NUMBER = {".": _number(".", ","), ",": _number(",", ".")}


def decoded(data: bytes, name: str) -> str:
    """The text of a file with line ends as newlines; UTF-16 by its BOM, else UTF-8, else Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    odd = _ODD.search(text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise ReadError(
            "binary",
            f"{name}, line {line}: holds bytes that no text has, so it is damaged or not a text file; "
            "export it again as text or CSV",
        )
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a") if "\r" in text else text.rstrip("\x1a")


@dataclass(frozen=True)
class Dialect:
    """How the cells of a table are written; an empty cell after a trailing delimiter is not a column."""

    delimiter: str
    decimal: str
    columns: int
    trailing: bool = False

    def cells(self, line: str) -> list[str]:
        """The cells of a data line, without the empty one after a trailing delimiter."""
        found = split(line, self.delimiter)
        return found[:-1] if self.trailing and len(found) == self.columns + 1 and not found[-1] else found

    def is_row(self, line: str) -> bool:
        """Whether a line is a row of this table."""
        found = self.cells(line)
        return len(found) == self.columns and _numeric(found, self.decimal)

    def value(self, cell: str) -> float:
        """A cell as a number: NaN where it is blank or a clock time; ValueError where it is anything else."""
        if cell.lower() in MISSING or _STAMP.fullmatch(cell):
            return float("nan")
        if not _NUMBER[self.decimal].fullmatch(cell):
            raise ValueError(cell)
        grouping = "," if self.decimal == "." else "."
        return float(cell.replace(grouping, "").replace(self.decimal, "."))


@dataclass(frozen=True, eq=False)
class Table:
    """A table of numbers from a text file.

    values : ndarray, shape (rows, columns)
        NaN where a cell is blank or a clock time.
    first : index of the first data line in `lines`; everything before it is header.
    """

    name: str
    lines: Sequence[str]
    first: int
    dialect: Dialect
    values: Floats

    @property
    def header(self) -> Sequence[str]:
        """The lines before the numbers."""
        return self.lines[: self.first]

    def line(self, row: int) -> int:
        """The line number, from 1, of a row of values."""
        return next(islice((number for number, _ in _data(self.lines, self.first)), row, None))

    def stamps(self) -> frozenset[int]:
        """The columns that hold clock times rather than numbers."""
        cells = self.dialect.cells(self.lines[self.first])
        return frozenset(i for i, cell in enumerate(cells) if _STAMP.fullmatch(cell))


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line, without quotes and surrounding blanks.

    >>> split(' 1.0, "2,5" ,', ",")
    ['1.0', '2,5', '']
    """
    if delimiter == " ":
        return [cell.strip('"') for cell in line.split()]
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
        except csv.Error:
            pass
    return [cell.strip() for cell in line.split(delimiter)]


def _numeric(cells: Sequence[str], decimal: str) -> bool:
    """Whether every cell is a number, a clock time or blank, and at least one is a number."""
    number, seen = _NUMBER[decimal], False
    for cell in cells:
        if number.fullmatch(cell):
            seen = True
        elif cell.lower() not in MISSING and not _STAMP.fullmatch(cell):
            return False
    return seen


def _decimal(rows: Sequence[Sequence[str]]) -> str:
    """The decimal mark: a comma where numbers hold one that is not followed by a point."""
    commas = [cell for row in rows for cell in row if "," in cell and _FIGURES.fullmatch(cell)]
    return "," if commas and not any(re.search(r",.*\.", cell) for cell in commas) else "."


def _candidate(sample: Sequence[str], delimiter: str) -> tuple[int, Dialect]:
    """How many lines of the sample are rows of one table with this delimiter, and that table's dialect."""
    rows = [split(line, delimiter) for line in sample]
    decimal = _decimal(rows)
    good = [row for row in rows if _numeric(row, decimal)]
    if not good:
        return 0, Dialect(delimiter, decimal, 0)
    width, _ = Counter(len(row) for row in good).most_common(1)[0]
    good = [row for row in good if len(row) == width]
    trailing = width > 1 and not any(row[-1] for row in good)
    return len(good), Dialect(delimiter, decimal, width - trailing, trailing)


def _sample(lines: Sequence[str]) -> list[str]:
    """Lines from the second half of the file, where there is no header."""
    half = lines[len(lines) // 2 :]
    near = [*half[:SAMPLE], *half[SAMPLE:][-SAMPLE:]] if len(lines) > 4 * SAMPLE else lines
    kept = [line for line in near if line.strip() and not line.lstrip().startswith(COMMENT)]
    return kept if near is not lines else kept[-max(20, len(kept) // 2) :]


def dialect_of(lines: Sequence[str], name: str) -> Dialect:
    """Delimiter, decimal mark and number of columns of the table in a text."""
    sample = _sample(lines)
    scored = [_candidate(sample, delimiter) for delimiter in DELIMITERS]
    best = max(count for count, _ in scored)
    if 2 * best < max(len(sample), 1):
        raise ReadError(
            "no_table",
            f"{name}: no table of numbers was found in it; give a text file with one row of numbers for each sample",
        )
    able = [dialect for count, dialect in scored if count == best]
    wide = next((dialect for dialect in able if dialect.columns > 1), able[-1])
    return _settle_comma(wide, lines, sample, name) if _unclear(wide, able, sample) else wide


def _unclear(dialect: Dialect, able: Sequence[Dialect], sample: Sequence[str]) -> bool:
    """Whether a comma could be the delimiter of whole numbers as well as a decimal mark."""
    one_column = any(other.columns == 1 and other.decimal == "," for other in able)
    return dialect.delimiter == "," and dialect.columns == 2 and one_column and not any("." in s for s in sample)


def _settle_comma(dialect: Dialect, lines: Sequence[str], sample: Sequence[str], name: str) -> Dialect:
    """Tell 1,5 from 1 and 5 by the header, by signs and by leading zeros, or refuse."""
    decimal = Dialect(" ", ",", 1)
    header = [line for line in lines[:MAX_HEADER_LINES] if line.strip() and not dialect.is_row(line)]
    if header:
        return dialect if len(split(header[-1], ",")) == 2 else decimal
    if any(re.search(r",\s*[+-]|,\s", line) for line in sample):
        return dialect
    if any(re.search(r",0\d", line) for line in sample):
        return decimal
    raise ReadError(
        "comma",
        f"{name}: the commas may separate columns or decimals; write a line with the column names above the numbers",
    )


def read_table(lines: Sequence[str], name: str) -> Table:
    """The table of numbers in the lines of a text file."""
    dialect = dialect_of(lines, name)
    if dialect.columns > MAX_COLUMNS:
        raise ReadError(
            "columns",
            f"{name}: {dialect.columns} columns are more than a force file has ({MAX_COLUMNS}); export the "
            "force channels only",
        )
    first = _first_row(lines, dialect, name)
    return Table(name, lines, first, dialect, _values(lines, first, dialect, name))


def _first_row(lines: Sequence[str], dialect: Dialect, name: str) -> int:
    """Index of the first row; in a single column two in a row, since a header may hold a lone number."""
    lone = None
    for i, line in enumerate(lines[:MAX_HEADER_LINES]):
        if line.strip() and not line.lstrip().startswith(COMMENT):
            is_row = dialect.is_row(line)
            if is_row and (dialect.columns > 1 or lone is not None):
                return i if lone is None else lone
            lone = i if is_row else None
    if lone is not None:
        return lone
    raise ReadError(
        "no_table",
        f"{name}: no table of numbers starts in its first {MAX_HEADER_LINES} lines; give a text file with "
        "one row of numbers for each sample",
    )


def _data(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of every data line."""
    for number, line in enumerate(islice(lines, first, None), first + 1):
        if line.strip() and not (line.lstrip().startswith(COMMENT) and not line.lstrip().startswith("#N/A")):
            yield number, line


def _values(lines: Sequence[str], first: int, dialect: Dialect, name: str) -> Floats:
    """All rows as numbers; NumPy's parser where every cell is plain, cell by cell where one is not."""
    try:
        return _fast(lines, first, dialect)
    except ValueError:
        return _careful(lines, first, dialect, name)


def _fast(lines: Sequence[str], first: int, dialect: Dialect) -> Floats:
    """The rows through `numpy.loadtxt`; ValueError where that could misread a cell."""
    body: Sequence[str] = lines[first:]
    if dialect.trailing or dialect.decimal == ",":
        text = "\n".join(body)
        if dialect.decimal == ",":
            if "." in text or '"' in text:
                raise ValueError("grouping or quotes")
            text = text.replace(",", ".")
        body = text.split("\n")
    if dialect.trailing:
        body = [line.rstrip(" ").removesuffix(dialect.delimiter) for line in body]
    delimiter = None if dialect.delimiter == " " else dialect.delimiter
    values = np.loadtxt(body, delimiter=delimiter, comments=COMMENT, quotechar='"', ndmin=2)
    if values.shape[1] != dialect.columns:
        raise ValueError("width")
    return values


def _careful(lines: Sequence[str], first: int, dialect: Dialect, name: str) -> Floats:
    """The rows cell by cell: blanks become NaN, anything else is refused with its line."""
    rows = []
    for number, line in _data(lines, first):
        cells = dialect.cells(line)
        if len(cells) != dialect.columns:
            raise ReadError(
                "ragged",
                f"{name}, line {number}: {len(cells)} columns where the rows before have {dialect.columns}; "
                "export the file again or mend that line",
            )
        try:
            rows.append([dialect.value(cell) for cell in cells])
        except ValueError as error:
            raise ReadError(
                "not_a_number",
                f"{name}, line {number}: {str(error)[:40]!r} is not a number; mend or remove that line",
            ) from None
    return np.array(rows, dtype=np.float64).reshape(len(rows), dialect.columns)
