"""The code by which a lamp goes on and off: no stretch of 16 bits comes twice in 54 minutes of 50 ms bits.

A maximum-length sequence of a shift register of 16 bits. It is begun at the time of day, so recordings one after the
other do not begin alike, and a clip of a whole session shows one place only that fits a recording.
"""

from __future__ import annotations

from functools import cache

BITS = 16
PERIOD: int = 2**BITS - 1
"""Bits until the sequence comes again."""


@cache
def sequence() -> bytes:
    """One period of the code, a bit in each byte.

    >>> code = sequence()
    >>> len(code), sum(code)
    (65535, 32768)
    >>> twice = code + code[:BITS]
    >>> len({twice[place : place + BITS] for place in range(PERIOD)})
    65535
    """
    state, found = 1, bytearray()
    for _ in range(PERIOD):
        found.append(state & 1)
        # x^16 + x^15 + x^13 + x^4 + 1 is primitive: every state but 0 comes once
        state = state >> 1 ^ (0xD008 if state & 1 else 0)
    return bytes(found)


def bit(number: int) -> bool:
    """A bit of the endless code.

    >>> [bit(number) == bit(number + PERIOD) for number in range(3)]
    [True, True, True]
    """
    return bool(sequence()[number % PERIOD])


def begin(utc: float, bit_s: float) -> int:
    """The bit that is on at a time of day, s since 1970.

    >>> begin(100.0, 0.05), begin(100.05, 0.05)
    (2000, 2001)
    """
    return int(utc / bit_s + 1e-6) % PERIOD
