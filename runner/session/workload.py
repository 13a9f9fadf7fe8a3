"""The workload that a methodology names, held against its digests: another model or data set is another methodology."""

from __future__ import annotations

from runner.contract.methodology import Methodology
from runner.contract.problems import Problem, Problems
from runner.workloads import Workload, WorkloadError, open_workload


def workload_of(methodology: Methodology) -> Workload:
    """The workload with exactly the digests that the methodology states; `Problems` name every one that differs."""
    asked = methodology.workload
    try:
        found = open_workload(asked.model_name)
    except WorkloadError as error:
        remedy = "install what carries this workload, or choose another methodology"
        raise Problems([Problem("methodology.workload.model_name", str(error)[:160], "a workload of this machine", remedy, "usage")]) from error
    pairs = (
        ("model_sha256", found.model_sha256, asked.model_sha256),
        ("dataset_sha256", found.dataset_sha256, asked.dataset_sha256),
        ("labels_sha256", found.labels_sha256, asked.labels_sha256),
        ("preprocessing_sha256", found.preprocessing_sha256, asked.preprocessing_sha256),
        ("reference.outputs_sha256", found.reference_sha256, asked.reference.outputs_sha256),
    )
    problems = [
        Problem(f"methodology.workload.{name}", here, stated, "install the version that carries this workload", "usage")
        for name, here, stated in pairs
        if here != stated
    ]
    if problems:
        raise Problems(problems)
    return found
