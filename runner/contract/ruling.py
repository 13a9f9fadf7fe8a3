"""The document of a ruling: on a sorted list of runs, or on one metric under a pair of methodology versions; its number is part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from runner.contract.canary import scan
from runner.contract.canonical import encode
from runner.contract.fields import Digest, Document
from runner.contract.hidden import hidden_problems
from runner.contract.metrics import DEFINITIONS
from runner.contract.problems import Problem

RunsOutcome = Literal["noted", "excluded", "recheck"]
PairOutcome = Literal["identical", "compatible", "compatible_with_declared_difference", "incompatible"]
Text = Annotated[str, StringConstraints(min_length=10, max_length=4000)]
Number = Annotated[int, Field(ge=1)]


class RunsRuling(Document):
    """What is ruled about runs under a cited rule: noted, excluded from comparison, or to be checked again."""

    v: Literal[1] = 1
    number: Number
    kind: Literal["runs"] = "runs"
    rule: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    outcome: RunsOutcome
    runs: Annotated[tuple[Digest, ...], Field(min_length=1, max_length=20_000)]
    text: Text


class MethodologiesRuling(Document):
    """How far one metric may be compared under two methodology versions; `a` is the lower digest."""

    v: Literal[1] = 1
    number: Number
    kind: Literal["methodologies"] = "methodologies"
    a: Digest
    b: Digest
    metric: str
    outcome: PairOutcome
    text: Text


RulingDocument = RunsRuling | MethodologiesRuling


def ruling_of(terms: dict[str, Any]) -> RulingDocument:
    """The ruling in a JSON value; raises `Problems` with every error of it."""
    model = MethodologiesRuling if terms.get("kind") == "methodologies" else RunsRuling
    return model.read(encode(terms))


def ruling_problems(ruling: RulingDocument) -> Iterator[Problem]:
    """What the types cannot say: sorted and named once, a known metric, no secrets and no identities."""
    if isinstance(ruling, RunsRuling):
        if list(ruling.runs) != sorted(set(ruling.runs)):
            yield Problem("runs", "unsorted or repeated", "sorted digests, each once", "sort the list", "unsorted")
        yield from scan(ruling.rule, "rule")
        yield from hidden_problems(ruling.rule, "rule")
    else:
        if ruling.a >= ruling.b:
            yield Problem("b", ruling.b, "a digest above `a`", "name two versions, the lower digest first", "unsorted")
        if ruling.metric not in DEFINITIONS:
            yield Problem("metric", ruling.metric[:80], "the id of a metric definition", "name one that both versions define", "unknown-metric")
    yield from scan(ruling.text, "text")
    yield from hidden_problems(ruling.text, "text")
