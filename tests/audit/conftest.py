"""An actor, a reason and a short way to record one event."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record

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
