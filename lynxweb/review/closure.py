"""What belongs into a pack: from the runs or the decision that somebody wants to show to every object whose whole history must come along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.registry.models import Declaration, Run
from lynxweb.review.models.reviews import Review

Name = tuple[str, str]
RULINGS: Name = ("ruling", "register")
MOST_UNANSWERED = 200


@dataclass(frozen=True)
class History:
    """Every event on the shown objects, by position, and the newest (revision, position) of each object; (0, None) for one without events."""

    events: dict[int, bytes]
    heads: dict[Name, tuple[int, int | None]]


def objects_of(runs: Iterable[Run], also: Iterable[Name]) -> list[Name]:
    """The objects that a pack of these runs shows: the log's own settings, the ruling register, and all that each run rests on."""
    found: dict[Name, None] = dict.fromkeys([("log", log_settings().origin), RULINGS, *also])
    for run in runs:
        found |= dict.fromkeys(_of_run(run))
    return list(found)


def _of_run(run: Run) -> Iterator[Name]:
    yield "run", run.digest
    if run.nonce is not None:
        yield "declaration", run.nonce
    unanswered = Declaration.objects.beside(run.methodology_id, run.node_id).unanswered().values_list("nonce", flat=True)
    for nonce in unanswered[:MOST_UNANSWERED]:  # whoever picks the best of many leaves these behind
        yield "declaration", nonce
    yield "methodology", run.methodology_id
    yield "node", run.node_id
    yield "key", run.key_id
    for review in Review.objects.of_run(run.digest):
        yield "review", review.id


def history_of(objects: Iterable[Name]) -> History:
    """The whole history of the objects, and of every proposal that one of their events rests on."""
    events: dict[int, bytes] = {}
    heads: dict[Name, tuple[int, int | None]] = {}
    for name in objects:
        _take(name, events, heads)
    for proposed in Event.objects.filter(seq__in=_proposals(events.values())).order_by("seq"):
        _take((proposed.object_type, proposed.object_id), events, heads)
    return History(dict(sorted(events.items())), heads)


def _take(name: Name, events: dict[int, bytes], heads: dict[Name, tuple[int, int | None]]) -> None:
    chain = list(Event.objects.on(*name))
    events |= {event.seq: bytes(event.leaf) for event in chain}
    heads[name] = (chain[-1].object_rev, chain[-1].seq) if chain else (0, None)  # a review without a report yet is a head too


def _proposals(leaves: Iterable[bytes]) -> set[int]:
    return {fields["proposal"] for fields in map(leaf_fields, leaves) if fields["proposal"] is not None}
