"""A declaration that no run answers is given up in the open: by an event, once, and its nonce is worth nothing from then on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.registry.abandoning import abandon_declaration
from lynxweb.registry.declaration import declare
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Abandonment, Declaration
from lynxweb.registry.refusing import Refused
from runner.contract.problems import Problems
from tests import builders
from tests.registry.world import BECAUSE, World, bundle_of, upload, world

BEFORE_THE_RUN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # the runs of tests began an hour later


def declared(site: World, request: str = "declare:1") -> str:
    """The nonce of a declaration by the node."""
    return declare(site.node_actor, builders.methodology().sha256, request_id=request, clock=lambda: BEFORE_THE_RUN).nonce


def given_up(site: World, nonce: str, **changes: Any) -> int:
    """Give it up as the person; the position of the event."""
    given: dict[str, Any] = {"actor": site.actor, "reason": BECAUSE, "request_id": "abandon:1"} | changes
    return abandon_declaration(given.pop("actor"), nonce, **given).seq


def test_giving_up_is_the_second_event_of_the_declaration(site: World) -> None:
    nonce = declared(site)
    event = Event.objects.get(seq=given_up(site, nonce))
    first = Event.objects.get(object_type="declaration", object_id=nonce, object_rev=1)
    leaf = leaf_fields(event.leaf)
    assert (event.action, event.object_id, event.object_rev) == ("run.abandon", nonce, 2)
    assert (leaf["prev"], leaf["before"]) == (first.seq, leaf_fields(first.leaf)["after"])
    assert Declaration.objects.get(nonce=nonce).state == "abandoned"
    assert [one.nonce for one in Declaration.objects.abandoned()] == [nonce] and not Declaration.objects.open().exists()


def test_a_run_with_an_abandoned_nonce_is_refused(site: World) -> None:
    nonce = declared(site)
    given_up(site, nonce)
    with pytest.raises(Refused) as refused:
        upload(site, bundle_of(site, nonce=nonce))
    assert refused.value.codes == ("abandoned-nonce",)


def test_what_a_run_answered_or_somebody_gave_up_is_not_given_up_again(site: World) -> None:
    answered, open_ = declared(site), declared(site, "declare:2")
    upload(site, bundle_of(site, nonce=answered))
    given_up(site, open_)
    for nonce in (answered, open_):
        with pytest.raises(Problems) as refused:
            given_up(site, nonce, request_id=f"abandon:{nonce}")
        assert [problem.code for problem in refused.value.problems] == ["not-open"]


def test_a_repeated_request_gives_up_once(site: World) -> None:
    nonce = declared(site)
    assert given_up(site, nonce) == given_up(site, nonce) and Abandonment.objects.count() == 1


def test_a_node_gives_up_its_own_and_a_stranger_none(site: World) -> None:
    nonce, other = declared(site), world("b")
    for stranger in (other.actor, other.node_actor):
        with pytest.raises(NotFound):
            given_up(site, nonce, actor=stranger)
    given_up(site, nonce, actor=site.node_actor)
