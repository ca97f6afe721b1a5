"""What every table of a rig file has in common: strict numbers, names, terminals, and errors that say what to do.

A field is declared once, with a description, an example and its limits; the sentence about a broken file, the schema
for editors and the documentation all read that declaration.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StringConstraints


class Fault(ValueError):
    """Something in a rig file that only we can see: where, what is wrong, what to do."""

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}; {remedy}")
        self.place = place
        self.problem = problem
        self.remedy = remedy


class Facts(BaseModel):
    """A table of a rig file: nothing unknown in it, nothing changed after it was read."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def fact(description: str, example: Any, default: Any = ..., **limits: Any) -> Any:
    """A field with what it means and an example; `limits` as pydantic names them (gt, le, ...)."""
    return Field(default, description=description, examples=[example], **limits)


def _digital(text: str) -> str:
    # the driver does not care for case, the check for terminals wired twice does
    return text.upper() if text[:3].upper() == "PFI" else text.lower()


def _input(text: str) -> str:
    """An input of an NI device in small letters, as the driver does not care; any other name as it is."""
    return text.lower() if text[:2].lower() == "ai" and text[2:].isdigit() else text


def _sane(value: float) -> float:
    # Within these limits, which no quantity of a rig passes, no product or quotient leaves the range of a float.
    if value != 0.0 and not 1e-30 <= abs(value) <= 1e12:
        raise Fault("", f"{value:g} is far from anything that can stand here", "give it in the unit that the key names")
    return value


Number = Annotated[float, Strict(), AfterValidator(_sane)]
Positive = Annotated[float, Strict(), Field(gt=0.0), AfterValidator(_sane)]
Identifier = Annotated[str, Strict(), StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Line = Annotated[str, Strict(), StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)]
Analog = Annotated[str, Strict(), StringConstraints(pattern=r"^[aA][iI](0|[1-9]\d{0,2})$", to_lower=True)]
Terminal = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=60), AfterValidator(_input)
]
Counter = Annotated[str, Strict(), StringConstraints(pattern=r"^[cC][tT][rR](0|[1-9]\d?)$", to_lower=True)]
Digital = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^([pP][fF][iI](0|[1-9]\d?)|[pP][oO][rR][tT]\d/[lL][iI][nN][eE](0|[1-9]\d?))$"),
    AfterValidator(_digital),
]
