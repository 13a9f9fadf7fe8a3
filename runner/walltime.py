"""Wall time, asked for once per run: the instant, and how far the kernel believes this clock is from the true one."""

from __future__ import annotations

import ctypes
import sys
from datetime import UTC, datetime

from runner.contract.fields import Whole

SOURCE = "adjtimex"
STA_UNSYNC, STA_NANO = 0x0040, 0x2000
MICROSECOND_NS = 1_000
CLOCK_ERROR = 5  # TIME_ERROR: the kernel says that the clock is not synchronised


class Timex(ctypes.Structure):
    """The head of Linux's `struct timex` (adjtimex(2)); the rest is room."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_char * 256),
    ]


def utc_now() -> str:
    """This instant in UTC as documents write it: six fractional digits and Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clock_offset_ns() -> Whole:
    """The wall clock's offset in ns as the kernel's clock discipline has it; unreadable where the clock is not synchronised."""
    if not sys.platform.startswith("linux"):
        return Whole(status="unreadable:not-linux", source=SOURCE)
    return read_offset(Timex())


def read_offset(timex: Timex) -> Whole:
    """Ask adjtimex (read only, modes 0) and judge its answer."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    return offset_of(state, timex)


def offset_of(state: int, timex: Timex) -> Whole:
    """What an answer of adjtimex says: the offset, or why there is none."""
    if state < 0:
        return Whole(status="unreadable:refused", source=SOURCE)
    if state == CLOCK_ERROR or timex.status & STA_UNSYNC:
        return Whole(status="unreadable:not-synchronised", source=SOURCE)
    scale = 1 if timex.status & STA_NANO else MICROSECOND_NS
    return Whole(value=timex.offset * scale, status="observed", source=SOURCE)
