"""A saturation search as lines of text: what it found, as an interval, and the steps that say so."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.run import SearchOutcome, SearchStep
from runner.report.quantities import quantity
from runner.report.tables import columns

ABOVE = {
    "refuted": "that rate missed the budget",
    "undetermined": "that rate could not be decided",
    "generator-limited": "that rate could not be offered",
    "capacity": "no rate failed; that is the capacity of one stream",
}


def search_lines(search: SearchOutcome) -> Iterator[str]:
    """The bracket, the confirmed rate, and every step with what it rests on."""
    low = "0 /s (no rate was certified)" if search.lo_per_s is None else quantity(search.lo_per_s, "1/s")
    high = "no upper end was found" if search.hi_per_s is None else f"and {quantity(search.hi_per_s, '1/s')}"
    why = "" if search.above is None else f" ({ABOVE[search.above]})"
    yield f"highest load within the budget: between {low} {high}{why}"
    confirmed = "no rate" if search.confirmed_per_s is None else quantity(search.confirmed_per_s, "1/s")
    cliff = ", below a cliff" if search.cliff else ""
    yield f"confirmed with a fresh schedule: {confirmed}{cliff}; one stream in a closed loop completes {quantity(search.capacity_per_s, '1/s')}"
    yield from columns(map(_step, search.steps), indent="  ", right=(1,))


def _step(step: SearchStep) -> tuple[str, str, str, str]:
    rests = f"{step.over:,} of {step.n:,} requests over it, worth {step.effective:,} independent ones"
    return step.purpose, quantity(step.rate_per_s, "1/s"), step.answer, rests
