"""Judging two stored runs with the contract's one `compare()`, and keeping what was allowed under a permalink."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from lynxweb.audit.actors import Actor
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.registry import gathering
from lynxweb.registry.cards import Judged, RunCard
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.models_comparisons import StoredComparison
from lynxweb.registry.rulings import excluded
from lynxweb.registry.seeing import named, run_seen_by, runs_seen_by
from runner.contract.comparability import Comparison, compare, nearest, request_digest
from runner.contract.policies import POLICIES, Policy
from runner.contract.problems import Problem, Problems
from runner.contract.reasons import Context
from runner.contract.refusals import REFUSALS

MOST_CANDIDATES = 6
MOST_NEAREST = 5


def compare_runs(
    actor: Actor, a: str, b: str, policy_name: str, acknowledged: Iterable[str] = (), *, clock: Callable[[], datetime] = utc_now
) -> Judged:
    """The verdict on two runs by digest; an allowed comparison is stored under its permalink, a refused one is not.

    Raises `NotFound` for runs that are not there to see, `Problems` for an unknown policy or acknowledgement.
    """
    policy, acks = policy_named(policy_name), _acknowledged(acknowledged)
    one, other = run_seen_by(actor, a), run_seen_by(actor, b)
    comparison = _judge(one, other, policy, acks)
    digest = request_digest(one.digest, other.digest, policy, acks)
    if not comparison.allowed:
        return _refused(actor, comparison, digest, one, other)
    stored = _stored(actor, digest) or _store(actor, actor.organisation or one.organisation_id, comparison, acks, clock())
    return _allowed(comparison, stored, one, other)


def comparison_for(actor: Actor, digest: str) -> Judged:
    """The stored comparison behind a permalink, judged as the two runs stand now; `as_of_position` says when it was allowed."""
    stored = _stored(actor, named("comparison", digest))
    if stored is None:
        raise NotFound("comparison", digest)
    one, other = run_seen_by(actor, stored.a_id), run_seen_by(actor, stored.b_id)
    comparison = _judge(one, other, _policy_with_id(stored.policy), frozenset(json.loads(stored.acknowledged)))
    if not comparison.allowed:  # a run was withdrawn or found invalid since: the permalink says so, and shows no number any more
        return replace(_refused(actor, comparison, digest, one, other), stored_at=stored.stored_at, as_of_position=stored.as_of)
    return _allowed(comparison, stored, one, other)


def policy_named(name: str) -> Policy:
    """The policy with this name, with or without its version; `Problems` for any other."""
    policy = POLICIES.get(name.partition("@")[0])
    if policy is None or name not in (policy.id, policy.id.partition("@")[0]):
        raise Problems([Problem("policy", name[:80], f"one of {', '.join(POLICIES)}", "name a comparison policy", "unknown-policy")])
    return policy


def _policy_with_id(policy_id: str) -> Policy:
    return next(policy for policy in POLICIES.values() if policy.id == policy_id)


def _acknowledged(codes: Iterable[str]) -> frozenset[str]:
    found = frozenset(codes)
    strange = [Problem("acknowledged", code[:80], "a refusal code", "name codes such as R-12", "unknown-code") for code in found - REFUSALS.keys()]
    if strange:
        raise Problems(strange)
    return found


def _judge(one: Run, other: Run, policy: Policy, acknowledged: frozenset[str]) -> Comparison:
    return compare(gathering.side(one), gathering.side(other), policy, _context((one, other), acknowledged))


def _context(runs: Iterable[Run], acknowledged: frozenset[str]) -> Context:
    known = {run.digest: run for run in runs}
    out = excluded(known)
    return Context({digest: replace(gathering.standing(run), excluded_by=out.get(digest)) for digest, run in known.items()}, acknowledged)


def _allowed(comparison: Comparison, stored: StoredComparison, one: Run, other: Run) -> Judged:
    a, b = gathering.cards((one, other))
    return Judged(comparison, stored.digest, stored.stored_at, stored.as_of, (), a, b)


def _refused(actor: Actor, comparison: Comparison, digest: str, one: Run, other: Run) -> Judged:
    """A refusal without a number: cards lose their metric, and the nearest allowed pairs are named, not measured."""
    found: dict[str, Comparison] = {}
    cards: dict[str, RunCard] = {}
    for run in (one, other):
        candidates = _candidates(actor, run, comparison.policy)
        near = nearest(gathering.side(run), map(gathering.side, candidates), comparison.policy, _context([run, *candidates], frozenset()))
        cards |= {shown.digest: shown for shown in gathering.cards([run, *candidates], numbers=False)}
        found |= {f"{pair.a.digest}:{pair.b.digest}": replace(pair, metrics=()) for pair in near if pair.allowed}
    pairs = sorted(found.values(), key=lambda pair: (len(pair.declared), pair.a.digest, pair.b.digest))[:MOST_NEAREST]
    return Judged(comparison, digest, None, None, tuple(pairs), cards[one.digest], cards[other.digest], cards)


def _candidates(actor: Actor, run: Run, policy: Policy) -> list[Run]:
    """The newest standing runs with the same comparability key: those that `compare()` most likely allows."""
    key = next((one.key for one in run.keys.all() if one.policy == policy.id), "")
    return list(runs_seen_by(actor).standing().sharing(policy.id, key).but(run.digest).whole().newest()[:MOST_CANDIDATES])


def _stored(actor: Actor, digest: str) -> StoredComparison | None:
    return StoredComparison.objects.for_actor(actor).filter(digest=digest).first()


def _store(actor: Actor, organisation: str, comparison: Comparison, acknowledged: frozenset[str], now: datetime) -> StoredComparison:
    digest = request_digest(comparison.a.digest, comparison.b.digest, comparison.policy, acknowledged)
    position = Event.objects.newest().values_list("seq", flat=True)[0]
    try:
        with transaction.atomic():
            return StoredComparison.objects.create(
                digest=digest, organisation_id=organisation, a_id=comparison.a.digest, b_id=comparison.b.digest,
                policy=comparison.policy.id, acknowledged=json.dumps(sorted(acknowledged)), verdict=comparison.verdict,
                as_of=position, stored_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody asked the same at the same time
        stored = _stored(actor, digest)
        if stored is None:
            raise
        return stored
