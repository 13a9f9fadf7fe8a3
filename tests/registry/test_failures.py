"""An intake that breaks at any of its steps leaves neither rows nor files nor an event, and the next attempt succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from lynxweb.audit.models import Event
from lynxweb.registry import filing, intake
from lynxweb.registry.models import Document, Run
from tests.registry.world import World, bundle_of, upload


class PowerCut(BaseException):
    """Something that no code of ours catches."""


@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (filing, "file_run"),
        (filing, "_files"),
        (filing, "_metrics"),
        (filing, "file_findings"),
        (intake, "record"),
        (intake, "check"),
        (filing, "place"),
    ],
)
def test_a_step_that_breaks_leaves_nothing(site: World, own_folders: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    def broken(*_arguments: object, **_named: object) -> None:
        raise PowerCut

    events, documents = Event.objects.count(), Document.objects.count()
    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(module, name, broken)
        upload(site, bundle_of(site))
    assert (Run.objects.count(), Event.objects.count(), Document.objects.count()) == (0, events, documents)
    assert [path for path in own_folders.rglob("*") if path.is_file() and "keys" not in path.parts] == []
    assert upload(site, bundle_of(site)).created
