"""Numeric formats and the one filler of the precision block: equal regimes give equal digests whatever runtime executes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from runner.contract.executor import Precision, Quantization
from runner.contract.fields import AnyField, Text
from runner.contract.problems import Problem, Problems


@dataclass(frozen=True)
class NumericFormat:
    """One format: bits an element; exponent and mantissa bits where it is a floating-point one; elements that share a scale, 0 for none."""

    kind: Literal["float", "integer", "block_float", "codebook"]
    bits: int
    exponent_bits: int = 0
    mantissa_bits: int = 0
    block: int = 0


# IEEE 754 for fp32 and fp16, the OCP specifications for 8-bit floats and the mx formats, the vendor's text for tf32 and nvfp4, QLoRA for nf4.
# tf32 is stored in 32 bits and multiplied with 19; block scales come on top of the bits of an element.
NUMERIC_FORMATS: Mapping[str, NumericFormat] = {
    "fp32": NumericFormat("float", 32, 8, 23),
    "tf32": NumericFormat("float", 19, 8, 10),
    "bf16": NumericFormat("float", 16, 8, 7),
    "fp16": NumericFormat("float", 16, 5, 10),
    "fp8_e4m3": NumericFormat("float", 8, 4, 3),
    "fp8_e5m2": NumericFormat("float", 8, 5, 2),
    "fp4_e2m1": NumericFormat("float", 4, 2, 1),
    "mxfp8": NumericFormat("block_float", 8, 4, 3, 32),
    "mxfp4": NumericFormat("block_float", 4, 2, 1, 32),
    "nvfp4": NumericFormat("block_float", 4, 2, 1, 16),
    "int32": NumericFormat("integer", 32),
    "int8": NumericFormat("integer", 8),
    "int4": NumericFormat("integer", 4),
    "nf4": NumericFormat("codebook", 4, block=64),
}


@dataclass(frozen=True)
class Regime:
    """What a regime's name stands for: formats of weights, activations and accumulator, and the scheme."""

    weights: str
    activations: str
    accumulate: str
    scheme: Literal["pure", "autocast", "static_mixed", "weight_only_quant", "w_a_quant", "qat"]


# The accumulator is declared: no runtime reports it, its kernels' documentation does.
REGIMES: Mapping[str, Regime] = {
    "fp32": Regime("fp32", "fp32", "fp32", "pure"),
    "tf32": Regime("fp32", "tf32", "fp32", "pure"),
    "bf16": Regime("bf16", "bf16", "fp32", "pure"),
    "fp16": Regime("fp16", "fp16", "fp32", "pure"),
    "int8": Regime("int8", "int8", "int32", "w_a_quant"),
}
# Families without tokens have no cache, no embeddings and no language-model head; other families leave those leaves to their backend.
FAMILIES_WITHOUT_TOKENS = ("cnn", "mlp")
TOKEN_LEAVES = ("kv_k", "kv_v", "embeddings", "lm_head")
QUANTIZATION_LEAVES = tuple(Quantization.model_fields)


def fill(regime: str, family: str, quantization: Mapping[str, AnyField]) -> dict[str, AnyField]:
    """The leaves `precision.*` without `precision.loader.*` of `regime` for a model family.

    `quantization` maps leaf names such as `method` to fields: every leaf for a quantised regime, none for a pure one. Raises `Problems`.
    """
    if regime not in REGIMES:
        raise Problems([Problem("precision", regime, f"one of {', '.join(REGIMES)}", "name a regime of the table or add it there", "R-10")])
    meant, source = REGIMES[regime], f"precision regime {regime}"
    leaves: dict[str, AnyField] = {
        f"precision.{name}": Text(value=getattr(meant, name), status="declared", source=source)
        for name in ("weights", "activations", "accumulate", "scheme")
    }
    leaves["precision.sparsity"] = Text(value="none", status="declared", source=source)
    if family in FAMILIES_WITHOUT_TOKENS:
        leaves.update((f"precision.{name}", Text(status="not_applicable", source=f"family {family}")) for name in TOKEN_LEAVES)
    return leaves | _quantization(regime, meant, quantization)


def _quantization(regime: str, meant: Regime, recipe: Mapping[str, AnyField]) -> dict[str, AnyField]:
    expected = QUANTIZATION_LEAVES if meant.scheme in ("weight_only_quant", "w_a_quant", "qat") else ()
    problems = [
        Problem(f"precision.quantization.{name}", "missing", f"the recipe of {regime}", "state every leaf of the recipe", "R-10")
        for name in expected
        if name not in recipe or not recipe[name].answered
    ] + [
        Problem(f"precision.quantization.{name}", "a value", "no such leaf here", f"leave it out of {regime}", "R-10")
        for name in recipe
        if name not in expected
    ]
    if problems:
        raise Problems(problems)
    absent = Text(status="not_applicable", source=f"precision regime {regime}")
    return {f"precision.quantization.{name}": recipe.get(name, absent) for name in QUANTIZATION_LEAVES}


def label(precision: Precision) -> str:
    """The text people read, derived and never typed: `fp32`, `fp32 activations tf32`, `W8A8 int8, acc int32, static per-channel`."""
    weights, activations, accumulate = (_word(leaf) for leaf in (precision.weights, precision.activations, precision.accumulate))
    if precision.scheme.value == "pure":
        parts = [weights if weights == activations else f"{weights} activations {activations}"]
        return ", ".join(parts + ([f"acc {accumulate}"] if accumulate != "fp32" else []))
    recipe = precision.quantization
    method = " ".join(text for text in (recipe.method.value, f"per-{recipe.granularity.value}" if recipe.granularity.known else None) if text)
    return ", ".join(part for part in (_shape(weights, activations), f"acc {accumulate}", method) if part)


def _shape(weights: str, activations: str) -> str:
    both = [NUMERIC_FORMATS.get(name) for name in (weights, activations)]
    if any(found is None for found in both):
        return f"weights {weights} activations {activations}"
    bits = "".join(f"{letter}{found.bits}" for letter, found in zip("WA", both, strict=True) if found is not None)
    return f"{bits} {weights}" if weights == activations else f"{bits} {weights}/{activations}"


def _word(leaf: Text) -> str:
    return leaf.value if leaf.value is not None else leaf.status
