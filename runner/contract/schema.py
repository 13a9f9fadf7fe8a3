"""JSON Schema of every document, made from the models; `python -m runner.contract.schema FOLDER` writes them where the docs publish them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from runner.contract.bundle import Statement
from runner.contract.decision import Decision
from runner.contract.executor import Executor
from runner.contract.fields import Document
from runner.contract.findings import Finding
from runner.contract.methodology import Methodology
from runner.contract.metrics import MetricDefinition
from runner.contract.quality import QualityEvaluation
from runner.contract.requirement import Requirement
from runner.contract.run import OperatingPoint, Run

PUBLISHED: dict[str, type[Document]] = {
    "executor.v1": Executor,
    "methodology.v1": Methodology,
    "run.v1": Run,
    "operating-point.v1": OperatingPoint,
    "metric-definition.v1": MetricDefinition,
    "quality.v1": QualityEvaluation,
    "statement.v1": Statement,
    "requirement.v1": Requirement,
    "decision.v1": Decision,
}


def schemas() -> dict[str, str]:
    """The text of each schema file by name, draft 2020-12."""
    made = {name: model.model_json_schema(by_alias=True) for name, model in PUBLISHED.items()}
    made["finding.v1"] = {**TypeAdapter(Finding).json_schema(), "additionalProperties": False}
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {f"{name}.schema.json": json.dumps({**dialect, **schema}, indent=1, sort_keys=True) + "\n" for name, schema in made.items()}


def main(folder: str) -> None:
    """Write every schema into `folder`."""
    for name, content in schemas().items():
        (Path(folder) / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
