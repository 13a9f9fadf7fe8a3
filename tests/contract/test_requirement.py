"""What a committee may ask, and what it may not."""

from __future__ import annotations

import pytest

from runner.contract.canonical import encode
from runner.contract.methodology import Methodology
from runner.contract.problems import Problems
from runner.contract.requirement import Requirement, evidence_problems
from tests.contract import asked, grown


def unread(**changes: object) -> str:
    """What is said of a requirement with these leaves changed."""
    with pytest.raises(Problems) as refused:
        Requirement.read(encode(asked.requirement_tree(**changes)))
    return str(refused.value)


def test_a_requirement_keeps_its_bytes() -> None:
    found = asked.requirement()
    assert Requirement.read(found.canonical()) == found and found.rate == 20


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slo__metric": "latency_p90"}, "a threshold without a metric definition"),
        ({"slo__metric": "gpu_util@1"}, "a latency from schedule with its own percentile"),
        ({"slo__metric": "latency_from_issue_p90@1"}, "a latency from schedule with its own percentile"),
        ({"slo__percentile_permille": 990}, "a latency from schedule with its own percentile"),
        ({"rate_milli_per_s": 0}, "rate_milli_per_s"),
        ({"rate_milli_per_s": None}, "rate_milli_per_s"),
        ({"slo__limit_ns": None}, "slo.limit_ns"),
        ({"workload__methodologies": []}, "workload.methodologies"),
        ({"workload__methodologies": ["b" * 64, "a" * 64]}, "each digest once, in order"),
        ({"grade_floor": "claimed"}, "a claim answers nothing"),
    ],
)
def test_a_threshold_without_definition_or_point_is_refused(changes: dict[str, object], said: str) -> None:
    assert said in unread(**changes)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"min": "0.9"}, "one of the two"),
        ({"min_ratio_ppm": None}, "one of the two"),
        ({"metric": "agreement"}, "agreement is counted against the reference already"),
        ({"min": "1.5", "min_ratio_ppm": None}, "a share between 0 and 1"),
        ({"metric": "loss"}, "quality_min.0.metric"),
    ],
)
def test_a_bound_on_quality_is_one_bound_on_one_cell(cell: dict[str, object], said: str) -> None:
    whole = asked.requirement_tree()["quality_min"][0]
    assert said in unread(quality_min=[whole | cell])


def test_a_cell_is_bounded_once() -> None:
    cell = asked.requirement_tree()["quality_min"][0]
    assert "each cell once" in unread(quality_min=[cell, cell])


def codes(*methodologies: Methodology, **changes: object) -> set[str]:
    """The codes for which these methodologies cannot answer a requirement that names them."""
    wanted = asked.requirement(*methodologies, **changes)
    return {problem.code for problem in evidence_problems(wanted, {one.sha256: one for one in methodologies})}


def test_an_open_loop_of_kind_inference_is_evidence() -> None:
    assert codes(asked.methodology("20")) == set() == codes(asked.methodology("20", "40"))


def test_a_quick_look_is_no_evidence() -> None:
    assert codes(asked.methodology("20", kind="quick")) == {"R-07"}


@pytest.mark.parametrize(("kind", "code"), [("microbenchmark", "R-05"), ("burn_in", "R-03"), ("training", "R-02")])
def test_other_kinds_are_no_evidence(kind: str, code: str) -> None:
    assert codes(asked.methodology("20", kind=kind)) == {code}


def test_a_closed_loop_shows_no_rate() -> None:
    assert codes(grown.methodology(**asked.LONG)) == {"R-15"}


def test_another_workload_answers_another_question() -> None:
    assert codes(asked.methodology("20"), workload__model_sha256="e" * 64) == {"R-04"}


def test_a_methodology_reports_the_metric_that_is_asked_for() -> None:
    slo = {"metric": "latency_p99_9@1", "percentile_permille": 999, "limit_ns": 1}
    assert codes(asked.methodology("20"), slo=slo) == {"R-21"}


def test_a_methodology_is_published_before_it_is_named() -> None:
    assert {one.code for one in evidence_problems(asked.requirement(), {})} == {"unknown-methodology"}
