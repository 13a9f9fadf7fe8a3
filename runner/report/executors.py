"""An executor document as text: every leaf by block, with its value or the reason why there is none, and where it was read."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.executor import BLOCKS, Executor, block_of
from runner.contract.fields import AnyField, facts
from runner.contract.reasons import shown
from runner.report.quantities import short
from runner.report.tables import columns

LONGEST_VALUE = 60
LONGEST_SOURCE = 44
UNLOADED = "unreadable:no-runtime-loaded"


def executor_lines(executor: Executor) -> list[str]:
    """All blocks, each under its digest."""
    lines = [f"executor {short(executor.fingerprint)}"]
    for block in BLOCKS:
        lines.append(f"{block}  {short(executor.block_digests[block])}")
        rows = [(path, _value(leaf), _cut(leaf.source, LONGEST_SOURCE)) for path, _, leaf in facts(executor) if block_of(path) == block]
        lines += columns(rows, indent="  ")
    return [*lines, *_summary(executor)]


def _summary(executor: Executor) -> Iterator[str]:
    leaves = [(path, fact, leaf) for path, fact, leaf in facts(executor)]
    known = sum(leaf.known for _, _, leaf in leaves)
    waiting = [path for path, _, leaf in leaves if leaf.status == UNLOADED]
    hidden = [path for path, fact, leaf in leaves if fact.need == "M" and leaf.status.startswith("unreadable:") and leaf.status != UNLOADED]
    yield f"{known} of {len(leaves)} facts have a value; {len(hidden)} mandatory ones could not be read"
    if waiting:
        yield f"{len(waiting)} belong to a runtime, and none is loaded: a run answers them"


def _value(leaf: AnyField) -> str:
    if not leaf.known:
        return f"({leaf.status.replace('_', ' ')})"
    return _cut(shown(leaf.value), LONGEST_VALUE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
