"""Whose events are whose: an event is shown to whoever sees the object that it is about.

What belongs to the site (the log, methodologies, documents, rulings) is everybody's who may read; what belongs to a run follows the run; the rest is
its organisation's. An auditor is one of an organisation, and reads everything of it and of what is shown to auditors; no role reads across tenants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from lynxweb.accounts.models import Membership, Node, NodeKey, Person, ServiceToken
from lynxweb.audit.actors import Actor
from lynxweb.audit.models_proposals import Proposed
from lynxweb.registry.models import Declaration, MethodologyVersion, Run, RunArtifact
from lynxweb.registry.models_rulings import RulingRun
from lynxweb.registry.redacting import DOCUMENT_PATHS
from lynxweb.review.models.decisions import Decision, RequirementVersion
from lynxweb.review.models.notices import Dispute, DisputeClosing, Draw, Notice
from lynxweb.review.models.packs import Pack
from lynxweb.review.models.reviews import Review, ReviewStep

EVERYBODYS = frozenset({"log", "methodology", "document", "executor", "reference", "ruling"})
OF_RUNS = ("run", "review", "declaration", "payload")
NAME = OuterRef("object_id")
Seen = Callable[[Actor], Q]


def visible(actor: Actor) -> Q:
    """The events on objects that the actor sees, as a condition on events: their documents may be shown, too."""
    if actor.kind == "system":
        return Q()
    if actor.kind == "visitor":
        return _public(actor)
    found = Q(object_type__in=EVERYBODYS) | Q(object_type="organisation", object_id=actor.organisation or "")
    for object_type, seen in OBJECTS.items():
        found |= Q(object_type=object_type) & seen(actor)
    return found


def _public(actor: Actor) -> Q:
    """What everybody sees: the log's own events, public runs with their declarations, reviews and methodologies, rulings on public runs alone."""
    runs, ruled = Run.objects.for_actor(actor), RulingRun.objects.filter(ruling__position=OuterRef("seq"))
    found = Q(object_type="log") | Q(object_type="methodology") & Q(Exists(MethodologyVersion.objects.seen_by(actor).filter(pk=NAME)))
    found |= Q(object_type="ruling") & Q(Exists(ruled)) & ~Q(Exists(ruled.exclude(run__in=runs)))
    for object_type in OF_RUNS:
        found |= Q(object_type=object_type) & OBJECTS[object_type](actor)
    return found


def _own(rows: Callable[[Actor], QuerySet[Model]], column: str = "pk") -> Seen:
    """The objects among the rows that the actor's organisation has, named by this column."""
    return lambda actor: Q(Exists(rows(actor).filter(**{column: NAME})))


def _declared(actor: Actor) -> Q:
    """Declarations of the own organisation, and those that a visible run answers."""
    return Q(Exists(Declaration.objects.for_actor(actor).filter(pk=NAME))) | Q(Exists(Run.objects.for_actor(actor).filter(nonce=NAME)))


def _proposed(actor: Actor) -> Q:
    return Q(Exists(Proposed.objects.filter(pk=NAME, organisation=actor.organisation or "")))


def _payload(actor: Actor) -> Q:
    """Redacted bytes, for whoever sees a run that rested on them."""
    runs = Run.objects.for_actor(actor)
    found = Q(Exists(RunArtifact.objects.filter(artifact=NAME, run__in=runs)))
    for path in DOCUMENT_PATHS.values():
        found |= Q(Exists(runs.filter(**{path: NAME})))
    for acts, path in ((Notice, "run"), (Dispute, "run"), (DisputeClosing, "dispute__run"), (ReviewStep, "review__run")):
        found |= Q(Exists(acts.objects.filter(**{"document": NAME, f"{path}__in": runs})))
    return found


def _rejected(actor: Actor) -> Q:
    """Refused bundles have no row: they are their sender's."""
    sender = OuterRef("actor")
    return Q(Exists(Node.objects.for_actor(actor).filter(pk=sender))) | Q(Exists(Person.objects.for_actor(actor).filter(actor_id=sender)))


OBJECTS: Mapping[str, Seen] = {
    "run": _own(Run.objects.for_actor),
    "review": _own(Review.objects.for_actor),
    "declaration": _declared,
    "node": _own(Node.objects.for_actor),
    "key": _own(NodeKey.objects.for_actor),
    "token": _own(ServiceToken.objects.for_actor),
    "actor": _own(Person.objects.for_actor, "actor_id"),
    "role": _own(Membership.objects.for_actor, "object_id"),
    "pack": _own(Pack.objects.for_actor),
    "requirement": _own(RequirementVersion.objects.for_actor),
    "decision": _own(Decision.objects.for_actor),
    "draw": _own(Draw.objects.for_actor),
    "proposal": _proposed,
    "payload": _payload,
    "bundle": _rejected,
}
