"""A watcher learns whether the process lives and whether it can work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lynxweb import readiness


def test_the_process_answers_without_a_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_ready_site_says_so_part_by_part(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"] == dict.fromkeys(["database", "migrations", "broker", "disk", "storage"], "ok")


@pytest.mark.django_db
def test_a_missing_broker_is_named(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.CELERY_BROKER_URL, settings.BROKER_FOLDER = "filesystem://", tmp_path / "gone"
    answer = client.get("/readyz")
    assert answer.status_code == 503 and answer.json()["parts"]["broker"] == "the broker folder is not writable"


@pytest.mark.django_db
def test_a_full_disk_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 2**62)
    assert "MiB free" in client.get("/readyz").json()["parts"]["disk"]


def test_every_answer_carries_the_content_security_policy(client: Client) -> None:
    policy = client.get("/healthz")["Content-Security-Policy"]
    wanted = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    assert sorted(policy.split("; ")) == sorted(wanted.split("; "))
    assert "unsafe" not in policy
