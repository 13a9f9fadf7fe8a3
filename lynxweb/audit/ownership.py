"""Two roles on PostgreSQL: one owns every table and function, the other runs the site and can write the log only through the functions.

`LYNXWEB_OWNER_DATABASE_URL` names the owner, for `migrate` and `audit_roles` alone; `DATABASE_URL` names the site's role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit.functions import FUNCTIONS
from lynxweb.audit.insert_only import InsertOnly
from lynxweb.audit.models import Event
from lynxweb.audit.models_redactions import REDACTABLE

READ_ONLY_TABLES = frozenset({Event._meta.db_table, "django_migrations"})
ORDINARY, INSERTING, READING = "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT", "SELECT"
NEVER_ON_THE_LOG = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@contextmanager
def as_owner(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """This process's connection to `alias` as the owner, where there is one of its own; the site's role again afterwards."""
    connection, owner = connections[alias], settings.DATABASE_OWNER
    if owner is None or connection.vendor != "postgresql":
        yield connection
        return
    kept = connection.settings_dict
    connection.close()
    connection.settings_dict = {**kept, "USER": owner.user, "PASSWORD": owner.password}
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict = kept


def grant(connection: BaseDatabaseWrapper, role: str) -> None:
    """As the owner: give `role` what the site needs and nothing else; repeating it changes nothing. New tables need it again."""
    tables = connection.introspection.table_names()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        for sql in [*_of_database(_quoted(connection, cursor.fetchone()[0])), *_of_schema(tables)]:
            cursor.execute(sql.format(role=_quoted(connection, role)))


def faults(connection: BaseDatabaseWrapper, role: str) -> Iterator[str]:
    """Everything through which `role` could change the log beside its functions."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.audit_event') IS NOT NULL AND to_regrole(%s) IS NOT NULL", [role])
        if not cursor.fetchone()[0]:
            return
        cursor.execute(
            "SELECT r.rolsuper, pg_has_role(r.oid, c.relowner, 'MEMBER'), pg_has_role(r.oid, d.datdba, 'MEMBER'), "
            "has_schema_privilege(r.oid, 'public', 'CREATE'), has_database_privilege(r.oid, d.oid, 'TEMP') "
            "FROM pg_roles r, pg_class c, pg_database d "
            "WHERE r.rolname = %s AND c.oid = to_regclass('public.audit_event') AND d.datname = current_database()",
            [role],
        )
        superuser, owner, database, create, temporary = cursor.fetchone()
        held = []
        for privilege in NEVER_ON_THE_LOG:
            cursor.execute("SELECT has_table_privilege(%s, 'public.audit_event', %s)", [role, privilege])
            held += [privilege] * cursor.fetchone()[0]
    said = {"is a superuser": superuser, "owns the log": owner, "owns the database": database}
    said |= {"may create tables in schema public": create, "may make temporary tables, which shadow ours": temporary}
    said |= {f"may {', '.join(held)} on audit_event": bool(held) and not (superuser or owner)}
    yield from (f"role {role} {what}" for what, so in said.items() if so)


def _of_database(database: str) -> Iterator[str]:
    yield f"REVOKE TEMPORARY, CREATE ON DATABASE {database} FROM PUBLIC, {{role}}"
    yield f"GRANT CONNECT ON DATABASE {database} TO {{role}}"


def _of_schema(tables: Iterable[str]) -> Iterator[str]:
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}"
    yield "GRANT USAGE ON SCHEMA public TO {role}"
    inserting = {model._meta.db_table for model in apps.get_models() if issubclass(model, InsertOnly)}
    for table in sorted(tables):
        rights = READING if table in READ_ONLY_TABLES else INSERTING if table in inserting else ORDINARY
        yield f'REVOKE ALL ON public."{table}" FROM PUBLIC, {{role}}'
        yield f'GRANT {rights} ON public."{table}" TO {{role}}'
    for table in (table for table in REDACTABLE if table in tables):  # its trigger lets content become nothing, beside a redaction alone
        yield f'GRANT UPDATE (content) ON public."{table}" TO {{role}}'
    yield "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
    for function in FUNCTIONS:
        yield f"REVOKE ALL ON FUNCTION {function.signature} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {function.signature} TO {{role}}"


def _quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    return connection.ops.quote_name(name).replace("{", "{{").replace("}", "}}")
