"""An executor document as rows of a page: every field with its status and source, by block, and the short tuple that names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lynxweb.words import formatting
from lynxweb.words.wording import BLOCKS as TITLES
from lynxweb.words.wording import NOT_DECLARED, Chip, status_chip
from runner.contract.executor import BLOCKS, OWNERS, Executor, block_of
from runner.contract.fields import AnyField, facts

ROLES: Final = {"F": "fingerprint", "I": "instance", "S": "state", "N": "nameplate"}
NEEDS: Final = {"M": "mandatory", "C": "conditional", "O": "optional"}
FREQUENCIES: Final = (("GHz", 10**6), ("MHz", 10**3), ("kHz", 1))


@dataclass(frozen=True)
class FieldRow:
    """One leaf: its value as text or as pairs, never without its status; `exact` is the stored value where the text is rounded."""

    path: str
    name: str
    text: str
    pairs: tuple[tuple[str, str], ...]
    exact: str
    status: Chip
    undeclared: bool
    source: str
    role: str
    need: str
    layer: str
    owner: str


@dataclass(frozen=True)
class Block:
    """One block of the document with its digest and fields."""

    name: str
    title: str
    digest: str
    rows: tuple[FieldRow, ...]

    @property
    def unknown(self) -> int:
        """How many mandatory fields of this block could not be read."""
        return sum(row.status.tone in ("warn", "bad") and row.need == "mandatory" for row in self.rows)


def blocks(executor: Executor) -> tuple[Block, ...]:
    """Every block in schema order with every leaf that belongs to it."""
    rows = [row(path, leaf, fact.role, fact.need, fact.layer) for path, fact, leaf in facts(executor)]
    digests = executor.block_digests
    return tuple(Block(name, TITLES[name], digests[name], tuple(one for one in rows if block_of(one.path) == name)) for name in BLOCKS)


def row(path: str, leaf: AnyField, role: str, need: str, layer: str) -> FieldRow:
    """The row of one leaf."""
    block = block_of(path)
    pairs = tuple((name, str(inner)) for name, inner in sorted(leaf.value.items())) if isinstance(leaf.value, dict) else ()
    text = "" if pairs else field_text(path, leaf)
    exact = str(leaf.value) if isinstance(leaf.value, int) and not isinstance(leaf.value, bool) and text != str(leaf.value) else ""
    owner = OWNERS.get(layer, "")
    return FieldRow(
        path, path.removeprefix(f"{block}."), text, pairs, exact, status_chip(leaf.status),
        leaf.status == f"unreadable:{NOT_DECLARED}", leaf.source, ROLES[role], NEEDS[need], layer, owner,
    )  # fmt: skip


def field_text(path: str, leaf: AnyField) -> str:
    """The value of a leaf in words and units; a dash where there is none."""
    value = leaf.value
    if value is None:
        return formatting.DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _quantity(path, value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={inner}" for name, inner in sorted(value.items())) or "none"
    if isinstance(value, tuple):
        return ", ".join(str(inner) for inner in value) or "none"
    return value or "(empty text)"


def _quantity(path: str, value: int) -> str:
    parts = path.split(".")
    unit = next((part.rsplit("_", 1)[-1] for part in reversed(parts) if "_" in part), "")
    if unit == "bytes":
        return formatting.size(value)
    if unit == "khz":
        name, divisor = next((pair for pair in FREQUENCIES if abs(value) >= pair[1]), FREQUENCIES[-1])
        return f"{value / divisor:g}{formatting.GAP}{name}"
    if unit == "ns":
        return formatting.duration(value)
    if unit == "ppm":
        return formatting.percent(value)
    if unit in ("mw", "mc"):
        return f"{value / 1000:g}{formatting.GAP}{'W' if unit == 'mw' else '°C'}"
    return formatting.whole(value)


def unreadable(executor: Executor) -> tuple[FieldRow, ...]:
    """The mandatory fields that could not be read, each with its reason as status."""
    return tuple(one for block in blocks(executor) for one in block.rows if one.need == "mandatory" and one.status.tone in ("warn", "bad"))


def tuple_of(executor: Executor) -> tuple[tuple[str, str], ...]:
    """The executor in seven short lines, each from observed fields, so that two of them can be read side by side."""
    hw, host, sw, precision, serving = executor.hw, executor.host, executor.sw, executor.precision, executor.serving
    return (
        ("Accelerator", "none (processor only)" if hw.vendor.value == "cpu_only" else joined(hw.vendor, hw.product_name)),
        ("Processor", f"{text(host.cpu.model)}, {text(host.cpu.cores)} cores, {text(host.cpu.threads)} threads"),
        ("System", joined(sw.os.id, sw.os.version, sw.kernel_release)),
        ("Framework", joined(sw.framework.name, sw.framework.version)),
        ("Runtime", f"{joined(sw.runtime.name, sw.runtime.version)} ({text(sw.runtime.providers)})"),
        ("Precision", precision_label(executor)),
        ("Numerics", f"weights {text(precision.weights)}, activations {text(precision.activations)}, accumulate {text(precision.accumulate)}"),
        ("Serving", f"{text(serving.batch_policy)} batching, {text(serving.threads_intra)} intra-op, {text(serving.threads_inter)} inter-op threads"),
    )


def precision_label(executor: Executor) -> str:
    """The regime in a word: weights alone where weights and activations agree, both otherwise."""
    weights, activations = text(executor.precision.weights), text(executor.precision.activations)
    return weights if weights == activations else f"{weights} weights, {activations} activations"


def runtime_label(executor: Executor) -> str:
    """Runtime with version and precision: how a page names one side."""
    return f"{joined(executor.sw.runtime.name, executor.sw.runtime.version)} · {precision_label(executor)}"


def joined(*leaves: AnyField) -> str:
    """The texts of leaves, one after the other; those that are not applicable are left out."""
    return " ".join(text(leaf) for leaf in leaves if leaf.status != "not_applicable") or "not applicable"


def text(leaf: AnyField) -> str:
    """A leaf in running text: its value, or its status in words."""
    return field_text("", leaf) if leaf.known else status_chip(leaf.status).text
