"""Certificates of a service level P(latency <= limit) >= p: certified, refuted, or undetermined with the requests still needed.

Whole numbers in, the same answer on node and site. Requests that failed or timed out count as over the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runner.contract.binomial import cdf, first
from runner.contract.statistics import requests_needed

# A plan for more effective requests than this helps nobody: the share over the limit is too close to the one allowed.
_LARGEST_EFFECTIVE = 10**8


Answer = Literal["certified", "refuted", "undetermined"]


@dataclass(frozen=True)
class Verdict:
    """The answer and, where it is undetermined, what would settle it.

    `needed` is the total number of requests, those made included, at which the answer would be one or the other if the share over the limit and
    the effective share stayed as they are; None when decided, and when no amount helps because the share over is (all but) the one allowed.
    """

    answer: Answer
    needed: int | None


def certify(
    n: int, over: int, effective: int, permille: int, *, confidence_permille: int = 990, least_effective: int = 400, terms: int = 1
) -> Verdict:
    """The `answer` to the same counts and, where it is undetermined, the requests needed."""
    found = answer(n, over, effective, permille, confidence_permille=confidence_permille, least_effective=least_effective, terms=terms)
    if found != "undetermined" or not effective:
        return Verdict(found, None)
    return Verdict(found, _needed(n, over, effective, 1000 - permille, _doubt(confidence_permille, terms), least_effective))


def answer(n: int, over: int, effective: int, permille: int, *, confidence_permille: int = 990, least_effective: int = 400, terms: int = 1) -> Answer:
    """Judge `over` of `n` requests over the limit, worth `effective` independent ones, against p = permille / 1000.

    Certified: E at least `least_effective`, P(Bin(E, 1 - p) <= ceil(over * E / n)) < 1 - c. Refuted: P(Bin(E, 1 - p) >= floor(over * E / n)) < 1 - c.
    A service level of several `terms` shares its 1 - c among them (Bonferroni). Raises ValueError for counts that contradict each other.
    """
    if not (0 <= over <= n and 0 <= effective <= n and 0 < permille < 1000 and 0 < confidence_permille < 1000 and terms > 0):
        raise ValueError(f"certificate: {over} over and {effective} effective of {n} requests at {permille} and {confidence_permille} per mille")
    if not effective:
        return "undetermined"
    q, doubt = (1000 - permille) / 1000, _doubt(confidence_permille, terms)
    if effective >= least_effective and cdf(-(-over * effective // n), effective, q) < doubt:
        return "certified"
    return "refuted" if 1 - cdf(over * effective // n - 1, effective, q) < doubt else "undetermined"


def _doubt(confidence_permille: int, terms: int) -> float:
    return (1000 - confidence_permille) / (1000 * terms)


def certify_independent(n: int, over: int, permille: int, confidence_permille: int) -> Verdict:
    """The same as if every request were independent (E = n, no floor), which is LoadGen's early stopping: n >= h_min(over) + over."""
    return certify(n, over, n, permille, confidence_permille=confidence_permille, least_effective=0)


def least_good(over: int, permille: int, confidence_permille: int) -> int:
    """h_min: the fewest requests within the limit that certify beside `over` ones over it, all independent."""
    return requests_needed(permille, over, confidence_permille) - over


def _needed(n: int, over: int, effective: int, allowed_permille: int, doubt: float, least_effective: int) -> int | None:
    """Total requests at the present shares: more than n, because the rule is looked for beyond the present effective number alone."""
    lean, q = 1000 * over - n * allowed_permille, allowed_permille / 1000
    if not lean:
        return None
    found = _refuting(n, over, effective, q, doubt) if lean > 0 else _certifying(n, over, effective, q, doubt)
    if found is None:
        return None
    return -(-(found if lean > 0 else max(found, least_effective)) * n // effective)


def _certifying(n: int, over: int, effective: int, q: float, doubt: float) -> int | None:
    """E with P(Bin(E, q) <= ceil(over * E / n)) < doubt: bisection over that count, then the least E that has it and suffices.

    Rounding makes the rule fail again here and there beyond the very least E; the answer is at most a few per cent above it.
    """
    if not over:
        return first(_convinced(0, q, doubt), 1, _LARGEST_EFFECTIVE)
    present, largest = -(-over * effective // n), _LARGEST_EFFECTIVE * over // n
    count = first(lambda j: cdf(j, j * n // over, q) < doubt, present, largest) if present <= largest else None
    return None if count is None else first(_convinced(count, q, doubt), (count - 1) * n // over + 1, count * n // over)


def _convinced(count: int, q: float, doubt: float) -> Callable[[int], bool]:
    return lambda effective: cdf(count, effective, q) < doubt


def _refuting(n: int, over: int, effective: int, q: float, doubt: float) -> int | None:
    """E with P(Bin(E, q) >= floor(over * E / n)) < doubt: bisection over that count, at the least E that has it."""
    present, largest = over * effective // n, _LARGEST_EFFECTIVE * over // n
    count = first(lambda j: 1 - cdf(j - 1, -(-j * n // over), q) < doubt, present + 1, largest) if present < largest else None
    return None if count is None else -(-count * n // over)
