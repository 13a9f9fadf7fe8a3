"""Whether a run may be cited for a requirement, and every reason why not: standing, party, kind, methodology, declaration, grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field as Bound

from runner.contract.fields import Digest, Document
from runner.contract.grades import reaches
from runner.contract.reasons import Side, Standing
from runner.contract.refusals import REFUSALS
from runner.contract.requirement import NO_EVIDENCE_KINDS, Requirement, same_workload

Code = Annotated[str, Bound(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Sentence = Annotated[str, Bound(min_length=1, max_length=600)]
NOTHING_WITHHELD: Mapping[str, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Cited:
    """A run that somebody wants to cite: its documents, how it stands, who measured, and what findings withhold at which point.

    `measured_by` is the account that answers for the run, None where nobody is named. `withheld` maps the name of an operating point to the codes
    of the findings that take its latencies out. `successor` is the run that replaces one that was withdrawn or superseded.
    """

    side: Side
    standing: Standing = Standing()
    measured_by: str | None = None
    successor: str | None = None
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING_WITHHELD)

    @property
    def digest(self) -> str:
        """The run's name."""
        return self.side.digest


class CitationRefusal(Document):
    """One reason why a run may not be cited; `successor` names the run that replaced it, where there is one."""

    run: Digest
    code: Code
    text: Sentence
    successor: Digest | None = None


def citation_refusals(requirement: Requirement, cited: Cited) -> tuple[CitationRefusal, ...]:
    """Every reason why this run is no evidence for the requirement; none means that it may be cited."""
    return tuple(
        CitationRefusal(run=cited.digest, code=code, text=text, successor=cited.successor if code == "R-25" else None)
        for code, text in _reasons(requirement, cited)
    )


def _reasons(requirement: Requirement, cited: Cited) -> Iterator[tuple[str, str]]:
    run, how, standing = cited.side.run, cited.side.methodology, cited.standing
    if how.kind in NO_EVIDENCE_KINDS:
        yield _coded(NO_EVIDENCE_KINDS[how.kind], f"kind {how.kind}")
    if not same_workload(requirement, how):
        yield _coded("R-04", f"{how.workload.model_name} on {how.workload.dataset_name}")
    elif run.methodology_sha256 not in requirement.workload.methodologies:
        yield "R-23", f"Measured under {how.name} version {how.version}, which the requirement does not name as evidence."
    if not cited.measured_by or not run.measuring_party:
        yield _coded("R-20", "nobody is named")
    if run.nonce is None:
        yield "undeclared", "The run was not declared before it was measured."
    if standing.word != "standing":
        yield _coded("R-25", standing.word)
    if not reaches(standing.grade, requirement.grade_floor):
        yield "R-50", f"The grade is {standing.grade}, the requirement asks for {requirement.grade_floor} at least."


def _coded(code: str, found: str) -> tuple[str, str]:
    refusal = REFUSALS[code]
    return code, f"{refusal.rule} Found: {found}. Remedy: {refusal.remedy}."
