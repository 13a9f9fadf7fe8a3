"""Triggers that keep rows as they were written, on SQLite and PostgreSQL: declared once, installed, checked and re-installed from here.

They guard against mistakes and injection. Whoever owns the database can remove them; the evidence is the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# pg_trigger.tgtype: row 1, before 2, insert 4, delete 8, update 16, truncate 32 (src/include/catalog/pg_trigger.h)
ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE = 1, 2, 4, 8, 16, 32
DENY_FUNCTION = "audit_deny_change"
DENY_BODY = """
BEGIN
  RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
"""


@dataclass(frozen=True)
class PostgresTrigger:
    """One trigger on PostgreSQL: what it fires on, the function with its body, and whether it waits for COMMIT."""

    when: str
    kind: int
    function: str
    body: str
    at_commit: bool = False

    def function_sql(self) -> str:
        """The statement that makes or replaces the function."""
        return (
            f"CREATE OR REPLACE FUNCTION public.{self.function}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = pg_catalog, pg_temp AS $guard${self.body}$guard$"
        )

    def trigger_sql(self, name: str, table: str) -> str:
        """The statement that makes the trigger on `table`."""
        constraint = "CONSTRAINT " if self.at_commit else ""
        return f"CREATE {constraint}TRIGGER {name} {self.when.format(table=table)} EXECUTE FUNCTION public.{self.function}()"


NOTHING = PostgresTrigger("", 0, "", "")


@dataclass(frozen=True)
class Guard:
    """All triggers of one table, by name, for each database."""

    table: str
    sqlite: dict[str, str] = field(default_factory=dict)
    postgresql: dict[str, PostgresTrigger] = field(default_factory=dict)

    def and_also(self, other: Guard) -> Guard:
        """Both guards of the same table as one."""
        return Guard(self.table, self.sqlite | other.sqlite, self.postgresql | other.postgresql)


def deny_changes(table: str, keys: Sequence[Sequence[str]] = ()) -> Guard:
    """The guard that refuses UPDATE, DELETE, TRUNCATE and REPLACE on `table`.

    `keys` lists the unique columns: SQLite replaces a row through a unique key without firing its DELETE trigger unless
    `recursive_triggers` is on, so each insert is also checked against every key.
    """
    sqlite = {
        f"{table}_no_{verb.lower()}": f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        for verb in ("UPDATE", "DELETE")
    }
    if keys:
        sqlite[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {_same(keys)}) "
            "BEGIN SELECT RAISE(ABORT, 'append-only: key exists'); END"
        )
    row = PostgresTrigger("BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", ROW | BEFORE | UPDATE | DELETE, DENY_FUNCTION, DENY_BODY)
    statement = PostgresTrigger("BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", BEFORE | TRUNCATE, DENY_FUNCTION, DENY_BODY)
    return Guard(table, sqlite, {f"{table}_no_change": row, f"{table}_no_truncate": statement})


def deny_updates(table: str) -> Guard:
    """The guard of rows that may be erased and never altered: refuses UPDATE alone."""
    name = f"{table}_no_update"
    sqlite = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    row = PostgresTrigger("BEFORE UPDATE ON {table} FOR EACH ROW", ROW | BEFORE | UPDATE, DENY_FUNCTION, DENY_BODY)
    return Guard(table, {name: sqlite}, {name: row})


def _same(keys: Sequence[Sequence[str]]) -> str:
    return " OR ".join("(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys)


PROTECTED: dict[str, Guard] = {}


def protect(guard: Guard) -> None:
    """Name a guard that every migration re-installs and every check looks for; called from `AppConfig.ready()`."""
    PROTECTED[guard.table] = guard


def install(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    """Put every trigger of `guard` in place, replacing what has its name."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, sql in guard.sqlite.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(sql)
            return
        for name, trigger in guard.postgresql.items():
            table = f"public.{guard.table}"
            cursor.execute(trigger.function_sql())
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            cursor.execute(trigger.trigger_sql(name, table))
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def install_missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Re-install every protected table's triggers where one is missing or altered; returns what was wrong."""
    wrong = []
    for guard in _present(connection):
        found = list(faults(connection, guard))
        if found:
            install(connection, guard)
        wrong += found
    return wrong


