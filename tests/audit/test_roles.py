"""PostgreSQL by role (X11): what the site's role, a role with every grant and the owner can do to the log beside its functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

from lynxweb.audit import checks, functions, ownership
from lynxweb.audit.functions import FUNCTIONS
from tests.audit.conftest import Append
from tests.benchmarks._cluster import Cluster
from tests.conftest import ROOT

COLUMNS = "seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id"
ROW = f"SELECT max(seq) + %s, leaf, hashes, time, actor, action, 'x', 'x', 1, 'x' FROM audit_event WHERE seq = 0 GROUP BY {COLUMNS}"
NEXT = "(SELECT max(seq) + 1 FROM public.audit_event)"

# Data manipulation, then functions, then data definition and settings.
DML = {
    "update": "UPDATE audit_event SET actor = 'x' WHERE seq = 1",
    "delete": "DELETE FROM audit_event WHERE seq = 1",
    "truncate": "TRUNCATE audit_event",
    "insert elsewhere": f"INSERT INTO audit_event ({COLUMNS}) {ROW % 100}",
    "insert again": f"INSERT INTO audit_event ({COLUMNS}) SELECT {COLUMNS} FROM audit_event WHERE seq = 1",
    "upsert": f"INSERT INTO audit_event ({COLUMNS}) SELECT {COLUMNS} FROM audit_event WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
    "merge": "MERGE INTO audit_event e USING (SELECT 1 AS seq) s ON e.seq = s.seq WHEN MATCHED THEN UPDATE SET actor = 'x'",
    "delete in a query": "WITH gone AS (DELETE FROM audit_event WHERE seq = 1 RETURNING *) SELECT count(*) FROM gone",
    "a leaf for another position": "SELECT public.audit_append(convert_to('{\"seq\": 0}', 'UTF8'))",
    "a leaf that is no JSON": "SELECT public.audit_append('\\x00')",
    "a leaf without its fields": f"SELECT public.audit_append(convert_to('{{\"seq\": ' || {NEXT} || '}}', 'UTF8'))",
}
DDL = {
    "disable triggers": "ALTER TABLE audit_event DISABLE TRIGGER ALL; UPDATE audit_event SET actor = 'x' WHERE seq = 1",
    "drop a trigger": "DROP TRIGGER audit_event_no_change ON audit_event; DELETE FROM audit_event WHERE seq = 1",
    "replace the guard": (
        "CREATE OR REPLACE FUNCTION public.audit_deny_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; "
        "DELETE FROM audit_event WHERE seq = 1"
    ),
    "rewrite a column": "ALTER TABLE audit_event ALTER COLUMN actor TYPE varchar(200) USING 'x'",
    "drop the table": "DROP TABLE audit_event",
    "an inheriting child": f"CREATE TABLE child () INHERITS (audit_event); INSERT INTO child ({COLUMNS}) {ROW % 1}",
    "a rule that swallows": "CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING",
    "a shadow": "CREATE TEMPORARY TABLE audit_event (LIKE public.audit_event)",
    "replace the append": (
        "CREATE OR REPLACE FUNCTION public.audit_append(p_leaf bytea) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN 0; END'"
    ),
    "replica mode": "SET session_replication_role = replica; DELETE FROM audit_event WHERE seq = 1",
    "become the owner": "SET ROLE log_owner; ALTER TABLE audit_event DISABLE TRIGGER ALL; DELETE FROM audit_event WHERE seq = 1",
    "a schema in front": "CREATE SCHEMA front; CREATE TABLE front.audit_event (LIKE public.audit_event)",
}
SUPERUSERS_ONLY = {"replica mode"}  # the triggers are ENABLE ALWAYS, so even there they refuse
# docs/audit.md, "What triggers cannot stop": a role that owns the tables can do all of these.
OWNERS_CAN = {name for name in DDL if name not in SUPERUSERS_ONLY}
GRANTED_CAN = {"a shadow"}  # which the pinned search path of the functions ignores


@pytest.fixture(scope="session")
def two_roles(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with two roles whose database is migrated and holds a small world; a third role has every grant on the tables."""
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        for role in ("log_owner", "log_site", "log_granted"):
            superuser.execute(f"CREATE ROLE {role} LOGIN")
        superuser.execute("CREATE DATABASE roles OWNER log_owner")
    environment = {
        "LYNXWEB_HOME": str(tmp_path_factory.mktemp("roles")),
        "DATABASE_URL": cluster.url("roles", "log_site"),
        "LYNXWEB_OWNER_DATABASE_URL": cluster.url("roles", "log_owner"),
    }
    _python(environment, "-m", "tests.journeys.inside", "make")
    with psycopg.connect(cluster.url("roles"), autocommit=True) as superuser:
        superuser.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO log_granted; GRANT TEMPORARY ON DATABASE roles TO log_granted")
        superuser.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO log_granted")
    return environment


