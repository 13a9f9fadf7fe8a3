"""Which configurations could answer a requirement, with every run of theirs that a committee may see, refused ones included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor
from lynxweb.registry import gathering
from lynxweb.registry.missing import Redacted
from lynxweb.registry.models import FindingRow, MethodologyVersion, Run
from lynxweb.registry.redacting import content_of
from lynxweb.registry.reproducing import shown_grades
from lynxweb.registry.rulings import excluded
from lynxweb.registry.seeing import runs_seen_by
from runner.contract.citations import CitationRefusal, Cited
from runner.contract.decision import CandidateAnswer, candidate_answer
from runner.contract.findings import Finding, latency_withheld
from runner.contract.requirement import Requirement, same_workload

MOST_CANDIDATES = 50
MOST_OTHERS = 50  # of the runs under methodologies that are no evidence: shown to say why, so the newest are enough


@dataclass(frozen=True)
class Candidate:
    """One configuration by fingerprint, how a list names it, and its runs on this workload; one whose bytes are gone comes as its refusal."""

    fingerprint: str
    label: str
    product: str
    runs: tuple[Cited | CitationRefusal, ...]


def committee_view(organisation: str, actor: Actor) -> Actor:
    """What every member of the organisation's committee may see: answers rest on that, whoever of them asks."""
    return Actor("user", actor.id, actor.auth, frozenset({Role.COMMITTEE.value}), organisation)


def candidates_for(actor: Actor, asked: Requirement) -> tuple[Candidate, ...]:
    """Every configuration with a visible run on the requirement's workload, that with the newest run first.

    Runs under the methodologies that the requirement names are all there; of those under others, which may not be cited, the newest.
    """
    runs = sorted({run.digest: run for run in [*_under(actor, asked, named=True), *_under(actor, asked, named=False)]}.values(), key=_newest_first)
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.executor.fingerprint, []).append(run)
    barred, withheld, grades = excluded(run.digest for run in runs), _withheld(runs), shown_grades(runs)
    return tuple(
        Candidate(fingerprint, group[0].label, group[0].product, tuple(_cited(group, barred, withheld, grades)))
        for fingerprint, group in grouped.items()
    )


def answers_for(actor: Actor, asked: Requirement, names: Mapping[str, str]) -> tuple[CandidateAnswer, ...]:
    """The answer of each named configuration (fingerprint: name); one without a visible run gets NO EVIDENCE."""
    found = {one.fingerprint: one.runs for one in candidates_for(actor, asked)}
    return tuple(candidate_answer(asked, name, fingerprint, found.get(fingerprint, ())) for fingerprint, name in names.items())


def runs_by_fingerprint(actor: Actor, asked: Requirement) -> dict[str, tuple[Cited | CitationRefusal, ...]]:
    """The runs of every candidate."""
    return {one.fingerprint: one.runs for one in candidates_for(actor, asked)}


def unseen_runs(asked: Requirement) -> dict[str, int]:
    """How many runs on this workload the organisation keeps from its own committee, by fingerprint: a count, and nothing else of them.

    A run that was made private leaves every answer; without this count it would leave in silence.
    """
    under = [*asked.workload.methodologies, *_alike(asked)]
    private = Run.objects.of_organisation(asked.organisation).filter(visibility="private", methodology__in=under)
    return dict(Counter(private.values_list("executor__fingerprint", flat=True)))


def _newest_first(run: Run) -> int:
    return -run.position


def _alike(asked: Requirement) -> list[str]:
    """The other published methodologies that ask for the same work."""
    versions = MethodologyVersion.objects.exclude(digest__in=asked.workload.methodologies).select_related("document")
    return [version.digest for version in versions if same_workload(asked, gathering.methodology(content_of(version.document)))]


def _under(actor: Actor, asked: Requirement, *, named: bool) -> Iterable[Run]:
    seen = runs_seen_by(committee_view(asked.organisation, actor)).whole()
    if named:
        return seen.filter(methodology__in=asked.workload.methodologies)
    return seen.filter(methodology__in=_alike(asked)).order_by("-position")[:MOST_OTHERS]


def _withheld(runs: Iterable[Run]) -> dict[str, list[Finding]]:
    """The findings of the newest checking of each run, in one query."""
    newest = {run.digest: run.checking for run in runs}
    found: dict[str, list[Finding]] = {}
    for row in FindingRow.objects.filter(run__in=list(newest)):
        if row.checking == newest[row.run_id]:
            found.setdefault(row.run_id, []).append(Finding(row.code, row.path, row.seen))
    return found


def _cited(
    runs: Iterable[Run], barred: Mapping[str, int], findings: Mapping[str, list[Finding]], grades: Mapping[str, str]
) -> Iterable[Cited | CitationRefusal]:  # fmt: skip
    for run in runs:
        try:
            side = gathering.side(run)
        except Redacted as gone:  # nobody can check it any more, so it answers nothing, and that is said
            text = f"Its bytes {gone.digest[:12]} were redacted by event {gone.position}, so nobody can check it any more."
            yield CitationRefusal(run=run.digest, code="redacted", text=text, successor=run.successor)
            continue
        withheld = {
            point.name: tuple(one.code for one in findings.get(run.digest, ()) if latency_withheld([one], point.name))
            for point in side.run.operating_points
        }
        standing = replace(gathering.standing(run), excluded_by=barred.get(run.digest), grade=grades[run.digest])  # type: ignore[arg-type]  # one of the four words
        yield Cited(side, standing, run.organisation_id, run.successor, {name: codes for name, codes in withheld.items() if codes})
