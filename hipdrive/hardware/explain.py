"""A broken rig file in one sentence: which file, where in it, what is there, what to do."""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hipdrive.hardware.facts import Fault
from hipdrive.hardware.kinds import KINDS

TABLES = {"devices": "device", "plates": "plate", "cameras": "camera", "outputs": "output",
          "calibration_checks": "calibration check", "step": "step"}  # fmt: skip
"""Tables of tables, and what one entry is called."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxdict = 6


def explain(error: ValidationError, table: Mapping[str, Any], root: type[BaseModel]) -> str:
    """Place, problem and remedy of what is wrong; the first thing, and how many more there are.

    `table` is what the file says, `root` the model that it does not fit.
    """
    details: Sequence[Mapping[str, Any]] = error.errors(include_url=False)
    found = [_Detail(detail, table, root) for detail in details if not _echo(detail)]
    # A misspelt key makes two errors: the suggestion helps, the missing key only puzzles.
    first = min(found, key=lambda detail: not detail.suggests)
    more = len(found) - 1 - sum(first.suggests and other.is_what(first.suggestion) for other in found)
    return first.sentence() + (f" (and {more} more)" if more > 0 else "")


def _echo(detail: Mapping[str, Any]) -> bool:
    """Whether a table is called too short only because its entries are wrong."""
    return detail["type"] == "too_short" and detail["loc"][-1] in TABLES and bool(detail.get("input"))


class _Detail:
    """One of pydantic's errors, with what it takes to talk about it."""

    def __init__(self, detail: Mapping[str, Any], table: Mapping[str, Any], root: type[BaseModel]) -> None:
        self.type, self.message, self.context = str(detail["type"]), str(detail["msg"]), detail.get("ctx", {})
        self.value: Any = detail.get("input")
        self.model: type[BaseModel] = root
        self.field: FieldInfo | None = None
        self.words: list[str] = []
        self.key = ""
        self._walk(tuple(detail["loc"]), table)
        self.suggestion = ""
        if self.type == "extra_forbidden":
            near = difflib.get_close_matches(self.key, list(self.model.model_fields), 1)
            self.suggestion = near[0] if near else ""

    def _walk(self, location: tuple[int | str, ...], table: Mapping[str, Any]) -> None:
        """Follow the location through the models, and name the table that it is in."""
        parts = list(location)
        if len(parts) > 1 and str(parts[0]) in TABLES and isinstance(parts[1], int):
            self._enter(str(parts[0]), parts[1], table)
            parts = parts[2:]
            if location[0] == "plates" and parts:  # pydantic names the kind, the file's reader knows it
                self.model = KINDS[str(parts.pop(0))]
        while parts:
            part = parts.pop(0)
            if isinstance(part, int):
                self.key += f"[{part + 1}]"
            elif self.field is not None:  # inside a field that is no table of ours: a channel's role
                self.key += "" if part == "[key]" else f".{_name(part)}"
            else:
                self.key, self.field = _name(part), self.model.model_fields.get(part)
                inner = None if self.field is None else _model(self.field.annotation)
                if inner is not None and parts:
                    self.words.append(part)
                    self.model, self.field, self.key = inner, None, ""

    def _enter(self, name: str, index: int, table: Mapping[str, Any]) -> None:
        """Into an entry of a table of tables; it is called by its id, where it has one."""
        entries = table.get(name)
        entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
        called = entry.get("id") if isinstance(entry, Mapping) else None
        self.words.append(f"{TABLES[name]} {called!r}" if _plain(called) else f"{TABLES[name]} {index + 1}")
        self.model = _model(self.model.model_fields[name].annotation) or self.model

    @property
    def suggests(self) -> bool:
        """Whether this is a misspelt key."""
        return bool(self.suggestion)

    def is_what(self, key: str) -> bool:
        """Whether this is the missing key that was misspelt."""
        return self.type == "missing" and self.key == key

    def sentence(self) -> str:
        """Place, problem; remedy."""
        if self.type == "value_error" and isinstance(self.context.get("error"), Fault):
            fault = self.context["error"]
            place = ", ".join(part for part in (*self.words, self.key, fault.place) if part)
            return f"{place}: {fault.problem}; {fault.remedy}"
        problem, remedy = self._said()
        place = ", ".join(self.words)
        return f"{place}: {problem}; {remedy}" if place else f"{problem}; {remedy}"

    def _said(self) -> tuple[str, str]:
        match self.type:
            case "missing" if "[" not in self.key and self.key not in TABLES and self.field is not None:
                return f"{self.key} is missing", f"add {self.key} = {self._example()} ({self.field.description})"
            case "missing":
                return f"{self.key} is missing", self._give("add")
            case "extra_forbidden":
                hint = (
                    f"did you mean {self.suggestion}?" if self.suggestion else f"known are {', '.join(self._known())}"
                )
                return f"{self.key} = {_shown(self.value)} is not known here", hint
            case "union_tag_not_found":
                return "kind is missing", f"add kind = one of {', '.join(KINDS)}"
            case "union_tag_invalid":
                tag = str(self.context.get("tag", ""))
                near = difflib.get_close_matches(tag, KINDS, 1)
                hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(KINDS)}"
                return f"kind = {_shown(tag)} is no kind of plate", hint
            case "literal_error":
                choice = f"use {self.context.get('expected', '')}"
                return f"{self.key} = {_shown(self.value)} is not known", choice
            case "too_short" if self.key in TABLES:
                return f"there are no {self.key}", f"add a [[{self.key}]] table"
            case "tuple_type" if self.key in TABLES:
                return f"{self.key} is no list of tables", f"write [[{self.key}]], with two brackets, above each"
            case "greater_than" if "inverted" in self.model.model_fields and "." in self.key and self.value < 0:
                return (f"{self.key} = {_shown(self.value)} is negative",
                        "give its size, and name the channel in `inverted` if a push shows the wrong sign")  # fmt: skip
            case "string_pattern_mismatch":
                return f"{self.key} = {_shown(self.value)} has not the right form", self._give("write")
            case "finite_number":
                return f"{self.key} = {_shown(self.value)} is no number to compute with", self._give("give")
            case "model_type" | "model_attributes_type" | "dict_type" | "mapping_type":
                return f"{self.key or 'this'} = {_shown(self.value)} is no table", self._give("give")
        said = (
            (self.message[:1].lower() + self.message[1:]).replace("tuple", "list").replace("input should", "it should")
        )
        return f"{self.key or 'this'} = {_shown(self.value)}: {said}", self._give("give")

    def _give(self, verb: str) -> str:
        if self.key in TABLES:
            return f"{verb} a [[{self.key}]] table"
        if self.field is None:
            return f"{verb} what WIRING.md shows"
        return f"{verb} {self.field.description or self.key}, for example {self._example()}"

    def _example(self) -> str:
        examples = self.field.examples if self.field is not None else None
        return _toml(examples[0]) if examples else ""

    def _known(self) -> list[str]:
        return [info.alias or name for name, info in self.model.model_fields.items()]


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation, be it optional or in a tuple; None where there is none or a choice."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [model for model in map(_model, get_args(annotation)) if model is not None]
    return found[0] if len(found) == 1 else None


def _plain(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 40 and name.isprintable()


def _name(part: object) -> str:
    """A key as it stands in the file, quoted where it would break the sentence."""
    return str(part) if _plain(part) else _shown(part)


def _shown(value: object) -> str:
    """A value on one line, cut short."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        said = _SHORT.repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a very large number"
    return said if len(said) <= 80 else said[:77] + "..."


def _toml(example: Any) -> str:
    """An example as one would write it."""
    if isinstance(example, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in example.items()) + " }"
    if isinstance(example, list):
        return "[" + ", ".join(map(_toml, example)) + "]"
    if isinstance(example, float) and math.isfinite(example):
        return f"{example:g}" if example % 1 else f"{example:.1f}"
    if isinstance(example, str) and example[:1] not in "[{" and not example[:4].isdigit():
        return f'"{example}"'
    return str(example)