def _python(environment: dict[str, str], *arguments: str, status: int = 0) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def role(cluster: Cluster, two_roles: dict[str, str], request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the role of the parameter; whatever it does is rolled back."""
    with psycopg.connect(cluster.url("roles", request.param)) as session:
        yield session
        session.rollback()


def _succeeds(session: psycopg.Connection[Any], sql: str) -> bool:
    try:
        session.execute(sql)  # type: ignore[call-overload]
    except psycopg.Error:
        return False
    finally:
        session.rollback()
    return True


def test_the_site_works_with_a_role_that_may_not_write_the_log(two_roles: dict[str, str]) -> None:
    assert _python(two_roles, "-m", "tests.audit.appender", "w", "3").strip() == "refused 0"
    audit = json.loads(_python(two_roles, "manage.py", "full_audit"))
    assert audit["faults"] == [] and audit["size"] > 10
    assert f"\n{audit['size']}\n" in _python(two_roles, "manage.py", "sign_checkpoint")
    state = json.loads(_python(two_roles, "-m", "tests.journeys.inside", "state"))
    assert state["clean"]


@pytest.mark.parametrize("role", ["log_site"], indirect=True)
def test_the_sites_role_can_do_nothing_to_the_log_but_append(role: psycopg.Connection[Any]) -> None:
    assert [name for name, sql in (DML | DDL).items() if _succeeds(role, sql)] == []


@pytest.mark.parametrize("role", ["log_site"], indirect=True)
def test_the_sites_role_cannot_even_insert_the_next_row_itself(role: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(f"INSERT INTO audit_event ({COLUMNS}) {ROW % 1}")  # type: ignore[call-overload]


@pytest.mark.parametrize("role", ["log_site"], indirect=True)
@pytest.mark.parametrize("table", ["audit_checkpoint", "audit_halt", "audit_document", "registry_document"])
def test_the_sites_role_cannot_change_an_insert_only_table(role: psycopg.Connection[Any], table: str) -> None:
    for sql in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role.execute(sql)  # type: ignore[call-overload]
        role.rollback()


@pytest.mark.parametrize("role", ["log_granted"], indirect=True)
def test_every_grant_on_the_table_opens_no_way_by_data_manipulation(role: psycopg.Connection[Any]) -> None:
    assert [name for name, sql in DML.items() if _succeeds(role, sql)] == []
    assert {name for name, sql in DDL.items() if _succeeds(role, sql)} == GRANTED_CAN


@pytest.mark.parametrize("role", ["log_owner"], indirect=True)
def test_the_owner_can_do_by_definition_what_the_documentation_lists_and_nothing_by_manipulation(role: psycopg.Connection[Any]) -> None:
    assert [name for name, sql in DML.items() if _succeeds(role, sql)] == []
    assert {name for name, sql in DDL.items() if _succeeds(role, sql)} == OWNERS_CAN


@pytest.mark.parametrize("role", ["lynxweb"], indirect=True)
def test_triggers_fire_for_a_superuser_in_replica_mode_too(role: psycopg.Connection[Any]) -> None:
    assert not _succeeds(role, DDL["replica mode"])


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("role", ["log_site"], indirect=True)
def test_a_stricter_isolation_is_refused_by_the_function_itself(role: psycopg.Connection[Any], isolation: str) -> None:
    role.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")  # type: ignore[call-overload]
    with pytest.raises(psycopg.Error, match="READ COMMITTED") as refused:
        role.execute("SELECT public.audit_next()")
    assert refused.value.sqlstate == functions.WRONG_ISOLATION


@pytest.mark.parametrize("role", ["log_site"], indirect=True)
def test_the_function_makes_the_commit_durable_and_bounds_the_wait(role: psycopg.Connection[Any]) -> None:
    role.execute("SET synchronous_commit = off")
    role.execute("SELECT public.audit_next()")
    found = role.execute("SELECT current_setting('synchronous_commit'), current_setting('lock_timeout')").fetchone()
    assert found == ("on", functions.LOCK_TIMEOUT)


@pytest.mark.parametrize(
    "harm",
    [
        "GRANT INSERT ON audit_event TO log_site",
        "GRANT UPDATE ON audit_event TO log_site",
        "GRANT log_owner TO log_site",
        "GRANT TEMPORARY ON DATABASE roles TO log_site",
        "GRANT CREATE ON SCHEMA public TO log_site",
        "ALTER ROLE log_site SUPERUSER",
    ],
)
def test_a_right_too_many_is_found(db: None, cluster: Cluster, two_roles: dict[str, str], harm: str) -> None:
    site = ConnectionHandler({"default": {"ENGINE": "django.db.backends.postgresql", **_address(cluster)}})["default"]
    assert list(ownership.faults(site, "log_site")) == []
    with psycopg.connect(cluster.url("roles"), autocommit=True) as superuser:
        superuser.execute(harm)  # type: ignore[call-overload]
        try:
            assert list(ownership.faults(site, "log_site")) != []
        finally:
            superuser.execute("REVOKE log_owner FROM log_site; ALTER ROLE log_site NOSUPERUSER; REVOKE INSERT, UPDATE ON audit_event FROM log_site")
            superuser.execute("REVOKE TEMPORARY ON DATABASE roles FROM log_site; REVOKE CREATE ON SCHEMA public FROM log_site")
            site.close()


def _address(cluster: Cluster) -> dict[str, str]:
    return {"NAME": "roles", "USER": "log_site", "HOST": "127.0.0.1", "PORT": str(cluster.port)}


def test_the_check_tells_a_right_too_many_and_audit_roles_takes_it_back(cluster: Cluster, two_roles: dict[str, str]) -> None:
    check = ("manage.py", "check", "--database", "default")
    with psycopg.connect(cluster.url("roles"), autocommit=True) as superuser:
        superuser.execute("GRANT UPDATE ON audit_event TO log_site")
    assert "audit.E002" in _python(two_roles, *check, status=1)
    _python(two_roles, "manage.py", "audit_roles")
    assert "no issues" in _python(two_roles, *check)


def test_one_role_is_warned_about_and_cannot_ask_for_two(tmp_path: Path) -> None:
    if connection.vendor == "postgresql":
        assert [one.id for one in checks.one_role(databases=["default"])] == ["audit.W001"]
    assert "LYNXWEB_OWNER_DATABASE_URL is not set" in _python({"LYNXWEB_HOME": str(tmp_path)}, "manage.py", "audit_roles", status=1)


# -- The functions themselves, on the database of the tests --------------------------------------------------------------------------------------


def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("functions are PostgreSQL's")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (FUNCTIONS[1].sql().replace("IS DISTINCT FROM n", "IS DISTINCT FROM n + 1"), "is altered"),
        ("ALTER FUNCTION public.audit_append(bytea) SECURITY INVOKER", "is altered"),
        ("ALTER FUNCTION public.audit_append(bytea) RESET search_path", "is altered"),
        ("GRANT EXECUTE ON FUNCTION public.audit_append(bytea) TO PUBLIC", "is open to PUBLIC"),
        ("DROP FUNCTION public.audit_next()", "is missing"),
    ],
    ids=["body", "invoker", "path", "public", "dropped"],
)
def test_an_altered_function_is_reported_and_re_installed(append: Append, harm: str, said: str) -> None:
    _postgresql_only()
    with connection.cursor() as cursor:
        cursor.execute(harm)
    errors = checks.triggers_present(databases=["default"])
    assert [error.id for error in errors] == ["audit.E001"] and said in errors[0].msg
    assert len(functions.install_missing(connection)) == 1
    assert checks.triggers_present(databases=["default"]) == []
    append()


def test_the_columns_of_a_row_come_from_its_leaf(append: Append) -> None:
    _postgresql_only()
    leaf = {
        "seq": append().seq + 1,
        "time": "t",
        "actor": {"id": "a"},
        "action": "b",
        "object": {"type": "c", "id": "d", "rev": 7},
        "request_id": "e",
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.audit_append(%s)", [json.dumps(leaf).encode()])
        cursor.execute(
            "SELECT time, actor, action, object_type, object_id, object_rev, request_id FROM audit_event WHERE seq = %s", [cursor.fetchone()[0]]
        )
        assert cursor.fetchone() == ("t", "a", "b", "c", "d", 7, "e")


def test_a_site_with_one_role_has_no_fault_of_two(append: Append) -> None:
    assert checks.two_roles(databases=["default"]) == []
    assert list(ownership.faults(connection, "no_such_role")) == []
