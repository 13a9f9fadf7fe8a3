"""What the log tells about rows: for every object the events that count, and for every row that an act inserted beside one, what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.migrations.recorder import MigrationRecorder

from lynxweb.audit.actions import Action
from lynxweb.audit.leaf import instant, leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.projections import PARTS, PROJECTIONS, lasting
from runner.contract.canonical import decode
from runner.contract.problems import Problems

EVENTS_AT_ONCE = 500
FIRST_WITH_SNAPSHOTS = "0002_checkpoints"


@dataclass(frozen=True)
class Made:
    """One event on an object: its position, the revision it made, and the digest of the snapshot it left.

    `early` says that it is older than snapshots: nothing is known of its object but that it is there.
    """

    seq: int
    rev: int
    after: str | None
    early: bool
    commit: Mapping[str, str]


@dataclass
class History:
    """Of one object the newest event, and by revision those that write a row for ever."""

    newest: Made
    by_rev: dict[int, Made] = field(default_factory=dict)


@dataclass(frozen=True)
class Stated:
    """One row as a snapshot states it, by its model and primary key."""

    model: type[models.Model]
    key: Any
    columns: Mapping[str, Any]


@dataclass
class Told:
    """What a walk along the log has gathered so far; `since` is the first position from which on acts keep snapshots.

    `missing` lists snapshots that are lost, with what is wrong; `payloads` the digests that events attach, with the first such event.
    """

    using: str
    objects: dict[str, dict[str, History]] = field(default_factory=dict)
    begins: str = ""
    since: int | None = None
    some_early: bool = False
    missing: dict[str, str] = field(default_factory=dict)
    payloads: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ask since when acts of this site keep snapshots: since the migration that came with them."""
        applied = MigrationRecorder(connections[self.using]).migration_qs.filter(app="audit", name=FIRST_WITH_SNAPSHOTS).first()
        self.begins = "" if applied is None else instant(applied.applied)

    def walk(self) -> Iterator[list[Stated]]:
        """Read the log once, oldest first, and yield what each stretch of it states about rows beside objects."""
        batch: list[dict[str, Any]] = []
        for leaf in Event.objects.using(self.using).order_by("seq").values_list("leaf", flat=True).iterator(chunk_size=EVENTS_AT_ONCE):
            try:
                batch.append(leaf_fields(leaf))
            except Problems:  # a leaf that is none is the full audit's to report
                continue
            if len(batch) == EVENTS_AT_ONCE:
                yield self._stretch(batch)
                batch = []
        yield self._stretch(batch)

    def is_early(self, names: list[tuple[str, str]]) -> bool:
        """Whether one of these objects (type, id) is older than snapshots; without a name, whether any object is."""
        if names:
            return any((one := self.objects.get(kind, {}).get(name)) is not None and 1 in one.by_rev and one.by_rev[1].early for kind, name in names)
        return self.some_early

    def _stretch(self, leaves: list[dict[str, Any]]) -> list[Stated]:
        snapshots = documents({leaf["after"] for leaf in leaves if leaf["after"]}, self.using)
        stated: list[Stated] = []
        for leaf in leaves:
            snapshot = snapshots.get(leaf["after"])
            if self.since is None and leaf["time"] >= self.begins:
                self.since = leaf["seq"]
            if leaf["after"] and snapshot is None and self.since is not None:
                self.missing[leaf["after"]] = f"the snapshot after event {leaf['seq']} is gone"
            if leaf["payload"] and (self.since is not None or leaf["action"] == Action.LOG_OPEN):
                self.payloads.setdefault(leaf["payload"], leaf["seq"])
            self._note(leaf)
            stated += rows_in(snapshot)
        return stated

    def _note(self, leaf: dict[str, Any]) -> None:
        subject = leaf["object"]
        known = self.objects.setdefault(subject["type"], {})
        self.some_early |= self.since is None and any(one.object_type == subject["type"] for one in PROJECTIONS.values())
        made = Made(leaf["seq"], subject["rev"], leaf["after"], self.since is None, leaf["commit"] or {})
        history = known.setdefault(subject["id"], History(made))
        history.newest = made
        if made.rev in lasting(subject["type"]):
            history.by_rev[made.rev] = made


def documents(digests: set[str], using: str) -> dict[str, Any]:
    """The kept JSON values with these digests; without those that are not there or hold no JSON."""
    found = {}
    for digest, one in LogDocument.objects.using(using).in_bulk(digests).items():
        try:
            found[digest] = decode(bytes(one.content))
        except Problems:  # redacted or altered: the hash of every document is checked apart
            continue
    return found


def rows_in(snapshot: object) -> Iterator[Stated]:
    """The rows that a snapshot states beside its object's own."""
    if not isinstance(snapshot, dict):
        return
    for name in PARTS.keys() & snapshot.keys():
        model, value = apps.get_model(PARTS[name]), snapshot[name]
        key = model._meta.pk.attname
        for columns in value if isinstance(value, list) else [value]:
            if isinstance(columns, dict) and key in columns:
                yield Stated(model, columns[key], columns)
