"""F6 and F7: many writers leave no gap, no fork and no double; a wrong way of writing fails closed; a request repeated at once is one event."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.benchmarks import _together
from tests.benchmarks._cluster import Cluster


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, str]:
    """A file of its own."""
    return {"LYNXWEB_HOME": str(tmp_path), "DATABASE_URL": ""}


@pytest.fixture(scope="session")
def postgresql(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of its own, for all tests here."""
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE together")
    return {"LYNXWEB_HOME": str(tmp_path_factory.mktemp("together")), "DATABASE_URL": cluster.url("together")}


def _all_appended(figures: dict[str, int], count: int) -> bool:
    return (figures["appended"], figures["refused"], figures["grown"], figures["faults"]) == (count, 0, count, 0)


@pytest.mark.parametrize("writers", [2, 8])
def test_writers_of_a_sqlite_file_take_turns(sqlite: dict[str, str], writers: int) -> None:
    assert _all_appended(_together.run("proper", writers, 40, sqlite), writers * 40)


@pytest.mark.parametrize("writers", [2, 16])
def test_writers_of_postgresql_take_turns(postgresql: dict[str, str], writers: int) -> None:
    assert _all_appended(_together.run("proper", writers, 40, postgresql), writers * 40)


@pytest.mark.parametrize("mode", ["repeatable read", "serializable"])
def test_a_stricter_isolation_appends_nothing(postgresql: dict[str, str], mode: str) -> None:
    figures = _together.run(mode, 4, 25, postgresql)
    assert (figures["appended"], figures["refused"], figures["grown"], figures["faults"]) == (0, 100, 0, 0)


def test_a_lock_taken_in_the_statement_that_reads_the_position_forks_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """Most of these INSERTs look before they wait; the ones that are refused prove that two never share a place."""
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE one_statement")
    figures = _together.run("one statement", 4, 50, {"LYNXWEB_HOME": str(tmp_path), "DATABASE_URL": cluster.url("one_statement")})
    assert figures["appended"] + figures["refused"] == 200 and figures["refused"] > 0
    with psycopg.connect(cluster.url("one_statement")) as session:
        found = session.execute("SELECT count(*), max(seq) + 1, count(DISTINCT seq) FROM audit_event").fetchone()
    assert found == (figures["appended"] + 1,) * 3


def test_a_request_that_five_writers_send_at_once_is_one_event_on_sqlite(sqlite: dict[str, str]) -> None:
    figures = _together.run("same", 5, 20, sqlite)
    assert (figures["appended"], figures["repeated"], figures["grown"], figures["faults"]) == (20, 80, 20, 0)


def test_a_request_that_five_writers_send_at_once_is_one_event_on_postgresql(postgresql: dict[str, str]) -> None:
    figures = _together.run("same", 5, 20, postgresql)
    assert (figures["appended"], figures["repeated"], figures["grown"], figures["faults"]) == (20, 80, 20, 0)
