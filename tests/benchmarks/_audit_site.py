"""A site of ten thousand rows, made by the real acts, and every column of every row of it altered behind its triggers.

`python -m tests.benchmarks._audit_site ROWS` runs in an environment that names an empty scratch home, and prints one JSON object. Domain rows are
held against the log by the replay audit; rows of the log itself by the full audit, its positions one at a time.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTICES, PARTS = 8, 2


def counts() -> dict[str, int]:
    """Rows by audited table, the log's own included."""
    from lynxweb.audit.models import Event
    from tests.benchmarks._altered import audited_models

    found = {model._meta.db_table: model._base_manager.count() for model in [*audited_models(), Event]}
    return {table: count for table, count in found.items() if count}


def build(rows: int) -> None:
    """Runs that were uploaded, reviewed, published, noted and disputed, until the site has this many rows."""
    from lynxweb.registry.declaration import declare
    from lynxweb.review.notices import post_notice
    from tests import builders
    from tests.registry.world import world
    from tests.review.people import asked, cast_of, opened, published, report

    cast, number = cast_of(world()), 0
    while sum(counts().values()) < rows:
        number += 1
        digest = published(cast, number)
        for _ in range(NOTICES):
            post_notice(cast.publisher, digest, text=f"the power readings of night {number} are in doubt", **asked())
        declare(cast.site.node_actor, builders.methodology().sha256, request_id=asked()["request_id"])
        if number % 5 == 0:
            report(cast.second, opened(cast.second, digest, kind="dispute"), "not_accepted", "dispute")


def domain_columns(models: list[Any]) -> Iterator[tuple[str, int, list[str]]]:
    """Each audited column of these tables changed in all its rows, replayed and undone: its name, how many rows, and those that no fault named."""
    from tests.benchmarks._altered import UNAUDITED, alter

    for model in models:
        for field in model._meta.concrete_fields:
            if field.name not in UNAUDITED.get(model._meta.label, frozenset()) and (one := alter(model, field)).rows:
                yield f"{one.table}.{one.column}", one.rows, list(one.missed)


def log_columns() -> Iterator[tuple[str, int, list[str]]]:
    """The same for the log's own rows, under the full audit. A position that is missing ends an audit, so these are moved one at a time."""
    from django.db import connection, transaction

    from lynxweb.audit.full_audit import COLUMNS, full_audit
    from lynxweb.audit.models import Event

    size, far = Event.objects.count(), 10**9
    changes = {"leaf": "CAST(leaf || x'20' AS BLOB)", "hashes": "zeroblob(length(hashes))", "object_rev": "object_rev + 1000"}
    for column in COLUMNS[1:]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE audit_event SET {column} = {changes.get(column, f'{column} || CHAR(120)')}")
            named = {fault.seq for fault in full_audit().faults if fault.column == column}
            transaction.set_rollback(True)
        yield f"audit_event.{column}", size, [str(seq) for seq in range(size) if seq not in named]
    missed = []
    for seq in range(size):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("UPDATE audit_event SET seq = %s WHERE seq = %s", [far, seq])
            fault = full_audit().faults[0]
            missed += [] if fault.column == "seq" and f"position {seq} is missing" in fault.what else [str(seq)]
            transaction.set_rollback(True)
    yield "audit_event.seq", size, missed


def part(number: int) -> bytes:
    """One part of the columns, on a copy of the database of its own."""
    from django.db import connection

    from lynxweb.audit import guards
    from tests.benchmarks._altered import audited_models

    copy = f"{connection.settings_dict['NAME']}.{number}"
    shutil.copyfile(connection.settings_dict["NAME"], copy)
    connection.settings_dict["NAME"] = copy
    guards.lift(connection)
    models = sorted(audited_models(), key=lambda model: -model._base_manager.count() * len(model._meta.concrete_fields))
    found = [*domain_columns(models[number::PARTS]), *(log_columns() if number == 0 else ())]
    return json.dumps(found).encode()


def replayed() -> dict[str, Any]:
    """The replay of the untouched site: rows, seconds, faults."""
    from lynxweb.audit.replay import replay

    begun = time.perf_counter()
    found = replay()
    seconds = time.perf_counter() - begun
    return {"rows": found.rows, "seconds": round(seconds, 2), "rows_per_s": round(found.rows / seconds), "faults": len(found.faults)}


def main(rows: int) -> None:
    """Build, replay, alter, print."""
    home = Path(os.environ["LYNXWEB_HOME"])
    os.environ |= {"DATABASE_URL": f"sqlite:///{home / 'test_site.sqlite3'}", "DJANGO_SETTINGS_MODULE": "lynxweb.settings"}
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.benchmarks._audit_places import forked

    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    build(rows)
    built, replay, by_table = time.perf_counter() - begun, replayed(), counts()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    begun = time.perf_counter()
    found = [one for answer in forked([lambda number=number: part(number) for number in range(PARTS)]) for one in json.loads(answer)]  # type: ignore[misc]
    missed = [f"{column}: {row}" for column, _, rows_missed in found for row in rows_missed]
    print(json.dumps({
        "rows": sum(by_table.values()), "by_table": by_table, "built_s": round(built, 1), "replay": replay, "columns": len(found),
        "altered": sum(count for _, count, _ in found), "unnamed": len(missed), "first_unnamed": missed[:10],
        "altered_s": round(time.perf_counter() - begun, 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
