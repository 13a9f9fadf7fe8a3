"""The saturation search as pure rules: which rate comes next, what the steps bracket, and which step may be confirmed."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.fields import Document

SECOND_NS = 1_000_000_000
Duration = Annotated[int, Bound(gt=0, le=86_400 * SECOND_NS)]
Confidence = Annotated[int, Bound(ge=500, lt=1000)]


class SearchRules(Document):
    """How a search goes about it; every number is the methodology's to change.

    Capacity: closed loop for `capacity_ns` at doubling concurrency until throughput grows by less than `growth_permille`. A step serves one rate
    in chunks of `chunk_ns`, whose first `drop_ns` do not count, for at most `longest_step_ns`, until the level is certified or refuted at
    `step_confidence_permille`. The search ends when the ends of the bracket lie within `resolution_permille` of the upper one, or after
    `most_steps`. A point is confirmed at `confirm_confidence_permille`.
    """

    capacity_ns: Duration = 10 * SECOND_NS
    growth_permille: Annotated[int, Bound(gt=0, le=1000)] = 50
    chunk_ns: Duration = 15 * SECOND_NS
    drop_ns: Annotated[int, Bound(ge=0, le=3_600 * SECOND_NS)] = 2 * SECOND_NS
    longest_step_ns: Duration = 120 * SECOND_NS
    step_confidence_permille: Confidence = 950
    confirm_confidence_permille: Confidence = 990
    resolution_permille: Annotated[int, Bound(ge=1, le=500)] = 50
    most_steps: Annotated[int, Bound(ge=1, le=100)] = 14

    @model_validator(mode="after")
    def _chunks_fit(self) -> Self:
        if not self.drop_ns < self.chunk_ns <= self.longest_step_ns:
            raise ValueError("a chunk is longer than what is dropped of it, and no longer than a step")
        return self
