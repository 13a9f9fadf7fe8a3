"""`compare()` gives every reason, is symmetric, refuses without numbers and never turns a refusal into permission by knowing less."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.contract.comparability import comparability_key, compare, nearest, request_digest
from runner.contract.executor import Executor
from runner.contract.fields import facts
from runner.contract.policies import ISO_PRECISION, PRECISION_STUDY
from runner.contract.reasons import Context, Side, Standing
from tests.builders import absent, executor, methodology, samples, seen, side

POLICIES = [ISO_PRECISION, PRECISION_STUDY]
INT8 = {"precision__weights": seen("int8"), "precision__activations": seen("int8"), "precision__accumulate": seen("int32")}
paths = [path for path, fact, _ in facts(Executor()) if fact.role == "F"]


def codes(a: Side, b: Side, policy: Any = ISO_PRECISION, context: Context | None = None) -> list[tuple[str, str]]:
    return [(reason.code, reason.path) for reason in compare(a, b, policy, context).reasons]


def test_a_run_is_comparable_with_itself_under_iso_precision() -> None:
    a = side("a")
    assert compare(a, a, ISO_PRECISION).verdict == "comparable"


def test_a_precision_study_of_one_precision_has_nothing_to_study() -> None:
    assert codes(side("a"), side("b"), PRECISION_STUDY) == [("R-28", "policy.subject")]


def test_another_runtime_is_a_declared_difference_under_iso_precision() -> None:
    other = side("b", what=executor(sw__runtime__name=seen("torch-eager")))
    judged = compare(side("a"), other, ISO_PRECISION)
    assert judged.verdict == "comparable_with_declared_differences"
    assert [(found.path, found.a, found.b) for found in judged.declared] == [("executor.sw.runtime.name", "onnxruntime", "torch-eager")]


def test_another_precision_is_refused_under_iso_precision_and_studied_under_precision_study() -> None:
    a, b = side("a"), side("b", what=executor(**INT8))
    refused = compare(a, b, ISO_PRECISION)
    assert refused.verdict == "not_comparable"
    assert {(reason.code, reason.path) for reason in refused.reasons} == {("R-42", f"executor.{path.replace('__', '.')}") for path in INT8}
    assert compare(a, b, PRECISION_STUDY).verdict == "comparable"


def test_one_label_with_two_accumulators_is_named_as_a_numerical_scheme() -> None:
    assert codes(side("a"), side("b", what=executor(precision__accumulate=seen("fp16")))) == [("R-11", "executor.precision.accumulate")]


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"kind": "microbenchmark"}, "R-06", "methodology.kind"),
        ({"kind": "training"}, "R-02", "methodology.kind"),
        ({"kind": "burn_in"}, "R-03", "methodology.kind"),
        ({"protocol__warmup_min_requests": 9}, "R-23", "methodology.protocol.warmup_min_requests"),
        ({"workload__sampling_seed": "8"}, "R-23", "methodology.workload.sampling_seed"),
        ({"protocol__measurement_semantics": 2}, "R-23", "methodology.protocol.measurement_semantics"),
        ({"load__seed": "8"}, "R-15", "methodology.load.seed"),
        ({"protocol__latency__origin": "sent"}, "R-16", "methodology.protocol.latency.origin"),
        ({"quality__suite_version": 2}, "R-31", "methodology.quality.suite_version"),
        ({"primary_metric": "throughput@1"}, "R-21", "methodology.primary_metric"),
    ],
)
def test_a_methodology_that_differs_is_refused_under_its_code(changes: dict[str, Any], code: str, path: str) -> None:
    assert (code, path) in codes(side("a"), side("b", how=methodology(**changes)))


def test_two_searches_that_ended_at_other_rates_are_refused_and_show_no_number() -> None:
    a, b = side("a"), side("b")
    point = b.run.operating_points[0].model_copy(update={"rate_per_s": "250"})
    moved = replace(b, run=b.run.model_copy(update={"operating_points": (point,)}))
    assert ("R-15", "run.operating_points.p0") in codes(a, moved)
    assert compare(a, moved, ISO_PRECISION).allowed is False
    assert compare(a, b, ISO_PRECISION).allowed is True


def test_closed_against_open_loop_is_refused_as_a_load_model() -> None:
    open_loop = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None, "load__rate_per_s": "100"}
    found = codes(side("a"), side("b", how=methodology(**open_loop)))
    assert {path for code, path in found if code == "R-15"} == {
        "methodology.load.loop", "methodology.load.process", "methodology.load.concurrency", "methodology.load.rate_per_s",
    }  # fmt: skip


def test_titles_and_names_never_refuse() -> None:
    assert compare(side("a"), side("b", how=methodology(title="Other", name="other", version=4)), ISO_PRECISION).verdict == "comparable"


def test_two_unknowns_are_no_match_across_machines_and_a_declared_unknown_on_one_boot() -> None:
    hidden = {"host__epp": absent("unreadable:no-such-file")}
    a, b = side("a", what=executor(**hidden)), side("b", what=executor(**hidden, **INT8))
    allowed = compare(a, b, PRECISION_STUDY)
    assert allowed.verdict == "comparable" and "executor.host.epp" in {found.path for found in allowed.unknown}
    rebooted = side("b", what=executor(**hidden, **INT8), boot="6" * 64)
    assert codes(a, rebooted, PRECISION_STUDY) == [("R-27", "executor.host.epp")]
    assert compare(a, rebooted, PRECISION_STUDY).verdict == "insufficient_evidence"


def test_unknown_numerics_are_never_forgiven_not_even_on_one_boot() -> None:
    hidden = executor(precision__weights=absent("unreadable:no-call"))
    assert codes(side("a", what=hidden), side("b", what=hidden)) == [("R-27", "executor.precision.weights")]


def test_unknown_on_one_side_alone_never_permits() -> None:
    a, b = side("a"), side("b", what=executor(precision__sparsity=absent("unreadable:no-call")))
    assert codes(a, b) == [("R-27", "executor.precision.sparsity")]


def test_fallback_operators_refuse_until_somebody_acknowledges_them() -> None:
    a, b = side("a"), side("b", what=executor(sw__runtime__fallback_ops=seen(3)))
    assert ("R-12", "executor.sw.runtime.fallback_ops") in codes(a, b)
    acknowledged = compare(a, b, ISO_PRECISION, Context(acknowledged=frozenset({"R-12"})))
    assert acknowledged.verdict == "comparable_with_declared_differences"


def test_standing_and_grade_come_last_and_contract_reasons_are_still_told() -> None:
    a, b = side("a"), side("b", what=executor(**INT8))
    context = Context({b.digest: Standing(validity="invalid", grade="claimed")})
    assert [code for code, _ in codes(a, b, context=context)][-2:] == ["R-25", "R-50"]
    assert "R-42" in {code for code, _ in codes(a, b, context=context)}


@pytest.mark.parametrize("state", ["withdrawn", "superseded"])
def test_a_run_that_does_not_stand_is_refused(state: Any) -> None:
    a, b = side("a"), side("b")
    assert codes(a, b, context=Context({a.digest: Standing(state=state)})) == [("R-25", "run.standing")]


def test_a_run_that_a_ruling_excludes_is_refused_by_its_number() -> None:
    a, b = side("a"), side("b")
    found = compare(a, b, ISO_PRECISION, Context({a.digest: Standing(excluded_by=7)})).reasons
    assert [(one.code, one.a, one.b) for one in found] == [("R-25", "excluded by ruling 7", "standing")]


def test_the_same_raw_bytes_behind_two_runs_are_refused() -> None:
    a = side("a")
    assert codes(a, replace(side("b"), samples_sha256=a.samples_sha256)) == [("R-29", "bundle.samples.parquet")]


def test_quality_on_one_side_is_declared_under_iso_precision_and_missing_under_a_precision_study() -> None:
    a, b = side("a"), side("b", flips=None)
    assert [found.path for found in compare(a, b, ISO_PRECISION).declared] == ["quality"]
    assert ("R-34", "quality") in codes(a, side("b", what=executor(**INT8), flips=None), PRECISION_STUDY)


def test_two_trials_of_three_are_too_few() -> None:
    assert ("R-24", "run.trials") in codes(side("a"), side("b", table=samples(trials=2)))


def test_a_withheld_primary_metric_is_too_few() -> None:
    how = methodology(kind="microbenchmark", primary_metric="latency_p99@1")
    assert ("R-24", "run.metrics.latency_p99@1") in codes(side("a", how=how), side("b", how=how, table=samples(requests=300)))


def test_another_instance_is_declared_under_iso_precision_and_refused_in_a_precision_study() -> None:
    assert [found.path for found in compare(side("a"), side("b", instance="6" * 64), ISO_PRECISION).declared] == ["run.instance"]
    assert ("R-42", "run.instance") in codes(side("a"), side("b", what=executor(**INT8), instance="6" * 64), PRECISION_STUDY)


def test_battery_against_mains_is_another_regime() -> None:
    a = side("a", power_source=seen("ac").model_dump())
    assert codes(a, side("b", power_source=seen("battery").model_dump())) == [("R-14", "run.power_source")]


def test_a_regime_that_the_methodology_does_not_ask_for_is_declared_and_one_it_asks_for_refuses() -> None:
    cold, steady = seen("cold").model_dump(), seen("steady").model_dump()
    judged = compare(side("a", thermal_regime=cold), side("b", thermal_regime=steady), ISO_PRECISION)
    assert [found.path for found in judged.declared] == ["run.thermal_regime"]
    how = methodology(protocol__required_thermal_regime="steady")
    assert codes(side("a", how=how, thermal_regime=cold), side("b", how=how, thermal_regime=steady)) == [("R-14", "run.thermal_regime")]
    assert codes(side("a", how=how), side("b", how=how)) == [("R-27", "run.thermal_regime")]


def test_a_power_source_known_on_one_side_alone_is_missing_evidence() -> None:
    a = side("a", power_source=seen("ac").model_dump())
    assert codes(a, side("b", power_source=absent("unreadable:no-such-file").model_dump())) == [("R-27", "run.power_source")]


def test_another_runner_version_party_or_availability_is_declared() -> None:
    build = {"version": "0.2.0", "commit": "abcdef0", "dirty": False, "measurement_semantics": 1}
    judged = compare(side("a"), side("b", runner=build, measuring_party="vendor", availability="preview"), ISO_PRECISION)
    assert [found.path for found in judged.declared] == ["run.runner.version", "run.measuring_party", "run.availability"]


def test_the_stated_change_is_that_of_the_stated_values() -> None:
    metric = compare(side("a", table=samples(seed=1)), side("b", table=samples(seed=2, scale_ppm=1_300_000)), ISO_PRECISION).metrics[0]
    assert metric.ratio is not None and abs(float(metric.ratio) - float(metric.b.value) / float(metric.a.value)) < 1e-4


def test_fewer_than_five_trials_give_values_but_no_outcome() -> None:
    judged = compare(side("a", table=samples(trials=3)), side("b", table=samples(trials=3, scale_ppm=1_500_000)), ISO_PRECISION)
    assert judged.allowed and {metric.outcome for metric in judged.metrics} == {"needs_trials"}
    assert "2 more trials" in judged.metrics[0].sentence
    assert judged.metrics[0].change_percent is None and judged.metrics[0].change_low_percent


def test_an_inconclusive_effect_has_an_interval_and_no_point_estimate() -> None:
    wide = samples(seed=1)
    start = wide.trial * 10**10
    factor = 10 + wide.trial * 2
    slower = replace(
        wide,
        t_scheduled_ns=start + (wide.t_scheduled_ns - start) * factor // 14,
        t_sent_ns=start + (wide.t_scheduled_ns - start) * factor // 14 + 100,
        t_last_ns=start + (wide.t_last_ns - start) * factor // 14,
    )
    metric = compare(side("a"), side("b", table=slower), ISO_PRECISION).metrics[0]
    assert (metric.outcome, metric.ratio, metric.change_percent) == ("inconclusive", None, None)
    assert float(metric.change_low_percent) < 0 < float(metric.change_high_percent)


def test_a_slower_side_is_worse_by_the_factor_it_is_slower() -> None:
    judged = compare(side("a", table=samples(seed=1)), side("b", table=samples(seed=2, scale_ppm=1_100_000)), ISO_PRECISION)
    latency = judged.metrics[0]
    assert latency.definition == "latency_p50@1" and latency.outcome == "worse"
    assert float(latency.change_low_percent) < -9 < 0 and -11 < float(latency.change_percent or 0) < -9
    throughput = next(metric for metric in judged.metrics if metric.definition == "throughput@1")
    assert throughput.outcome == "worse" and -10 < float(throughput.change_percent or 0) < -8


def test_equal_executors_show_no_material_difference() -> None:
    judged = compare(side("a", table=samples(seed=1)), side("b", table=samples(seed=2)), ISO_PRECISION)
    assert judged.metrics[0].outcome == "no_material_difference"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(paths), st.sampled_from(["value", "unreadable:x", "not_applicable", "not_collected"]), st.sampled_from(POLICIES))
def test_the_verdict_is_symmetric_and_reasons_mirror_each_other(path: str, change: str, policy: Any) -> None:
    leaf = {place: found for place, _, found in facts(executor())}[path]
    assume(leaf.known or change != "value")
    changed = absent(change) if change != "value" else type(leaf)(value=_other(leaf.value), status="observed", source="")
    a, b = (
        side("a", what=executor(**INT8)),
        side("b", what=executor(**({} if policy is PRECISION_STUDY else INT8) | {path.replace(".", "__"): changed})),
    )
    there, back = compare(a, b, policy), compare(b, a, policy)
    assert there.verdict == back.verdict
    assert [(r.code, r.path, r.a, r.b) for r in there.reasons] == [(r.code, r.path, r.b, r.a) for r in back.reasons]
    assert there.allowed or there.reasons


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(paths), st.sampled_from(["unreadable:x", "not_collected"]), st.sampled_from(POLICIES), st.sampled_from(paths))
def test_knowing_less_on_one_side_never_turns_a_refusal_into_permission(path: str, status: str, policy: Any, hidden: str) -> None:
    leaf = {place: found for place, _, found in facts(executor())}[path]
    assume(leaf.known)
    changes = {path.replace(".", "__"): type(leaf)(value=_other(leaf.value), status="observed", source="")}
    a, b = side("a"), side("b", what=executor(**(INT8 | changes)))
    less = side("b", what=executor(**(INT8 | changes | {hidden.replace(".", "__"): absent(status)})))
    if not compare(a, b, policy).allowed:
        assert not compare(a, less, policy).allowed


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return {int: lambda: value + 1, str: lambda: value + "y", tuple: lambda: (*value, "y"), dict: lambda: {**value, "y": next(iter(value.values()))}}[
        type(value)
    ]()


def test_a_refused_comparison_carries_no_number_of_the_pair() -> None:
    a, b = side("a"), side("b", what=executor(**INT8), table=samples(seed=5, scale_ppm=1_234_567))
    told = json.dumps(compare(a, b, ISO_PRECISION).as_dict())
    for one in (a, b):
        for point in one.run.operating_points:
            for metric in point.metrics:
                for number in (metric.value, metric.ci_low, metric.ci_high, *metric.trial_values):
                    assert number is None or not re.search(rf"(?<![0-9a-f.]){re.escape(number)}(?![0-9a-f.])", told)
    assert compare(a, b, ISO_PRECISION).metrics == () and "metrics" not in compare(a, b, ISO_PRECISION).as_dict()


def test_the_nearest_run_has_the_fewest_reasons() -> None:
    a, near, far = side("a"), side("b"), side("c", what=executor(**INT8), how=methodology(load__seed="9"))
    assert [found.b.digest for found in nearest(a, [far, near, a], ISO_PRECISION)] == [near.digest, far.digest]


def test_runs_that_must_match_share_a_key_and_others_do_not() -> None:
    a, b = side("a"), side("b", what=executor(sw__runtime__name=seen("torch-eager")))
    assert comparability_key(a, ISO_PRECISION) == comparability_key(b, ISO_PRECISION)
    assert comparability_key(a, ISO_PRECISION) != comparability_key(side("c", what=executor(**INT8)), ISO_PRECISION)
    assert comparability_key(a, PRECISION_STUDY) != comparability_key(b, PRECISION_STUDY)


def test_a_permalink_pins_both_runs_policy_and_acknowledgements() -> None:
    pins = {request_digest("1", "2", policy, acknowledged) for policy in POLICIES for acknowledged in ((), ("R-12",))}
    assert len(pins | {request_digest("2", "1", ISO_PRECISION)}) == 5


def test_trials_that_measure_nothing_do_not_count_as_trials() -> None:
    b = side("b")
    trials = tuple(trial.model_copy(update={"purpose": "repeat-one-sample"}) if trial.index > 1 else trial for trial in b.run.trials)
    assert ("R-24", "run.trials") in codes(side("a"), replace(b, run=b.run.model_copy(update={"trials": trials})))
