"""Whoever is killed, whenever: nothing acknowledged is lost, no position is given twice, and no size ever has two signed roots."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from lynxweb.audit import signing
from lynxweb.audit.memory import recall
from lynxweb.audit.models import Checkpoint
from tests.audit.conftest import Append
from tests.benchmarks import _crashes
from tests.benchmarks._cluster import Cluster

SAFE = {"lost": 0, "doubled": 0, "alone": 0, "faults": 0}


def _told(figures: dict[str, int]) -> dict[str, int]:
    return {name: figures[name] for name in SAFE}


def _on(cluster: Cluster, name: str, folder: Path) -> dict[str, str]:
    with psycopg.connect(cluster.url(), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {name}")
    place = f"{cluster.programs}:{cluster.folder}:{cluster.port}"
    return {"LYNXWEB_HOME": str(folder), "DATABASE_URL": cluster.url(name), "CRASH_CLUSTER": place}


def test_two_writers_of_a_sqlite_file_killed_at_random_lose_nothing(tmp_path: Path) -> None:
    """F2."""
    figures = _crashes.run("sqlite", 15, {"LYNXWEB_HOME": str(tmp_path), "DATABASE_URL": ""})
    assert _told(figures) == SAFE and figures["acknowledged"] >= figures["rounds"] == 15


@pytest.mark.parametrize(("kind", "rounds"), [("backend", 4), ("stop", 3)])
def test_three_writers_lose_nothing_when_postgresql_crashes(cluster: Cluster, tmp_path: Path, kind: str, rounds: int) -> None:
    """F3: a killed backend and an immediate stop, with fsync on."""
    figures = _crashes.run(kind, rounds, _on(cluster, f"crash_{kind}", tmp_path))
    assert _told(figures) == SAFE and figures["acknowledged"] >= rounds


def test_the_crash_test_itself_notices_commits_that_are_not_durable(cluster: Cluster, tmp_path: Path) -> None:
    """F3: the same rounds, with what `record()` forces undone behind its back, lose acknowledged events."""
    figures = _crashes.run("careless", 2, _on(cluster, "crash_careless", tmp_path))
    assert figures["lost"] > 0


def test_a_signer_killed_at_every_step_never_signs_two_roots_for_one_size(tmp_path: Path) -> None:
    """F5: processes killed before, inside and after write, sync, rename and sync of the folder."""
    figures = _crashes.run("signer", 2 * len(_crashes.cut_points()), {"LYNXWEB_HOME": str(tmp_path), "DATABASE_URL": ""})
    assert figures == {"rounds": 18, "two_roots": 0, "inconsistent": 0, "refused": 0, "faults": 0}


class _Cut(Exception):
    """The power fails here."""


def _fail() -> None:
    raise _Cut


@pytest.mark.parametrize("durable", [True, False], ids=["renamed", "rename-lost"])
@pytest.mark.parametrize(("step", "when"), _crashes.cut_points())
def test_after_a_cut_the_memory_is_the_old_or_the_new_one_and_signing_goes_on(
    append: Append, signer: Path, step: str, when: str, durable: bool
) -> None:
    """F5: the same cuts in this process; before the folder is synced, the disk may also still show the old file."""
    append()
    old = signing.sign()
    state = (signer / "state.json").read_bytes()
    size = append().seq + 1
    with pytest.raises(_Cut):
        signing.sign(files=_crashes.cutting_files(step, when, _fail))
    if not durable and (step, when) != ("sync-folder", "after"):
        (signer / "state.json").write_bytes(state)
    memory = recall(signer)
    assert memory is not None and memory.size in (old.size, size)
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [old.size], "nothing is published before its memory is on the disk"
    again = signing.sign()
    assert again.size == size and signing.sign() == again
