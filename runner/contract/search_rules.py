"""The rules of a saturation search: parameters of a methodology, never constants in code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Bound

from runner.contract.fields import Document

SECOND_NS = 10**9
Length = Annotated[int, Bound(gt=0, le=3_600 * SECOND_NS)]


class SearchRules(Document):
    """How a search steps: lengths in ns, confidences and resolution in permille.

    A step runs at one rate in chunks whose first `drop_ns` are dropped, until it is certified or refuted, or `longest_step_ns` have passed.
    """

    chunk_ns: Length = 15 * SECOND_NS
    drop_ns: Annotated[int, Bound(ge=0, le=600 * SECOND_NS)] = 2 * SECOND_NS
    longest_step_ns: Length = 120 * SECOND_NS
    step_confidence_permille: Annotated[int, Bound(ge=800, lt=1000)] = 950
    confirm_confidence_permille: Annotated[int, Bound(ge=900, lt=1000)] = 990
    resolution_permille: Annotated[int, Bound(ge=10, le=500)] = 50
    most_steps: Annotated[int, Bound(ge=1, le=40)] = 14
