"""The functions through which PostgreSQL appends to the log: they run as the table's owner, so the site's role needs no right to write it.

`audit_next()` waits for its turn and says which position is next; `audit_turn(type, id, request)` does so and says in the same answer what stands
before an event on this object; `audit_append(leaf)` hashes the leaf, reads the siblings and inserts one row whose copied columns come from the leaf
and not from the caller. A migration installs them, every migration re-installs them where they differ from this text, and audit.E001 compares them
with it. SQLite has no roles: there `lynxweb.audit.tail` does the same in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit.leaf import LARGEST_LEAF_BYTES

LOCK = 7110
LOCK_TIMEOUT = "20s"
# sqlstates of our own, so that a refusal is told from a failure
WRONG_ISOLATION, NOT_NEXT = "LX001", "LX002"
SEARCH_PATH = "search_path=pg_catalog, pg_temp"

# The wait for the lock and the look at the position are two statements: the second one's snapshot is taken after the wait.
NEXT = f"""
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'audit: needs READ COMMITTED, this transaction is %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = '{WRONG_ISOLATION}';
  END IF;
  PERFORM set_config('synchronous_commit', 'on', true), set_config('lock_timeout', '{LOCK_TIMEOUT}', true);
  PERFORM pg_advisory_xact_lock({LOCK});
  RETURN (SELECT coalesce(max(seq) + 1, 0) FROM ONLY public.audit_event);
END
"""
# Everything that record() has to know once it is its turn, in one answer: all other writers wait for what goes on between it and COMMIT.
TURN = """
BEGIN
  place := public.audit_next();
  SELECT sha256 INTO anchor FROM public.audit_checkpoint ORDER BY size DESC LIMIT 1;
  SELECT CASE kind WHEN 'halt' THEN reason END INTO halted FROM public.audit_halt ORDER BY id DESC LIMIT 1;
  SELECT seq, object_rev INTO prev, rev FROM ONLY public.audit_event WHERE object_type = p_type AND object_id = p_id ORDER BY object_rev DESC LIMIT 1;
  repeated := EXISTS (SELECT FROM ONLY public.audit_event WHERE request_id = p_request);
  RETURN NEXT;
END
"""
TURN_ROW = "TABLE (place bigint, anchor text, halted text, prev bigint, rev bigint, repeated boolean)"
APPEND = f"""
DECLARE
  n bigint := public.audit_next();
  doc jsonb := convert_from(p_leaf, 'UTF8')::jsonb;
  h bytea := sha256('\\x00'::bytea || p_leaf);
  path bytea := h;
  lvl int := 0;
  sibling bytea;
BEGIN
  IF (doc->>'seq')::bigint IS DISTINCT FROM n THEN
    RAISE EXCEPTION 'audit: the leaf says %, next is %', doc->>'seq', n USING ERRCODE = '{NOT_NEXT}';
  END IF;
  IF octet_length(p_leaf) > {LARGEST_LEAF_BYTES} THEN
    RAISE EXCEPTION 'audit: a leaf of % bytes', octet_length(p_leaf) USING ERRCODE = 'check_violation';
  END IF;
  WHILE ((n + 1) >> lvl) & 1 = 0 LOOP
    SELECT substring(hashes FROM 32 * lvl + 1 FOR 32) INTO STRICT sibling FROM ONLY public.audit_event WHERE seq = n - (1::bigint << lvl);
    h := sha256('\\x01'::bytea || sibling || h);
    path := path || h;
    lvl := lvl + 1;
  END LOOP;
  INSERT INTO public.audit_event (seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id)
  VALUES (n, p_leaf, path, doc->>'time', doc#>>'{{actor,id}}', doc->>'action', doc#>>'{{object,type}}', doc#>>'{{object,id}}',
          (doc#>>'{{object,rev}}')::bigint, doc->>'request_id')
  RETURNING seq INTO STRICT n;
  RETURN n;
END
"""


@dataclass(frozen=True)
class Function:
    """One SECURITY DEFINER function in PL/pgSQL; `arguments` are names with types, it returns a position unless `returns` says otherwise."""

    name: str
    arguments: str
    body: str
    returns: str = "bigint"

    @property
    def signature(self) -> str:
        """The name and the argument types, as GRANT and REVOKE take them."""
        types = [one.rpartition(" ")[2] for one in self.arguments.split(", ")]
        return f"public.{self.name}({', '.join(types)})"

    def sql(self) -> str:
        """The statement that makes or replaces it."""
        return (
            f"CREATE OR REPLACE FUNCTION public.{self.name}({self.arguments}) RETURNS {self.returns} LANGUAGE plpgsql SECURITY DEFINER "
            f"SET search_path = pg_catalog, pg_temp AS $audit${self.body}$audit$"
        )


FUNCTIONS = (
    Function("audit_next", "", NEXT),
    Function("audit_append", "p_leaf bytea", APPEND),
    Function("audit_turn", "p_type text, p_id text, p_request text", TURN, TURN_ROW),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make or replace the functions and take them away from PUBLIC; nothing to do on SQLite."""
    if connection.vendor != "postgresql":
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for function in FUNCTIONS:
            cursor.execute(function.sql())
            cursor.execute(f"REVOKE ALL ON FUNCTION {function.signature} FROM PUBLIC")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the functions; the way back of a migration."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for function in reversed(FUNCTIONS):
                cursor.execute(f"DROP FUNCTION IF EXISTS {function.signature}")


def install_missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Re-install the functions where one is missing or altered; returns what was wrong."""
    found = list(faults(connection))
    if found:
        install(connection)
    return found


def faults(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """What is wrong with the functions of a log that has its tables: missing, altered, open to everybody, or somebody else's."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.audit_checkpoint') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return
        found = {function.name: _state(cursor, function) for function in FUNCTIONS}
    for function in FUNCTIONS:
        state = found[function.name]
        if state is None:
            yield f"function {function.signature} is missing"
        elif state[:4] != (function.body, True, [SEARCH_PATH], "plpgsql"):
            yield f"function {function.signature} is altered"
        elif state[4]:
            yield f"function {function.signature} is open to PUBLIC"
        elif not state[5]:
            yield f"function {function.signature} has another owner than the log"


def _state(cursor: object, function: Function) -> tuple[object, ...] | None:
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT p.prosrc, p.prosecdef, p.proconfig, l.lanname, has_function_privilege('public', p.oid, 'EXECUTE'), p.proowner = c.relowner "
        "FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang, pg_class c "
        "WHERE p.oid = to_regprocedure(%s) AND c.oid = to_regclass('public.audit_event')",
        [function.signature],
    )
    row: tuple[object, ...] | None = cursor.fetchone()  # type: ignore[attr-defined]
    return row
