"""Documents are closed, frozen and complete: every error at once, each with its path; a digest changes exactly when a block does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract.canonical import encode
from runner.contract.executor import BLOCKS, OWNERS, Executor, block_of, build
from runner.contract.fields import Field, Text, facts
from runner.contract.gates import undisclosed
from runner.contract.methodology import BLOCKS as METHODOLOGY_BLOCKS
from runner.contract.methodology import Methodology
from runner.contract.problems import Problems
from tests.builders import absent, executor, methodology, methodology_tree, seen

paths = [path for path, fact, _ in facts(Executor()) if fact.role == "F"]


def test_an_executor_survives_the_way_to_bytes_and_back() -> None:
    assert Executor.read(executor().canonical()) == executor()


def test_every_leaf_has_a_layer_that_somebody_owns() -> None:
    assert {fact.layer for _, fact, _ in facts(Executor())} <= OWNERS.keys()


@settings(deadline=None)
@given(st.sampled_from(paths))
def test_a_changed_leaf_changes_its_own_block_and_no_other(path: str) -> None:
    before, after = executor(), executor(**{path.replace(".", "__"): absent("unreadable:no-call")})
    changed = {block for block in BLOCKS if before.block_digests[block] != after.block_digests[block]}
    assert changed == {block_of(path)}
    assert before.fingerprint != after.fingerprint


def test_another_source_or_reason_makes_no_other_executor() -> None:
    observed = executor(host__cpu_governor=Text(value="performance", status="observed", source="/sys"))
    declared = executor(host__cpu_governor=Text(value="performance", status="declared", source="a person"))
    assert observed.fingerprint == declared.fingerprint
    hidden = executor(host__cpu_governor=absent("unreadable:hidden-in-container"))
    missing = executor(host__cpu_governor=absent("unreadable:no-such-file"))
    assert hidden.fingerprint == missing.fingerprint != observed.fingerprint


def test_state_and_identity_stay_outside_the_fingerprint() -> None:
    assert executor().fingerprint == executor(host__boot=seen("other"), host__machine=seen("other"), hw__uuid=seen("other")).fingerprint


def test_a_value_without_a_status_that_carries_one_is_refused() -> None:
    with pytest.raises(ValueError, match="present exactly when"):
        Text(value="x", status="unreadable:no-such-file")
    with pytest.raises(ValueError, match="present exactly when"):
        Text(status="observed")


def test_a_number_is_never_read_from_text_nor_a_boolean_as_a_number() -> None:
    for wrong in ("1", True):
        with pytest.raises(ValueError):
            Field[int](value=wrong, status="observed")


def test_a_mandatory_leaf_that_nobody_answered_is_named_and_an_unreadable_one_is_an_answer() -> None:
    silent = executor(host__cpu__model=absent("not_collected"), hw__ecc_enabled=absent("unreadable:no-such-call"))
    assert [problem.path for problem in undisclosed(silent, "executor")] == ["executor.host.cpu.model"]


def test_an_unknown_path_is_refused_when_an_executor_is_built() -> None:
    with pytest.raises(ValueError, match="cuda_version"):
        build({"sw.cuda_version": seen("12")})


def test_all_errors_of_a_methodology_are_told_at_once_with_their_paths() -> None:
    tree = methodology_tree(load__seed="-1", workload__n_samples=0, protocol__min_trials="3")
    with pytest.raises(Problems) as caught:
        Methodology.read(encode(tree))
    assert {problem.path for problem in caught.value.problems} == {"load.seed", "workload.n_samples", "protocol.min_trials"}


@pytest.mark.parametrize("metric", ["gpu_util@1", "cpu_util@1"])
def test_utilisation_cannot_be_a_primary_metric(metric: str) -> None:
    with pytest.raises(Problems) as caught:
        methodology(primary_metric=metric, metrics__definitions=["latency_p50@1", metric])
    assert caught.value.codes == ("utilisation-as-primary",)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"protocol__min_duration_ns": 10**9}, "floors of kind quick"),
        ({"protocol__min_trials": 2}, "floors of kind quick"),
        ({"kind": "inference"}, "floors of kind inference"),
        ({"load__concurrency": None}, "closed loop"),
        ({"load__loop": "open"}, "open loop"),
        ({"load__rate_per_s": "1e3"}, "pattern"),
        ({"primary_metric": "latency_p95@1"}, "among metrics"),
        ({"primary_metric": "speed@1"}, "unknown metric"),
        ({"kind": "benchmark"}, "kind"),
        ({"runner_versions": "latest"}, "no range of versions"),
        ({"metrics__definitions": ["latency_p50@1", "cpu_util@1"]}, "not computed from samples"),
        ({"metrics__definitions": ["latency_p50@1", "latency_p50@1"]}, "each definition once"),
        ({"slo__metric": "speed", "slo__permille": 990, "slo__limit_ns": 1}, "slo.metric"),
        ({"quality__metrics": ["bleu"]}, "accuracy"),
        ({"primary_metric": "latency_p99@1"}, "quick look"),
        ({"protocol__energy__scope": "gpu_board"}, "no energy"),
    ],
)
def test_a_methodology_that_contradicts_itself_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(Problems, match=word):
        methodology(**changes)


def test_prose_is_outside_every_block_and_blocks_are_independent() -> None:
    plain = methodology()
    assert plain.block_digests == methodology(title="Other", limitations=["many"], name="other", version=9).block_digests
    assert plain.sha256 != methodology(title="Other").sha256
    changed = methodology(protocol__latency__origin="sent")
    assert {block for block in METHODOLOGY_BLOCKS if plain.block_digests[block] != changed.block_digests[block]} == {"protocol.latency"}


@pytest.mark.parametrize(
    ("scope", "method"), [("wall_ac", "nvml_counter"), ("cpu_package", "nvml_counter"), ("gpu_board", "rapl"), ("gpu_board", "none")]
)
def test_energy_by_a_method_that_cannot_see_its_scope_is_refused(scope: str, method: str) -> None:
    asked = {"kind": "microbenchmark", "protocol__energy": {"scope": scope, "method": method, "idle_subtraction": False}}
    with pytest.raises(Problems, match="can be measured"):
        methodology(**asked, protocol__measurement_semantics=2)
    methodology(**asked)


def test_net_energy_without_a_rest_is_refused() -> None:
    board = {"scope": "gpu_board", "method": "nvml_counter", "idle_subtraction": True}
    with pytest.raises(Problems, match="needs a rest"):
        methodology(kind="microbenchmark", protocol__energy=board, protocol__measurement_semantics=2)


@pytest.mark.parametrize("shape", ["sweep", "sustained"])
def test_a_document_from_before_the_measurement_core_keeps_its_shape(shape: str) -> None:
    assert methodology(shape=shape).shape == shape
    with pytest.raises(Problems):
        methodology(shape=shape, protocol__measurement_semantics=2)
