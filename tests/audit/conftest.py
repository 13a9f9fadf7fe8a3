"""An actor, a reason, a short way to record one event, a signer with a memory of its own, and a server to crash."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record
from tests.benchmarks import _cluster
from tests.conftest import IN_CI

ENGINEER = Actor("user", "act_0123456789", "login", frozenset({"engineer"}), "org_1", role="engineer")
BECAUSE = Reason(text="a test wants it so")
Append = Callable[..., Recorded]


@pytest.fixture
def append(db: None) -> Append:
    """Record one event in a transaction of its own; every argument of `record()` can be changed."""
    numbers = itertools.count()

    def one(**changed: Any) -> Recorded:
        number = next(numbers)
        given: dict[str, Any] = {"actor": ENGINEER, "reason": BECAUSE, "request_id": f"test:{number}", **changed}
        action, subject = given.pop("action", Action.RUN_DECLARE), given.pop("subject", Subject("run", f"run_{number}"))
        with transaction.atomic():
            return record(action, subject, **given)

    return one


@pytest.fixture
def signer(db: None, tmp_path: Path, settings: Any) -> Path:
    """The folder of a signer with the log's key and no memory yet; `signing.sign()` finds it in the settings."""
    folder = tmp_path / "signer"
    folder.mkdir(mode=0o700)
    shutil.copy(settings.LYNXWEB_SIGNER_HOME / "log.pem", folder / "log.pem")
    settings.LYNXWEB_SIGNER_HOME = folder
    return folder


@pytest.fixture(scope="session")
def cluster() -> Iterator[_cluster.Cluster]:
    """A private PostgreSQL that may be stopped and killed; skips where there is no initdb, which CI has."""
    found = _cluster.programs()
    if found is None:
        (pytest.fail if IN_CI else pytest.skip)("no initdb: apt-get install postgresql")
    with _cluster.running(found) as server:
        yield server
