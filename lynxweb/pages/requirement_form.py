"""The form of a requirement: what was typed as the canonical document, and a document as what would have been typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.http import QueryDict

from lynxweb.pages import typed_numbers
from lynxweb.review.answering import AnsweringMethodology
from runner.contract.canonical import encode
from runner.contract.metrics import DEFINITIONS
from runner.contract.problems import Problem, Problems
from runner.contract.requirement import AskedQuality, Requirement

FEWEST_ROWS, MORE_ROWS, MOST_ROWS = 3, 5, 100
MS, PPM_OF_PERCENT = 10**6, 10_000
PLAIN = ("title", "question", "rate", "metric", "limit_ms", "grade_floor", "horizon", "constraints")


@dataclass(frozen=True)
class QualityRow:
    """One line of the table of quality bounds as it was typed; `of` is `items` or `reference`."""

    task: str = ""
    metric: str = "accuracy"
    slice: str = "all"
    least: str = ""
    of: str = "items"


@dataclass(frozen=True)
class Form:
    """Everything that stands in the form: plain fields by name, chosen methodologies, and the lines of the quality table."""

    plain: Mapping[str, str]
    methodologies: frozenset[str]
    quality: tuple[QualityRow, ...]


def typed(post: QueryDict) -> Form:
    """The form as it was sent, with blank lines to spare."""
    rows = tuple(_rows(post))
    spare = max(FEWEST_ROWS - len(rows), MORE_ROWS if "more" in post else 0)
    return Form({name: post.get(name, "") for name in PLAIN}, frozenset(post.getlist("methodology")), (*rows, *[QualityRow()] * spare))


def blank(known: Sequence[AnsweringMethodology]) -> Form:
    """An empty form; where one methodology alone may answer it is chosen, and its task stands in the first line of quality."""
    only = known[0] if len(known) == 1 else None
    first = QualityRow(task=only.methodology.workload.task, of="reference") if only else QualityRow()
    plain = dict.fromkeys(PLAIN, "") | {"metric": "latency_p99@1", "grade_floor": "measured"}
    return Form(plain, frozenset({only.digest} if only else ()), (first, *[QualityRow()] * (FEWEST_ROWS - 1)))


def filled(asked: Requirement) -> Form:
    """The form that would have made this document, for its next version."""
    plain = {
        "title": asked.title, "question": asked.question, "rate": typed_numbers.plain(asked.rate), "metric": asked.slo.metric,
        "limit_ms": typed_numbers.plain(Fraction(asked.slo.limit_ns, MS)), "grade_floor": asked.grade_floor, "horizon": asked.horizon,
        "constraints": asked.constraints,
    }  # fmt: skip
    rows = tuple(
        QualityRow(one.task, one.metric, one.slice, _least(one), "items" if one.min is not None else "reference") for one in asked.quality_min
    )
    return Form(plain, frozenset(asked.workload.methodologies), (*rows, *[QualityRow()] * max(1, FEWEST_ROWS - len(rows))))


def _least(asked: AskedQuality) -> str:
    share = Fraction(asked.min_ratio_ppm or 0, MS) if asked.min is None else Fraction(asked.min)
    return typed_numbers.plain(share * 100)


def document(post: QueryDict, organisation: str, known: Sequence[AnsweringMethodology], supersedes: str | None = None) -> bytes:
    """The canonical requirement that was typed; raises `Problems` with every number that is none, and where no methodology was chosen."""
    wrong: list[Problem] = []
    chosen = sorted(set(post.getlist("methodology")))
    work = next((one.methodology.workload for one in known if one.digest in chosen), None)
    if work is None:
        wrong.append(Problem("workload.methodologies", "none", "at least one of the list", "choose what may answer", "no-methodology"))
    metric = post.get("metric", "")
    permille = DEFINITIONS[metric].permille if metric in DEFINITIONS else 0
    tree: dict[str, Any] = {
        "schema_id": "requirement/v1", "organisation": organisation, "supersedes": supersedes,
        **{name: _text(post, name) for name in ("title", "question", "grade_floor", "horizon", "constraints")},
        "rate_milli_per_s": typed_numbers.scaled("rate", post.get("rate", ""), 1000, "requests a second, three decimals at most", wrong),
        "slo": {"metric": metric, "percentile_permille": permille or 0,
                "limit_ns": typed_numbers.scaled("limit_ms", post.get("limit_ms", ""), MS, "milliseconds, six decimals at most", wrong)},
        "quality_min": [_bound(place, row, wrong) for place, row in enumerate(_rows(post))],
    }  # fmt: skip
    if wrong or work is None:
        raise Problems(wrong)
    tree["workload"] = {
        "name": f"{work.task}: {work.model_name} on {work.dataset_name}", "model_sha256": work.model_sha256,
        "dataset_sha256": work.dataset_sha256, "methodologies": chosen,
    }  # fmt: skip
    return encode(tree)


def _text(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\r\n", "\n").strip()


def _rows(post: QueryDict) -> Iterator[QualityRow]:
    """The lines of the quality table that say anything."""
    columns = [[one.strip() for one in post.getlist(f"quality_{name}")] for name in ("task", "metric", "slice", "least", "of")]
    for row in list(zip(*columns, strict=False))[:MOST_ROWS]:
        if row[0] or row[3]:
            yield QualityRow(*row)


def _bound(place: int, row: QualityRow, wrong: list[Problem]) -> dict[str, Any]:
    path = f"quality_min[{place}]"
    bound: dict[str, Any] = {"task": row.task, "metric": row.metric, "slice": row.slice, "min": None, "min_ratio_ppm": None}
    if row.of == "reference":
        what = "a percentage such as 99.5, four decimals at most"
        return bound | {"min_ratio_ppm": typed_numbers.scaled(path, row.least, PPM_OF_PERCENT, what, wrong)}
    return bound | {"min": typed_numbers.share(path, row.least, wrong)}
