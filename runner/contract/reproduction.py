"""When one run repeats another: somebody else, on another machine of the same configuration, under the same methodology, got the same number."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

TOLERANCE_PERMILLE = 50  # the larger value is at most this much above the smaller
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class Result:
    """What decides whether two runs say the same: who measured, on which device (its pseudonym), what, and the primary metric's value.

    `value` is the decimal string that the run states at its headline operating point; None where there is none to show.
    """

    organisation: str
    instance: str
    methodology: str
    fingerprint: str
    value: str | None


def reproduces(one: Result, other: Result) -> bool:
    """Whether either repeats the other; symmetric, and false where a value is missing or not above 0."""
    independent = one.organisation != other.organisation and one.instance != other.instance
    same = (one.methodology, one.fingerprint) == (other.methodology, other.fingerprint)
    return independent and same and agree(one.value, other.value)


def agree(one: str | None, other: str | None) -> bool:
    """Whether two values lie within the tolerance of each other, as a ratio; exact decimals, the limit included."""
    if one is None or other is None:
        return False
    low, high = sorted((Decimal(one), Decimal(other)))
    return low > 0 and _EXACT.multiply(high, Decimal(1000)) <= _EXACT.multiply(low, Decimal(1000 + TOLERANCE_PERMILLE))
