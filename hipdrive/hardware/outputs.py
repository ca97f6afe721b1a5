"""Digital lines that are set by what happens on the plates: a lamp, a buzzer, a trigger of something else."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, Strict, model_validator

from hipdrive.hardware.facts import Digital, Facts, Fault, Identifier, fact

Occasion = Literal["contact", "flight", "ready", "touchdown", "takeoff", "target", "rest_over", "fault"]
OCCASIONS: tuple[str, ...] = get_args(Occasion)
"""What an output, a sound or a light can be told by; the first three last, the others are moments."""

LASTING = ("contact", "flight", "ready")
"""Occasions that last: the line is active as long as they do."""


class Output(Facts):
    """A digital line and when it is active."""

    id: Identifier = fact("short name of the line", "lamp")
    device: Identifier = fact("id of the device that the line belongs to", "ni0")
    line: Digital = fact("the line", "port0/line0")
    on: Occasion = fact("when it is active: contact, flight and ready last, the others are moments", "contact")
    hold_s: Annotated[float, Strict(), Field(gt=0.0, le=10.0)] = fact(
        "how long it is active after a moment, s", 0.1, 0.1
    )
    active_low: bool = fact("whether active means low", True, False)

    @model_validator(mode="after")
    def _checked(self) -> Output:
        if self.on in LASTING and "hold_s" in self.model_fields_set:
            raise Fault("hold_s", f"{self.on!r} lasts as long as it does", "take hold_s out, or choose a moment such "
                        "as touchdown")  # fmt: skip
        return self
