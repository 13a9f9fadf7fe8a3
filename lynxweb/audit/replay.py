"""The replay audit: every row held against what the log says it should be, column by column; a fault names table, key and column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import DEFAULT_DB_ALIAS, models

from lynxweb.audit.projections import PARTS, PROJECTIONS, Projection
from lynxweb.audit.redactions import all_redactions
from lynxweb.audit.snapshots import row as columns_of
from lynxweb.audit.stored import ReplayFault, content_faults, opens, payload_faults, private_faults
from lynxweb.audit.told import History, Made, Stated, Told, documents
from lynxweb.audit.used import use_faults
from runner.contract.canonical import sha256

ROWS_AT_ONCE = 500
NOTHING = f"sha256:{sha256(b'')}"
DIFFERS = "differs from what its event kept"
UNMADE = "no event made this row"
GONE = "an event made this row, and it is gone"


@dataclass
class Replay:
    """What a replay found: how many rows it held against the log, how many of them the log vouches for by existence only, and every fault.

    `unkept` counts rows whose newest event is older than snapshots: a site that was there before its acts kept any.
    """

    using: str
    rows: int = 0
    unkept: int = 0
    faults: tuple[ReplayFault, ...] = ()
    seen: dict[type[models.Model], set[Any]] = field(default_factory=lambda: defaultdict(set))
    redacted: frozenset[str] = frozenset()


def replay_audit(using: str = DEFAULT_DB_ALIAS) -> tuple[ReplayFault, ...]:
    """Every row that differs from the log, rows that no event made, and rows that are gone; empty where all is as the log says."""
    return replay(using).faults


def replay(using: str = DEFAULT_DB_ALIAS) -> Replay:
    """Hold every registered table against the log, hash every stored document, and open every commitment again."""
    run, told = Replay(using, redacted=frozenset(all_redactions(using))), Told(using)
    found: dict[ReplayFault, None] = {}
    for stretch in told.walk():
        found |= dict.fromkeys(_stated_faults(run, stretch))
    for projection in PROJECTIONS.values():
        found |= dict.fromkeys(_projection_faults(run, projection, told))
    found |= dict.fromkeys(_unmade_faults(run, told))
    found |= {ReplayFault("audit_document", digest, "digest", what): None for digest, what in told.missing.items()}
    found |= dict.fromkeys([*content_faults(using, run.redacted), *payload_faults(told.payloads, using), *private_faults(using), *use_faults(using)])
    run.faults = tuple(found)
    return run


def _stated_faults(run: Replay, stretch: Iterable[Stated]) -> Iterator[ReplayFault]:
    """Rows that acts inserted beside their object, against what each snapshot states of them."""
    by_model: dict[type[models.Model], list[Stated]] = defaultdict(list)
    for one in stretch:
        by_model[one.model].append(one)
    for model, stated in by_model.items():
        table, key = model._meta.db_table, model._meta.pk.attname
        stored = model._base_manager.using(run.using).in_bulk([one.key for one in stated])
        for one in stated:
            run.seen[model].add(one.key)
            if one.key not in stored:
                yield ReplayFault(table, str(one.key), key, GONE)
                continue
            yield from _differences(run, table, one.key, one.columns, columns_of(stored[one.key]))


def _unmade_faults(run: Replay, told: Told) -> Iterator[ReplayFault]:
    """Rows of tables of parts that no snapshot states, but for those of objects that are older than snapshots."""
    for model in {apps.get_model(name) for name in PARTS.values()}:
        parents = [(one.attname, PROJECTIONS[one.related_model._meta.label]) for one in model._meta.concrete_fields if _is_projected(one)]
        names = ["pk", *(name for name, _ in parents)]
        for key, *of in model._base_manager.using(run.using).values_list(*names).iterator(chunk_size=ROWS_AT_ONCE):
            run.rows += 1
            if key in run.seen[model]:
                continue
            if told.is_early([(projection.object_type, str(one)) for (_, projection), one in zip(parents, of, strict=True)]):
                run.unkept += 1
            else:
                yield ReplayFault(model._meta.db_table, str(key), model._meta.pk.attname, UNMADE)


def _is_projected(field: Any) -> bool:
    """Whether a column refers to a row with events of its own, by the id that these events name."""
    related = field.related_model
    projection = PROJECTIONS.get(related._meta.label) if related is not None else None
    return projection is not None and projection.id_column == related._meta.pk.column


def _projection_faults(run: Replay, projection: Projection, told: Told) -> Iterator[ReplayFault]:
    """Rows of one table with events of their own, both ways."""
    model = apps.get_model(projection.model)
    table, known = model._meta.db_table, told.objects.get(projection.object_type, {})
    there: set[str] = set()
    for rows in _batches(model, run.using):
        ids = [projection.id_of(row) for row in rows]
        there.update(ids)
        snapshots = documents({one.after for name in ids if (one := _relevant(projection, known.get(name))) and one.after}, run.using)
        for name, row in zip(ids, rows, strict=True):
            yield from _row_faults(run, projection, table, name, row, known.get(name), snapshots)
    for name in known.keys() - there:
        if _relevant(projection, known[name]) is not None:
            yield ReplayFault(table, name, projection.id_column, GONE)


def _row_faults(
    run: Replay, projection: Projection, table: str, name: str, row: models.Model, history: History | None, snapshots: dict[str, Any]
) -> Iterator[ReplayFault]:
    run.rows += 1
    made = _relevant(projection, history)
    if made is None or history is None:
        yield ReplayFault(table, name, projection.id_column, UNMADE)
        return
    if projection.rev is None and getattr(row, "rev") != made.rev:  # noqa: B009  (which model it is, the projection knows)
        yield ReplayFault(table, name, "rev", f"its newest event made revision {made.rev}")
    yield from _origin_faults(run, projection, table, name, row, history)
    if made.early:
        run.unkept += 1
        return
    snapshot = snapshots.get(made.after or "")
    stated = snapshot.get(projection.within) if projection.within and isinstance(snapshot, dict) else snapshot
    if not isinstance(stated, dict):
        yield ReplayFault(table, name, projection.within or "*", f"the snapshot after event {made.seq} states no row")
        return
    try:
        yield from _differences(run, table, name, stated, projection.snapshot(row))
    except ObjectDoesNotExist as lost:
        yield ReplayFault(table, name, "*", f"refers to a row that is not there: {lost}")


def _origin_faults(run: Replay, projection: Projection, table: str, name: str, row: models.Model, history: History) -> Iterator[ReplayFault]:
    """What a row repeats of its first event: its position, and values that the log holds as commitments only."""
    first = history.by_rev.get(projection.rev or 1)
    if first is None:
        return
    if projection.first_position and getattr(row, projection.first_position) != first.seq:
        yield ReplayFault(table, name, projection.first_position, f"the event stands at position {first.seq}")
    for column, commitment in projection.committed.items():
        if commitment in first.commit and not opens(first.seq, commitment, getattr(row, column), run.using):
            yield ReplayFault(table, name, column, f"differs from what event {first.seq} committed to")


def _relevant(projection: Projection, history: History | None) -> Made | None:
    """The event that says what the row is: the newest, or the one that wrote it for ever."""
    if history is None:
        return None
    return history.newest if projection.rev is None else history.by_rev.get(projection.rev)


def _differences(run: Replay, table: str, key: object, stated: Any, stored: dict[str, Any]) -> Iterator[ReplayFault]:
    for column in sorted(stated.keys() | stored.keys()):
        one, other = stated.get(column), stored.get(column)
        if one == other and type(one) is type(other):
            continue
        if other == NOTHING and str(one).removeprefix("sha256:") in run.redacted:  # taken out by an event that says so
            continue
        yield ReplayFault(table, str(key), column, DIFFERS)


def _batches(model: type[models.Model], using: str) -> Iterator[list[models.Model]]:
    batch: list[models.Model] = []
    for row in model._base_manager.using(using).order_by("pk").iterator(chunk_size=ROWS_AT_ONCE):
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
