"""Golden documents keep their digests: a change here is a new schema version, because old fingerprints must stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.contract.canonical import sha256
from runner.contract.executor import Executor
from runner.contract.fields import Document
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.run import Run

VECTORS = Path(__file__).parent / "vectors"
DIGESTS = json.loads((VECTORS / "digests.json").read_text(encoding="utf-8"))
MODELS: dict[str, type[Document]] = {"executor": Executor, "methodology": Methodology, "run": Run, "quality": QualityEvaluation}


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
