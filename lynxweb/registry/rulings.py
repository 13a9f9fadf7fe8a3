"""What the ruling register says about runs and about pairs of methodology versions; the newest ruling on a thing is the one that holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lynxweb.registry.models_rulings import Ruling, RulingRun

EXCLUDED = "excluded"


@dataclass(frozen=True)
class RulingMark:
    """A ruling as it marks one run: its number, the cited rule, the outcome (`noted`, `excluded`, `recheck`), its document and position."""

    number: int
    rule: str
    outcome: str
    document: str
    position: int


@dataclass(frozen=True)
class MethodologyRuling:
    """A ruling on one metric under two methodology versions, `a` below `b`; no ruling on a pair means `incompatible`."""

    number: int
    a: str
    b: str
    metric: str
    outcome: str
    document: str
    position: int


def rulings_on(run_digests: Iterable[str]) -> dict[str, tuple[RulingMark, ...]]:
    """The rulings on each of these runs, oldest first, in one query; a run without a ruling has no entry."""
    found: dict[str, tuple[RulingMark, ...]] = {}
    for row in RulingRun.objects.on(run_digests):
        one = row.ruling
        found[row.run_id] = (*found.get(row.run_id, ()), RulingMark(one.number, one.rule, one.outcome, one.document, one.position))
    return found


def excluded(run_digests: Iterable[str]) -> dict[str, int]:
    """Those of the runs that must not be compared, each with the number of the ruling that says so, in one query."""
    return {run: marks[-1].number for run, marks in rulings_on(run_digests).items() if marks[-1].outcome == EXCLUDED}


def rulings_between(a: str, b: str) -> dict[str, MethodologyRuling]:
    """The newest ruling for each metric under two methodology versions, by the metric definition's id."""
    found: dict[str, MethodologyRuling] = {}
    for row in Ruling.objects.of_methodologies(a, b):
        told = MethodologyRuling(row.number, str(row.a), str(row.b), str(row.metric), row.outcome, row.document, row.position)
        found.setdefault(told.metric, told)
    return found
