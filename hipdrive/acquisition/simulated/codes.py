"""What the stand-in driver says when it refuses: NI's codes and sentences."""

from __future__ import annotations

from collections.abc import Mapping

OVERWRITTEN, TIMEOUT, PAST_THE_END = -200279, -200284, -200278
GONE, NO_DEVICE, NO_CHANNEL, NO_TASK, RESERVED = -201003, -200220, -200170, -200088, -50103
NO_PROPERTY, NO_VALUE, RATE_TOO_HIGH, SAME_NAME, NOT_DONE = -200452, -200077, -200081, -200089, -200560
SMALL_ARRAY, ONE_DEVICE, NO_ROUTE = -200229, -200559, -89125

MESSAGES: Mapping[int, str] = {
    OVERWRITTEN: "The application is not able to keep up with the hardware acquisition.\nThe requested sample was "
    "previously available, but has since been overwritten.",
    TIMEOUT: "Some or all of the samples requested have not yet been acquired.",
    PAST_THE_END: "Attempted to read a sample beyond the final sample acquired.",
    GONE: "Device cannot be accessed. Device is no longer present in the system, or is not powered.",
    NO_DEVICE: "Device identifier is invalid.",
    NO_CHANNEL: "Physical channel specified does not exist on this device.",
    NO_TASK: "Task specified is invalid or does not exist.",
    RESERVED: "The specified resource is reserved.",
    NO_PROPERTY: "Specified property is not supported by the device or is not applicable to the task.",
    NO_VALUE: "Requested value is not a supported value for this property.",
    RATE_TOO_HIGH: "Sample rate exceeds the maximum sample rate for the number of channels specified.",
    SAME_NAME: "Specified task name is already in use.",
    NOT_DONE: "Wait Until Done did not indicate that the task was done within the specified timeout.",
    SMALL_ARRAY: "Buffer is too small to fit read data.",
    NO_ROUTE: "No registered trigger lines could be found between the devices in the route.",
    ONE_DEVICE: "The stand-in driver takes channels of one device in a task.",
}
"""Error code of NIDAQmx.h -> what the driver says."""


class DriverError(Exception):
    """What a C function returns as a negative number."""

    def __init__(self, code: int, detail: str = "") -> None:
        text = MESSAGES.get(code, "The stand-in driver was told to fail.")
        super().__init__(f"{text}{f' {detail}' if detail else ''}\n\nStatus Code: {code}")
        self.code = code