def faults(connection: BaseDatabaseWrapper, guard: Guard) -> Iterator[str]:
    """What is wrong with the triggers of an existing table: missing, disabled, altered, or more than there should be."""
    expected: dict[str, tuple[object, ...]]
    if connection.vendor == "sqlite":
        expected = {name: (sql,) for name, sql in guard.sqlite.items()}
        found = _sqlite_triggers(connection, guard.table)
    else:
        expected = {name: (one.kind, "A", one.function, one.body, one.at_commit, True) for name, one in guard.postgresql.items()}
        found = _postgresql_triggers(connection, guard.table)
    for name in sorted(expected.keys() - found.keys()):
        yield f"{guard.table}: trigger {name} is missing"
    for name in sorted(found.keys() - expected.keys()):
        yield f"{guard.table}: {name} is not one of ours"
    for name in sorted(expected.keys() & found.keys()):
        if expected[name] != found[name]:
            yield f"{guard.table}: trigger {name} is altered or disabled"


def all_faults(connection: BaseDatabaseWrapper) -> list[str]:
    """What is wrong with the triggers of every protected table that exists."""
    return [fault for guard in _present(connection) for fault in faults(connection, guard)]


def lift(connection: BaseDatabaseWrapper) -> None:
    """Remove all guards, so that a test can empty its database; refuses any database that is not one of the test runner's."""
    if not is_test_database(connection):
        raise PermissionError(f"{connection.settings_dict['NAME']}: guards are lifted in a test database only")
    with transaction.atomic(using=connection.alias):
        connection.check_constraints()  # what waits for COMMIT is asked now: PostgreSQL drops no trigger while one of its rows waits
        for guard in _present(connection):
            remove(connection, guard)


def remove(connection: BaseDatabaseWrapper, guard: Guard) -> None:
    """Drop the triggers of `guard`; the way back of a migration."""
    with connection.cursor() as cursor:
        for name in guard.sqlite if connection.vendor == "sqlite" else guard.postgresql:
            where = "" if connection.vendor == "sqlite" else f" ON public.{guard.table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")


def clear(connection: BaseDatabaseWrapper, table: str) -> None:
    """Drop every trigger of `table`, whoever made it; for a migration that is about to change the table."""
    found = _sqlite_triggers(connection, table) if connection.vendor == "sqlite" else _postgresql_triggers(connection, table)
    remove(connection, Guard(table, dict.fromkeys(found, ""), dict.fromkeys(found, NOTHING)))


def is_test_database(connection: BaseDatabaseWrapper) -> bool:
    """Whether this is a database that the test runner made: in memory, or with a name that begins with test_."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return name == ":memory:" or "mode=memory" in name or name.rpartition("/")[2].startswith("test_")
    return name.startswith("test_")


def _present(connection: BaseDatabaseWrapper) -> list[Guard]:
    tables = set(connection.introspection.table_names())
    return [guard for guard in PROTECTED.values() if guard.table in tables]


def _sqlite_triggers(connection: BaseDatabaseWrapper, table: str) -> dict[str, tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        return {name: (sql,) for name, sql in cursor.fetchall()}


def _postgresql_triggers(connection: BaseDatabaseWrapper, table: str) -> dict[str, tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, t.tgtype, t.tgenabled::text, p.proname, p.prosrc, t.tgdeferrable AND t.tginitdeferred, "
            "t.tgqual IS NULL AND t.tgattr::text = '' "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE t.tgrelid = to_regclass(%s) AND NOT t.tgisinternal",
            [f"public.{table}"],
        )
        found: dict[str, tuple[object, ...]] = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
        cursor.execute("SELECT rulename FROM pg_rules WHERE schemaname = 'public' AND tablename = %s", [table])
        return found | {f"rule {name}": () for (name,) in cursor.fetchall()}
