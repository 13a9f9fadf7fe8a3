"""The log opens once, names its keys, and signs receipts with the key it names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from lynxweb.audit import checks, guards
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Subject
from lynxweb.audit.keyring import Exposed, kept_key, move_key, read_key
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.opening import log_settings, open_log, receipt_for, set_two_person_rule
from lynxweb.audit.record import NotRecordable, record, recorded_as
from runner.contract import receipts
from runner.contract.canonical import sha256
from tests.audit.conftest import BECAUSE, ENGINEER, Append


@pytest.mark.django_db
def test_position_0_opens_the_log_and_attaches_its_settings() -> None:
    leaf = json.loads(bytes(Event.objects.get(seq=0).leaf))
    document = LogDocument.objects.get(digest=leaf["payload"])
    assert leaf["action"] == "log.open" and sha256(bytes(document.content)) == leaf["payload"]
    assert leaf["object"]["id"] == log_settings().origin and not log_settings().two_person_rule


@pytest.mark.django_db
def test_opening_again_changes_nothing() -> None:
    assert open_log() == open_log() == recorded_as("log.open")
    assert Event.objects.filter(action="log.open").count() == 1


@pytest.mark.django_db
def test_a_log_opens_once() -> None:
    with pytest.raises(NotRecordable, match="open already"), transaction.atomic():
        record(Action.LOG_OPEN, Subject("log", "second"), actor=ENGINEER, reason=BECAUSE, request_id="again")


@pytest.mark.django_db
def test_nothing_is_recorded_before_the_log_is_open() -> None:
    guards.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")
    with pytest.raises(NotRecordable, match="not open"), transaction.atomic():
        record(Action.RUN_DECLARE, Subject("run", "run_1"), actor=ENGINEER, reason=BECAUSE, request_id="early")


def test_a_receipt_verifies_with_the_key_that_the_log_names(append: Append) -> None:
    recorded = append()
    envelope = receipt_for(recorded)
    receipt = receipts.verify(envelope, bytes.fromhex(log_settings().receipt_key))
    assert (receipt.seq, receipt.leaf_digest, receipt.origin) == (recorded.seq, recorded.leaf_digest, log_settings().origin)
    again = recorded_as(recorded.request_id)
    assert again is not None and receipt_for(again) == envelope


def test_a_receipt_key_that_the_log_does_not_name_is_refused(append: Append, tmp_path: Path) -> None:
    kept_key(tmp_path, "receipt.pem")
    with pytest.raises(NotRecordable, match="not the receipt key"):
        receipt_for(append(), folder=tmp_path)


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path, settings: Any) -> None:
    key = kept_key(tmp_path / "keys", "log.pem")
    path = tmp_path / "keys" / "log.pem"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert kept_key(tmp_path / "keys", "log.pem") == key and list(path.parent.iterdir()) == [path]
    settings.LYNXWEB_KEYS = tmp_path / "keys"
    assert checks.private_keys() == []
    path.chmod(0o640)
    assert [error.id for error in checks.private_keys()] == ["audit.E004"]
    with pytest.raises(Exposed, match="chmod 600"):
        read_key(path)


def test_a_log_key_that_an_earlier_version_left_beside_the_receipt_key_moves_to_the_signer(tmp_path: Path) -> None:
    old, new = tmp_path / "keys", tmp_path / "signer"
    key = kept_key(old, "log.pem")
    move_key("log.pem", old, new)
    assert read_key(new / "log.pem") == key and not (old / "log.pem").exists() and new.stat().st_mode & 0o777 == 0o700
    kept_key(old, "log.pem")
    move_key("log.pem", old, new)
    assert read_key(new / "log.pem") == key, "a key that is there is never replaced"


@pytest.mark.django_db
def test_the_log_key_lies_in_the_signers_folder_alone(settings: Any) -> None:
    assert read_key(settings.LYNXWEB_SIGNER_HOME / "log.pem").public.hex() == log_settings().log_key
    assert not (settings.LYNXWEB_KEYS / "log.pem").exists()


@pytest.mark.django_db
def test_a_checkpoint_note_switches_the_two_person_rule_and_nothing_else(append: Append) -> None:
    before = log_settings()
    recorded = set_two_person_rule(ENGINEER, True, reason=BECAUSE, request_id="two:on")
    assert log_settings() == replace(before, two_person_rule=True)
    event = Event.objects.get(seq=recorded.seq)
    assert (event.action, event.object_type, event.object_id, event.object_rev) == ("checkpoint.note", "log", before.origin, 2)
    document = json.loads(bytes(LogDocument.objects.get(digest=json.loads(bytes(event.leaf))["payload"]).content))
    assert document == {"v": 1, "origin": before.origin, "log_key": before.log_key, "receipt_key": before.receipt_key, "two_person_rule": "on"}
    set_two_person_rule(ENGINEER, False, reason=BECAUSE, request_id="two:off")
    assert log_settings() == before
