"""MEETS, FAILS and NO EVIDENCE: each branch, and each run that may not be cited."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.contract.answers import Answer, answer
from runner.contract.citations import Cited
from runner.contract.points import Certificate
from runner.contract.reasons import Standing
from runner.contract.requirement import Requirement
from tests.builders import seen
from tests.contract import asked, grown
from tests.contract.asked import cited, offered, pointed, requirement
from tests.contract.grown import MS

SLOW = 24 * MS


def codes(found: Answer) -> set[str]:
    """The codes of the reasons."""
    return {one.code for one in found.reasons}


def refusals(found: Answer) -> dict[str, str]:
    """The refused citations: run by code."""
    return {one.code: one.run for one in found.refused}


def judged(one: Cited, wanted: Requirement | None = None) -> str:
    """The answer of one run."""
    return answer(wanted or requirement(), [one]).answer


def certificate(one: Cited, place: int = 0) -> Certificate:
    """The certificate of an operating point."""
    found = one.side.run.operating_points[place].certificate
    assert found is not None
    return found


def test_a_certified_point_at_the_rate_meets_and_names_its_instrument() -> None:
    found = answer(requirement(), [cited()])
    assert (found.answer, codes(found)) == ("meets", {"met-by-certificate", "quality-met"})
    assert found.runs == (cited().digest,) and found.refused == ()


def test_a_refuted_point_at_the_rate_fails() -> None:
    found = answer(requirement(), [cited(offered(service_ns=SLOW))])
    assert (found.answer, codes(found)) == ("fails", {"refuted-by-certificate", "quality-met"})


def test_an_undetermined_point_is_no_evidence_and_says_how_many_more_requests() -> None:
    one = cited()
    doubt = certificate(one).model_copy(update={"answer": "undetermined", "needed": certificate(one).n + 1_234})
    found = answer(requirement(), [pointed(one, certificate=doubt)])
    assert found.answer == "no_evidence" and "undetermined: 1234 more requests" in found.reasons[0].text


def test_a_point_at_a_lower_rate_says_nothing() -> None:
    for one in (cited(), cited(offered(service_ns=SLOW))):
        found = answer(requirement(rate_milli_per_s=20_001), [one])
        assert (found.answer, codes(found)) == ("no_evidence", {"R-41", "quality-met"})


def test_a_certified_point_at_a_higher_rate_meets() -> None:
    assert judged(cited(), requirement(rate_milli_per_s=19_500)) == "meets"


def test_the_lowest_measured_load_above_the_rate_decides_about_failing() -> None:
    how = asked.methodology("20", "40")
    one = cited(offered(rates=("20", "40"), service_ns=SLOW))
    doubt = certificate(one).model_copy(update={"answer": "undetermined"})
    assert judged(one, requirement(how)) == "fails"
    assert judged(pointed(one, certificate=doubt), requirement(how)) == "no_evidence"


def test_a_load_that_is_refuted_above_one_that_meets_does_not_matter() -> None:
    how, one = asked.methodology("20", "40"), cited(offered(rates=("20", "40"), service_ns=16 * MS))
    assert [certificate(one, place).answer for place in (0, 1)] == ["certified", "refuted"]
    assert judged(one, requirement(how)) == "meets"
    assert judged(one, requirement(how, rate_milli_per_s=30_000)) == "fails"


def test_a_point_that_meets_above_a_refuted_one_is_luck() -> None:
    how, one = asked.methodology("20", "40"), cited(offered(rates=("20", "40"), service_ns=16 * MS))
    swapped = pointed(pointed(one, 0, certificate=certificate(one, 1)), 1, certificate=certificate(one, 0))
    found = answer(requirement(how), [swapped])
    assert found.answer == "no_evidence" and "contradictory" in codes(found)


def test_runs_that_contradict_each_other_are_no_evidence_in_any_order() -> None:
    good, bad = cited(name="good"), cited(offered(service_ns=SLOW), name="bad")
    found = answer(requirement(), [good, bad])
    assert found == answer(requirement(), [bad, good])
    assert found.answer == "no_evidence" and "contradictory" in codes(found) and len(found.runs) == 2


def test_a_level_that_was_certified_tighter_holds_at_the_asked_limit() -> None:
    assert judged(cited(), requirement(slo__limit_ns=50 * MS)) == "meets"


def test_a_level_that_was_refuted_looser_fails_at_the_asked_limit() -> None:
    found = answer(requirement(slo__limit_ns=39 * MS), [cited(offered(service_ns=SLOW))])
    assert (found.answer, codes(found)) == ("fails", {"refuted-by-certificate", "quality-met"})


def test_where_no_certificate_applies_the_upper_end_of_the_interval_decides_and_is_said() -> None:
    one = cited()
    stated = next(metric for metric in one.side.run.operating_points[0].metrics if metric.definition == "latency_p90@1")
    spread = stated.model_copy(update={"value": str(20 * MS), "ci_low": str(19 * MS), "ci_high": str(21 * MS)})
    one = pointed(one, metrics=(spread,))
    found = answer(requirement(slo__limit_ns=21 * MS), [one])
    assert (found.answer, codes(found)) == ("meets", {"met-by-interval", "quality-met"})
    assert "no certificate applies; by the interval's upper end" in found.reasons[0].text
    assert judged(one, requirement(slo__limit_ns=21 * MS - 1)) == "no_evidence" == judged(one, requirement(slo__limit_ns=19 * MS))
    assert judged(one, requirement(slo__limit_ns=19 * MS - 1)) == "fails"


def test_another_percentile_than_the_certified_one_is_read_from_its_interval() -> None:
    slo = {"metric": "latency_p99@1", "percentile_permille": 990, "limit_ns": 60 * MS}
    found = answer(requirement(slo=slo), [cited()])
    assert (found.answer, codes(found)) == ("meets", {"met-by-interval", "quality-met"})


def test_a_metric_that_is_not_stated_is_no_evidence() -> None:
    bare = pointed(cited(), certificate=None, metrics=())
    found = answer(requirement(), [bare])
    assert found.answer == "no_evidence" and "is not stated with an interval" in found.reasons[0].text


def test_withheld_latencies_are_no_evidence_even_if_certified() -> None:
    found = answer(requirement(), [cited(withheld={"p0": ("not-settled",)})])
    assert found.answer == "no_evidence" and "latencies are withheld: not-settled" in found.reasons[0].text
    assert judged(cited(withheld={"p1": ("not-settled",)})) == "meets"


def test_overload_that_a_certificate_refutes_is_a_failure_and_no_gap() -> None:
    slow = offered(service_ns=SLOW)
    assert judged(cited(slow, withheld={"p0": ("over-saturated",)})) == "fails"
    assert judged(cited(slow, withheld={"p0": ("over-saturated", "not-settled")})) == "no_evidence"
    assert judged(cited(withheld={"p0": ("over-saturated",)})) == "no_evidence"


def completing(one: Cited, completed: int, process: str = "poisson") -> Cited:
    """The same run with another count of completed requests under arrivals of this process."""
    load = one.side.methodology.load.model_copy(update={"process": process})
    how = one.side.methodology.model_copy(update={"load": load})
    point = pointed(one, completed=completed, process=process)
    return replace(point, side=replace(point.side, methodology=how))


def test_the_rate_is_completed_and_not_only_offered() -> None:
    """36,000 are expected: three standard deviations are 569 of them, half a per cent is 180."""
    assert judged(completing(cited(), 36_000 - 569)) == "meets" and judged(completing(cited(), 36_000 - 570)) == "no_evidence"
    assert judged(completing(cited(), 36_000 - 180, "constant")) == "meets" and judged(completing(cited(), 36_000 - 181, "constant")) == "no_evidence"


@pytest.mark.parametrize("fields", [{"loop": "closed"}, {"process": "trace"}, {"rate_per_s": None}])
def test_a_point_without_a_steady_offered_rate_says_nothing(fields: dict[str, object]) -> None:
    assert codes(answer(requirement(), [pointed(cited(), **fields)])) == {"R-41", "quality-met"}


def test_a_rate_for_each_replica_is_not_the_rate_that_was_asked_for() -> None:
    one = cited()
    load = one.side.methodology.load.model_copy(update={"per": "replica"})
    changed = replace(one, side=replace(one.side, methodology=one.side.methodology.model_copy(update={"load": load})))
    assert "R-41" in codes(answer(requirement(), [changed]))


def test_quality_below_its_bound_fails_whatever_the_speed() -> None:
    for rate in (20_000, 90_000):
        found = answer(requirement(rate_milli_per_s=rate), [cited(flips=4)])
        assert found.answer == "fails" and "quality-below" in codes(found)


def test_quality_that_was_not_evaluated_is_no_evidence() -> None:
    found = answer(requirement(), [cited(flips=None)])
    assert found.answer == "no_evidence" and "R-34" in codes(found)


def test_a_slice_that_was_not_evaluated_is_no_evidence() -> None:
    cell = {"task": "digits", "metric": "accuracy", "slice": "class-9", "min": "0.5", "min_ratio_ppm": None}
    found = answer(requirement(quality_min=[cell]), [cited()])
    assert found.answer == "no_evidence" and "R-34" in codes(found)


def test_the_worst_of_the_listed_cells_decides() -> None:
    every = [{"task": "digits", "metric": "accuracy", "slice": part, "min": "0.9", "min_ratio_ppm": None} for part in ("all", "class-0")]
    assert judged(cited(flips=1), requirement(quality_min=every)) == "meets"  # 39 of 40, but 9 of 10 in class 0
    every[1]["min"] = "0.95"
    found = answer(requirement(quality_min=every), [cited(flips=1)])
    assert found.answer == "fails" and any("on class-0 at least 0.95: 0.900000" in one.text for one in found.reasons)


def test_a_requirement_without_quality_is_met_by_speed_alone() -> None:
    assert judged(cited(flips=None), requirement(quality_min=[])) == "meets"


@pytest.mark.parametrize("field", ["dataset_sha256", "labels_sha256", "reference_outputs_sha256", "fingerprint", "suite_version"])
def test_the_quality_of_something_else_is_no_evidence(field: str) -> None:
    one = cited()
    assert one.side.quality is not None
    other = one.side.quality.model_copy(update={field: 2 if field == "suite_version" else "c" * 64})
    found = answer(requirement(), [replace(one, side=replace(one.side, quality=other))])
    assert found.answer == "no_evidence" and "R-31" in codes(found)


def test_quality_comes_from_the_bundle_that_shows_the_speed() -> None:
    fast, good = cited(name="fast", flips=None), cited(offered(service_ns=SLOW), name="good")
    unknown = pointed(good, certificate=None, metrics=())
    assert answer(requirement(), [fast, unknown]).answer == "no_evidence"


def test_quality_that_differs_between_runs_is_no_evidence() -> None:
    found = answer(requirement(), [cited(name="one"), cited(name="other", flips=4)])
    assert found.answer == "no_evidence" and "contradictory" in codes(found)


def test_nothing_to_cite_is_no_evidence() -> None:
    found = answer(requirement(), [])
    assert (found.answer, codes(found), found.runs) == ("no_evidence", {"no-run"}, ())


def test_a_quick_run_alone_is_no_evidence_with_its_code() -> None:
    found = answer(requirement(), [cited(grown.poisson())])
    assert (found.answer, codes(found), found.runs) == ("no_evidence", {"no-run"}, ())
    assert {"R-07", "R-23", "undeclared"} == set(refusals(found))


def test_a_microbenchmark_is_refused() -> None:
    micro = asked.methodology("20", kind="microbenchmark")
    assert "R-05" in refusals(answer(requirement(micro), [cited(offered(kind="microbenchmark"))]))


REFUSED = [
    (cited(measured_by=None), "R-20"),
    (cited(standing=Standing(state="withdrawn")), "R-25"),
    (cited(standing=Standing(state="superseded")), "R-25"),
    (cited(standing=Standing(validity="invalid", grade="claimed")), "R-25"),
    (cited(standing=Standing(excluded_by=2)), "R-25"),
    (cited(standing=Standing(grade="claimed")), "R-50"),
    (cited(run={"nonce": None}), "undeclared"),
    (cited(run={"methodology_sha256": "d" * 64}), "R-23"),
]


@pytest.mark.parametrize(("one", "code"), REFUSED, ids=[f"{code}-{place}" for place, (_, code) in enumerate(REFUSED)])
def test_a_run_that_may_not_be_cited_is_refused_with_its_reason(one: Cited, code: str) -> None:
    found = answer(requirement(), [one])
    assert found.answer == "no_evidence" and refusals(found)[code] == one.digest and found.runs == ()


def test_a_run_of_another_workload_is_refused() -> None:
    wanted = requirement(workload__model_sha256="e" * 64)
    assert "R-04" in refusals(answer(wanted, [cited()]))


def test_a_refusal_names_the_successor() -> None:
    found = answer(requirement(), [cited(standing=Standing(state="superseded"), successor="f" * 64)])
    assert [one.successor for one in found.refused if one.code == "R-25"] == ["f" * 64]


def test_a_refused_run_takes_no_part_in_the_answer() -> None:
    bad = cited(offered(service_ns=SLOW), name="bad", standing=Standing(state="withdrawn"))
    found = answer(requirement(), [cited(), bad])
    assert found.answer == "meets" and found.runs == (cited().digest,) and refusals(found) == {"R-25": bad.digest}


def test_an_answer_below_the_grade_floor_is_no_answer() -> None:
    wanted = requirement(grade_floor="validated")
    assert judged(cited(), wanted) == "no_evidence" and judged(cited(standing=Standing(grade="validated")), wanted) == "meets"


def test_each_configuration_is_a_candidate_of_its_own() -> None:
    other = cited(offered(what=grown.executor(hw__product_name=seen("other"))), name="other")
    with pytest.raises(ValueError, match="candidate of its own"):
        answer(requirement(), [cited(), other])


def test_a_run_under_the_methodology_that_comes_with_lynxweb_answers_a_requirement() -> None:
    told = asked.builtin_evidence()
    one = cited(told)
    one = replace(one, side=replace(one.side, quality=asked.builtin_quality(told)))
    level = {"metric": "latency_p99@1", "percentile_permille": 990, "limit_ns": 2 * MS}
    cell = {"task": "digits", "metric": "agreement", "slice": "all", "min": "0.98", "min_ratio_ppm": None}
    found = answer(requirement(told.how, slo=level, rate_milli_per_s=500_000, quality_min=[cell]), [one])
    assert (found.answer, codes(found)) == ("meets", {"met-by-certificate", "quality-met"})
    assert answer(requirement(told.how, slo=level, rate_milli_per_s=500_001, quality_min=[cell]), [one]).answer == "no_evidence"
