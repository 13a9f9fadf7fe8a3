"""What the log shows: whole to whoever sees the object, a position and a hash to everybody else; and proofs that stand on their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lynxweb.accounts.roles import Role
from lynxweb.audit import checkpoints, proofs, signing
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review import log_proofs, log_reading
from lynxweb.review.log_cards import LogFilter
from lynxweb.review.log_checking import checked
from lynxweb.review.log_reading import event_for, events_page, history_for, leaf_for, log_state, receipt_of_request
from lynxweb.review.log_seeing import EVERYBODYS, OBJECTS
from runner.contract import checkpoints as signed
from runner.contract import merkle, tlog_proof
from runner.contract.dsse import parse
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems
from runner.contract.proofs import verify_consistency
from runner.contract.receipts import RECEIPT_TYPE
from tests.audit.conftest import signer
from tests.registry.world import World, bundle_of, changed, upload, world
from tests.review.people import somebody

__all__ = ["signer"]


@pytest.fixture
def site(signer: Path) -> World:
    return world()


@pytest.fixture
def run(site: World) -> str:
    return upload(site, bundle_of(site)).run_digest


@pytest.fixture
def stranger(site: World, run: str) -> Actor:
    """Somebody of another organisation who may read."""
    return somebody("stranger", world("b").actor.organisation, Role.MANAGER)


def position_of(action: Action, object_id: str) -> int:
    return int(Event.objects.filter(action=action, object_id=object_id).values_list("seq", flat=True).get())


def test_the_list_has_every_position_newest_first(site: World, run: str) -> None:
    page = events_page(site.actor, limit=200)
    assert [row.position for row in page.rows] == list(range(Event.objects.count()))[::-1]
    assert page.next is None


def test_pages_follow_each_other_without_gap_or_repetition(site: World, run: str) -> None:
    found, after = [], None
    while True:
        page = events_page(site.actor, after=after, limit=3)
        found += [row.position for row in page.rows]
        if (after := page.next) is None:
            break
    assert found == list(range(Event.objects.count()))[::-1]


def test_a_cursor_of_somebody_elses_making_is_a_problem(site: World) -> None:
    with pytest.raises(Problems):
        events_page(site.actor, after="12")


def test_a_stranger_sees_position_and_hash_of_a_foreign_run_and_nothing_else(site: World, run: str, stranger: Actor) -> None:
    submit = position_of(Action.RUN_SUBMIT, run)
    row = next(row for row in events_page(stranger, limit=200).rows if row.position == submit)
    assert row.said is None and row.leaf_digest == merkle.leaf_hash(bytes(Event.objects.get(seq=submit).leaf)).hex()


def test_a_filter_tells_a_stranger_nothing_of_foreign_events(site: World, run: str, stranger: Actor) -> None:
    assert events_page(stranger, LogFilter(action="run.submit")).rows == ()
    assert events_page(stranger, LogFilter(object_id=run)).rows == ()
    assert events_page(stranger, LogFilter(actor=site.node_actor.id)).rows == ()
    assert [row.said.object_id for row in events_page(site.actor, LogFilter(action="run.submit")).rows if row.said] == [run]


def test_filters_hold_together(site: World, run: str) -> None:
    both = LogFilter(action="run.submit", object_type="node")
    assert events_page(site.actor, both).rows == ()
    assert {row.said.object_type for row in events_page(site.actor, LogFilter(object_type="role")).rows if row.said} == {"role"}


@pytest.mark.parametrize("text", ["\x00", "x" * 201, "é"])
def test_a_filter_that_can_be_no_name_finds_nothing(site: World, text: str) -> None:
    assert events_page(site.actor, LogFilter(actor=text)).rows == ()


def test_a_published_methodology_and_the_log_itself_are_everybodys(site: World, stranger: Actor) -> None:
    shown = {row.said.object_type for row in events_page(stranger, limit=200).rows if row.said is not None}
    assert {"log", "methodology"} <= shown


def test_an_auditor_of_another_organisation_reads_no_leaf_of_this_one(site: World, run: str) -> None:
    auditor = somebody("auditor", world("b").actor.organisation, Role.AUDITOR)
    shown = [row for row in events_page(auditor, limit=200).rows if row.position == position_of(Action.RUN_SUBMIT, run)]
    assert [row.said for row in shown] == [None]


def test_a_run_that_is_disclosed_shows_its_events_its_declaration_included(site: World, run: str, stranger: Actor) -> None:
    changed(run, Action.RUN_DISCLOSE, visibility="public")
    assert [row.said.action for row in history_for(stranger, "run", run) if row.said] == ["run.submit", "run.disclose"]


def test_the_list_takes_as_many_queries_for_two_hundred_rows_as_for_two(site: World, run: str, stranger: Actor) -> None:
    counts = []
    for limit in (2, 200):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            events_page(stranger, limit=limit)
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 2


@pytest.mark.parametrize("action", [Action.NODE_ENROL, Action.KEY_REGISTER, Action.TOKEN_ISSUE, Action.ROLE_GRANT, Action.RUN_SUBMIT])
def test_an_event_on_a_foreign_object_is_not_found(site: World, run: str, stranger: Actor, action: Action) -> None:
    seq = min(Event.objects.filter(action=action).values_list("seq", flat=True))
    assert event_for(site.actor, seq).fields["action"] == action
    with pytest.raises(NotFound):
        event_for(stranger, seq)
    with pytest.raises(NotFound):
        leaf_for(stranger, seq)


@pytest.mark.parametrize("position", [-1, 10_000, 2**70])
def test_a_position_that_the_log_has_not_reached_is_not_found(site: World, position: int) -> None:
    with pytest.raises(NotFound):
        event_for(site.actor, position)


def test_every_object_type_in_the_log_has_an_owner(site: World, run: str) -> None:
    known = {*OBJECTS, *EVERYBODYS, "organisation"}
    assert set(Event.objects.values_list("object_type", flat=True)) <= known


def test_an_event_names_its_neighbours_on_the_object(site: World, run: str) -> None:
    later = changed(run, Action.RUN_DISCLOSE, visibility="public").rev
    first, second = (row.position for row in history_for(site.actor, "run", run))
    assert later == 2
    assert (event_for(site.actor, first).next, event_for(site.actor, second).previous) == (second, first)


def test_an_event_shows_its_exact_bytes_and_its_documents(site: World, run: str) -> None:
    seq = position_of(Action.METHODOLOGY_PUBLISH, Run.objects.get(digest=run).methodology_id)
    view = event_for(site.actor, seq)
    assert view.raw.encode() == bytes(Event.objects.get(seq=seq).leaf) == leaf_for(site.actor, seq)
    assert any(one.role == "payload" and one.text for one in view.attached)


def test_the_bundle_of_a_run_is_no_document_of_the_log(site: World, run: str) -> None:
    view = event_for(site.actor, position_of(Action.RUN_SUBMIT, run))
    payload = next(one for one in view.attached if one.role == "payload")
    assert payload.text is None and "bundle" in payload.why


def test_before_a_checkpoint_there_is_nothing_to_prove(site: World, run: str) -> None:
    view = event_for(site.actor, 0)
    assert (view.checkpoint, view.proof, view.checked, view.holds) == (None, None, (), False)
    with pytest.raises(NotFound):
        log_proofs.inclusion_for(site.actor, 0)


def test_every_event_verifies_under_the_newest_checkpoint_step_by_step(site: World, run: str) -> None:
    newest = signing.sign()
    for seq in range(newest.size):
        view = event_for(site.actor, seq)
        assert view.holds and view.proof is not None
        assert view.proof.steps[-1].made == view.proof.root == newest.root.hex()
        assert tuple(step.sibling for step in view.proof.steps) == view.proof.hashes


def test_the_text_of_a_proof_passes_the_contract(site: World, run: str, stranger: Actor) -> None:
    newest = signing.sign()
    seq = position_of(Action.RUN_SUBMIT, run)
    text = log_proofs.tlog_proof_for(stranger, seq)
    leaf_hash = merkle.leaf_hash(bytes(Event.objects.get(seq=seq).leaf))
    index, checkpoint = tlog_proof.verify(text, leaf_hash, [log_proofs.verifier_key()])
    assert (index, checkpoint.size, checkpoint.root) == (seq, newest.size, newest.root)


def test_a_checkpoint_under_another_key_fails_its_check_and_says_which(site: World, run: str) -> None:
    signing.sign()
    newest = checkpoints.newest()
    assert newest is not None
    other = SigningKey(bytes(range(32)))
    wrong = replace(newest, note=signed.sign(signed.Checkpoint.read(newest.text), other))
    outcome = checked(Event.objects.get(seq=1), wrong)
    assert [one.holds for one in outcome][:2] == [True, True] and not outcome[2].holds and outcome[2].why


def test_an_event_whose_stored_hash_is_another_fails_its_check(site: World, run: str) -> None:
    signing.sign()
    newest = checkpoints.newest()
    assert newest is not None
    event = Event.objects.get(seq=1)
    event.leaf = bytes(event.leaf).replace(b"routine", b"rOutine")
    assert [one.holds for one in checked(event, newest)] == [True, False, True, False]


def test_consistency_between_two_sizes_passes_the_contract(site: World, run: str) -> None:
    size = Event.objects.count()
    found = log_proofs.consistency_for(site.actor, 3, size)
    hashes = [bytes.fromhex(one) for one in found.hashes]
    verify_consistency(3, size, hashes, bytes.fromhex(found.earlier_root), bytes.fromhex(found.root))
    assert bytes.fromhex(found.root) == proofs.root_of(size)


@pytest.mark.parametrize(("earlier", "size"), [(0, 3), (5, 3), (3, 10_000)])
def test_sizes_that_this_log_never_had_are_problems(site: World, earlier: int, size: int) -> None:
    with pytest.raises(Problems):
        log_proofs.consistency_for(site.actor, earlier, size)


def test_the_state_counts_what_no_checkpoint_covers(site: World, run: str) -> None:
    assert log_state(site.actor).uncovered == Event.objects.count()
    signing.sign()
    assert log_state(site.actor).uncovered == 0
    upload(site, bundle_of(site, 2))
    state = log_state(site.actor)
    assert state.uncovered == 1 and state.size == Event.objects.count() and state.halted is None


def test_a_receipt_is_found_by_its_request_and_only_by_whoever_sees_the_event(site: World, run: str, stranger: Actor) -> None:
    event = Event.objects.get(action=Action.RUN_SUBMIT)
    told: Any = parse(receipt_of_request(site.actor, event.request_id), RECEIPT_TYPE)
    assert str(event.seq).encode() in told.payload
    for actor, request_id in ((stranger, event.request_id), (site.actor, "nobody-asked"), (site.actor, "\x00")):
        with pytest.raises(NotFound):
            receipt_of_request(actor, request_id)


def test_a_history_of_nothing_is_not_found(site: World, run: str, stranger: Actor) -> None:
    for actor, kind, name in ((site.actor, "run", "0" * 64), (site.actor, "nothing", run), (stranger, "run", run), (site.actor, "run", "\x00")):
        with pytest.raises(NotFound):
            history_for(actor, kind, name)


def test_a_private_run_is_hidden_from_the_managers_of_its_own_organisation(site: World, run: str) -> None:
    changed(run, Action.RUN_DISCLOSE, visibility="private")
    manager = somebody("manager", site.actor.organisation, Role.MANAGER)
    assert log_reading.history_for(site.actor, "run", run)
    with pytest.raises(NotFound):
        log_reading.history_for(manager, "run", run)
