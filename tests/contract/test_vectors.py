"""Golden documents keep their digests: a change here is a new schema version, because old fingerprints must stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runner.contract.canonical import sha256
from runner.contract.check import number_problems
from runner.contract.decision import Decision
from runner.contract.executor import Executor
from runner.contract.fields import Document
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.requirement import Requirement
from runner.contract.run import Run
from tests.contract.grown import board, searched, stream

VECTORS = Path(__file__).parent / "vectors"
DIGESTS = json.loads((VECTORS / "digests.json").read_text(encoding="utf-8"))
GROWN = json.loads((VECTORS / "digests.semantics2.json").read_text(encoding="utf-8"))
TOLD = {"board": board, "searched": searched, "stream": stream}
MODELS: dict[str, type[Document]] = {
    "executor": Executor,
    "methodology": Methodology,
    "run": Run,
    "quality": QualityEvaluation,
    "requirement": Requirement,
    "decision": Decision,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_golden_document_is_read_and_written_to_the_same_bytes(name: str) -> None:
    content = (VECTORS / f"{name}.v1.json").read_bytes()
    assert sha256(content) == DIGESTS[name]["document"]
    assert MODELS[name].read(content).canonical() == content


def test_fingerprint_and_block_digests_of_the_golden_executor_stay() -> None:
    executor = Executor.read((VECTORS / "executor.v1.json").read_bytes())
    assert executor.fingerprint == DIGESTS["executor"]["fingerprint"]
    assert executor.block_digests == DIGESTS["executor"]["blocks"]


def test_digest_and_block_digests_of_the_golden_methodology_stay() -> None:
    methodology = Methodology.read((VECTORS / "methodology.v1.json").read_bytes())
    assert methodology.sha256 == DIGESTS["methodology"]["document"]
    assert methodology.block_digests == DIGESTS["methodology"]["blocks"]


@pytest.mark.parametrize("name", GROWN)
def test_a_golden_document_of_semantics_2_is_read_and_written_to_the_same_bytes(name: str) -> None:
    content = (VECTORS / f"{name}.json").read_bytes()
    document = MODELS[name.partition(".")[0]].read(content)
    assert sha256(content) == GROWN[name]["document"] and document.canonical() == content
    if isinstance(document, Methodology):
        assert document.sha256 == GROWN[name]["document"] and document.block_digests == GROWN[name]["blocks"]


@pytest.mark.parametrize("name", TOLD)
def test_the_numbers_of_a_golden_run_still_follow_from_its_rows(name: str) -> None:
    """A change here is another meaning of a number: a new `measurement_semantics`, so that old runs stay comparable with old ones."""
    run = Run.read((VECTORS / f"run.{name}.semantics2.json").read_bytes())
    how = Methodology.read((VECTORS / f"methodology.{name}.semantics2.json").read_bytes())
    found = replace(TOLD[name]().evidence, run=run, methodology=how)
    assert list(number_problems(found)) == []
