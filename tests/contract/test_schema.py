"""The published schemas are those of the models."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from runner.contract.schema import schemas
from tests.builders import executor, methodology, methodology_tree, quality, run, samples
from tests.contract.asked import decision_tree, requirement_tree

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"


def test_the_docs_publish_the_schemas_of_the_models() -> None:
    """Run `python -m runner.contract.schema docs/schemas` after a change of a document."""
    assert {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.glob("*.json")} == schemas()


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("finding.v1", {"code": "undeclared", "path": "run.nonce", "seen": "no declaration"}),
        ("executor.v1", executor().model_dump(mode="json")),
        ("methodology.v1", methodology_tree()),
        ("quality.v1", quality(methodology(), executor()).model_dump(mode="json")),
        ("requirement.v1", requirement_tree()),
        ("decision.v1", decision_tree()),
        ("run.v1", run(samples(), methodology(), executor()).model_dump(mode="json")),
    ],
)
def test_valid_documents_pass_their_schema_and_one_more_key_does_not(name: str, document: dict[str, object]) -> None:
    schema = json.loads(schemas()[f"{name}.schema.json"])
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "speed": 1}, schema)
