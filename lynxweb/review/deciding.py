"""What a decision is held against: the log's state, the committee's members, and what has become of everything it cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from lynxweb.accounts.models import Membership
from lynxweb.accounts.roles import Role
from lynxweb.audit import proofs
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import instant
from lynxweb.audit.models import Event
from lynxweb.registry import gathering
from lynxweb.registry.missing import Redacted
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.redacting import content_of
from lynxweb.registry.rulings import excluded
from lynxweb.registry.seeing import runs_seen_by
from lynxweb.review.candidates import committee_view
from lynxweb.review.models.decisions import RequirementVersion
from lynxweb.review.models.notices import Notice
from runner.contract.decision import AsOf, Decision
from runner.contract.problems import Problem, Problems
from runner.contract.triggers import DecisionStanding, DecisionWorld, NewerExecutor, NewerModel, RunNow, still_valid


def state_of_log() -> AsOf:
    """Size and root of the log as it is now."""
    newest = Event.objects.newest().values_list("seq", flat=True).first()
    size = 0 if newest is None else newest + 1
    return AsOf(size=size, root=proofs.root_of(size).hex())


def state_problems(stated: AsOf) -> Iterator[Problem]:
    """Whether this log ever had the stated size and root."""
    try:
        true = proofs.root_of(stated.size).hex()
    except Problems as error:
        yield from error.problems
        return
    if true != stated.root:
        yield Problem("as_of.root", stated.root, true, "draft the decision again", "another-log")


def members_of(organisation: str) -> tuple[str, ...]:
    """The actor ids of those who sit in the organisation's committee now, in order."""
    seats = Membership.objects.held().filter(organisation=organisation, role=Role.COMMITTEE.value, person__is_active=True)
    return tuple(sorted(set(seats.values_list("person__actor_id", flat=True))))


def member_problems(organisation: str, members: Iterable[str]) -> Iterator[Problem]:
    """The members who do not sit in the organisation's committee now."""
    sitting = set(members_of(organisation))
    for place, member in enumerate(members):
        if member not in sitting:
            yield Problem(f"members[{place}]", member, "an active member of the committee", "name those who are to sign", "not-a-member")


def standing_of(actor: Actor, decision: Decision, clock: Callable[[], datetime]) -> DecisionStanding:
    """The badge of a signed decision, from what its organisation's committee can see now."""
    return still_valid(decision, world_of(actor, decision, clock))


def world_of(actor: Actor, decision: Decision, clock: Callable[[], datetime]) -> DecisionWorld:
    """What has become of everything that a decision cites since its state of the log."""
    view, now = committee_view(decision.organisation, actor), clock()
    cited = list(runs_seen_by(view).filter(digest__in=decision.runs).select_related("executor__document"))
    later = RequirementVersion.objects.superseding(decision.requirement_sha256).first()
    return DecisionWorld(
        now=instant(now),
        runs=_runs_now(cited, decision.as_of.size, now),
        superseded_by=None if later is None else later.digest,
        executors=tuple(_newer_executors(view, cited, decision)),
        models=tuple(_newer_models(decision)),
    )


def _runs_now(cited: Iterable[Run], since: int, now: datetime) -> dict[str, RunNow]:
    runs = {run.digest: run for run in cited}
    barred = excluded(runs)
    notices = list(Notice.objects.on(runs).in_force(now).filter(position__gte=since).values_list("run_id", flat=True))
    standings = {digest: replace(gathering.standing(run), excluded_by=barred.get(digest)) for digest, run in runs.items()}
    return {digest: RunNow(standings[digest], run.successor, notices.count(digest)) for digest, run in runs.items()}


def _newer_executors(view: Actor, cited: Iterable[Run], decision: Decision) -> Iterator[NewerExecutor]:
    """Configurations first seen, after the decision's state of the log, on the product and unit of a run that it cites."""
    units = {(run.product, run.instance): run for run in cited}
    for (product, instance), run in units.items():
        on_unit = runs_seen_by(view).filter(product=product, instance=instance).select_related("executor__document")
        known = set(on_unit.filter(position__lt=decision.as_of.size).values_list("executor__fingerprint", flat=True))
        newer = {one.executor.fingerprint: one for one in on_unit.filter(position__gte=decision.as_of.size).order_by("position")}
        for fingerprint, one in newer.items():
            if fingerprint not in known:
                yield NewerExecutor(run.executor.fingerprint, fingerprint, product, _driver(run), _driver(one))


def _driver(run: Run) -> str:
    try:
        found = gathering.executor(content_of(run.executor.document)).sw.driver.version
    except Redacted:  # nobody can read it any more: a driver that is known differs from it, and the committee looks again
        return "redacted"
    return str(found.value if found.known else found.status)


def _newer_models(decision: Decision) -> Iterator[NewerModel]:
    """Later versions of the cited methodologies, by name, with another model."""
    cited = list(MethodologyVersion.objects.among(decision.methodologies).select_related("document"))
    names = {version.name: version for version in cited}
    since = MethodologyVersion.objects.filter(name__in=list(names), position__gte=decision.as_of.size).select_related("document")
    for later in since.order_by("position"):
        before, after = (gathering.methodology(content_of(one.document)).workload.model_sha256 for one in (names[later.name], later))
        if before != after:
            yield NewerModel(names[later.name].digest, later.digest, before, after)
