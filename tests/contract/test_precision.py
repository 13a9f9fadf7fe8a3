"""The precision block: one filler, a closed table of formats, and a label that nobody types."""

from __future__ import annotations

import pytest

from runner.contract.executor import Executor, Quantization, build
from runner.contract.fields import AnyField, Flag, Text, Whole, Words, facts
from runner.contract.precision import NUMERIC_FORMATS, QUANTIZATION_LEAVES, REGIMES, fill, label
from runner.contract.problems import Problems


def recipe(**changes: AnyField) -> dict[str, AnyField]:
    told = Text(value="static-minmax", status="declared")
    leaves: dict[str, AnyField] = dict.fromkeys(QUANTIZATION_LEAVES, told)
    leaves["granularity"] = Text(value="channel", status="declared")
    leaves["symmetric"] = leaves["reduce_range"] = Flag(value=True, status="declared")
    leaves["bits"] = leaves["calibration_count"] = Whole(value=8, status="declared")
    leaves["excluded_modules"] = Words(value=(), status="declared")
    return leaves | changes


def test_every_leaf_of_the_block_but_the_loader_is_answered_for_a_network_without_tokens() -> None:
    expected = {path for path, _, _ in facts(Executor()) if path.startswith("precision.") and not path.startswith("precision.loader")}
    for regime in REGIMES:
        leaves = fill(regime, "cnn", recipe() if regime == "int8" else {})
        assert set(leaves) == expected and all(leaf.answered for leaf in leaves.values())


def test_a_network_without_tokens_has_no_cache_and_no_head() -> None:
    leaves = fill("fp32", "cnn", {})
    assert {leaves[f"precision.{name}"].status for name in ("kv_k", "kv_v", "embeddings", "lm_head")} == {"not_applicable"}


def test_a_family_with_tokens_leaves_cache_and_head_to_its_backend() -> None:
    assert "precision.kv_k" not in fill("fp32", "decoder", {})


def test_every_regime_is_made_of_known_formats() -> None:
    assert {name for regime in REGIMES.values() for name in (regime.weights, regime.activations, regime.accumulate)} <= set(NUMERIC_FORMATS)


def test_a_floating_point_format_is_as_wide_as_its_parts() -> None:
    parts = {name: 1 + found.exponent_bits + found.mantissa_bits for name, found in NUMERIC_FORMATS.items() if "float" in found.kind}
    assert parts == {name: NUMERIC_FORMATS[name].bits for name in parts}


def test_two_regimes_are_two_precisions() -> None:
    digests = {regime: build(fill(regime, "cnn", recipe() if regime == "int8" else {})).block_digests["precision"] for regime in REGIMES}
    assert len(set(digests.values())) == len(REGIMES)


def test_two_recipes_of_one_width_are_two_precisions() -> None:
    one, other = (build(fill("int8", "cnn", recipe(reduce_range=Flag(value=value, status="declared")))) for value in (True, False))
    assert one.block_digests["precision"] != other.block_digests["precision"]


def test_an_unknown_regime_is_refused_with_those_there_are() -> None:
    with pytest.raises(Problems, match="one of fp32, tf32, bf16, fp16, int8") as caught:
        fill("fp8", "cnn", {})
    assert caught.value.codes == ("R-10",)


def test_every_leaf_that_a_recipe_lacks_is_named_at_once() -> None:
    lacking = {name: leaf for name, leaf in recipe().items() if name not in ("method", "bits")}
    with pytest.raises(Problems) as caught:
        fill("int8", "cnn", lacking)
    assert [problem.path for problem in caught.value.problems] == ["precision.quantization.method", "precision.quantization.bits"]


def test_a_pure_regime_has_no_recipe() -> None:
    with pytest.raises(Problems, match="leave it out of fp32"):
        fill("fp32", "cnn", {"method": Text(value="static", status="declared")})


def test_the_leaves_of_a_recipe_are_those_of_the_schema() -> None:
    assert set(QUANTIZATION_LEAVES) == set(Quantization.model_fields)


@pytest.mark.parametrize(("regime", "text"), [
    ("fp32", "fp32"),
    ("tf32", "fp32 activations tf32"),
    ("bf16", "bf16"),
    ("int8", "W8A8 int8, acc int32, static-minmax per-channel"),
])  # fmt: skip
def test_the_label_follows_from_the_fields(regime: str, text: str) -> None:
    assert label(build(fill(regime, "cnn", recipe() if regime == "int8" else {})).precision) == text


def test_the_label_of_what_nobody_captured_says_so() -> None:
    assert "not_collected" in label(Executor().precision)
