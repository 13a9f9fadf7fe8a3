"""A link opens one run to whoever has it, until it expires, is ended, or the run is closed; nobody keeps its token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.actors import VISITOR, Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.models_shares import Share
from lynxweb.registry.reading import run_for, runs_for
from lynxweb.registry.sharing import Shared, end_share, links_of, may_share, opened, share
from lynxweb.review.publishing import disclose, request_review
from runner.contract.problems import Problems
from tests.registry.world import BECAUSE, World, bundle_of, upload, world

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def at(day: int) -> datetime:
    return NOW + timedelta(days=day)


@pytest.fixture
def run(site: World) -> str:
    """A run that only its organisation sees."""
    return upload(site, bundle_of(site, 1)).run_digest


def shared(site: World, run: str, request_id: str = "share", days: int = 30) -> Shared:
    return share(site.actor, run, lifetime=timedelta(days=days), reason=BECAUSE, request_id=request_id, clock=lambda: NOW)


def opens(token: str, day: int = 1) -> bool:
    try:
        return opened(token, clock=lambda: at(day)).run_digest != ""
    except NotFound:
        return False


def test_a_link_opens_its_run_and_no_other(site: World, run: str) -> None:
    other = upload(site, bundle_of(site, 2)).run_digest
    found = opened(shared(site, run).token, clock=lambda: at(1))
    assert run_for(found.reader, run).digest == run and [card.digest for card in runs_for(found.reader).runs] == [run]
    with pytest.raises(NotFound):
        run_for(found.reader, other)


def test_sharing_is_a_disclosure_in_the_log_and_the_rows_follow_it(site: World, run: str) -> None:
    made = shared(site, run)
    leaf = leaf_fields(Event.objects.get(seq=made.recorded.seq).leaf)
    document = leaf_fields(LogDocument.objects.get(digest=leaf["payload"]).content)
    assert (leaf["action"], document["visibility"], document["share"]["id"]) == ("run.disclose", "link", made.id)
    assert Run.objects.get().visibility == "link"
    end_share(site.actor, run, made.id, reason=BECAUSE, request_id="end")
    assert replay_audit() == ()


def test_the_token_is_kept_nowhere(site: World, run: str) -> None:
    made = shared(site, run)
    everything = repr([*Share.objects.values_list(), *map(bytes, LogDocument.objects.values_list("content", flat=True))])
    assert made.token not in everything and made.token not in repr(made)


@pytest.mark.parametrize(("day", "answer"), [(0, True), (29, True), (30, False), (400, False)])
def test_a_link_ends_with_its_time(site: World, run: str, day: int, answer: bool) -> None:
    assert opens(shared(site, run).token, day) is answer


def test_an_ended_link_opens_nothing_and_another_goes_on(site: World, run: str) -> None:
    one, two = shared(site, run, "one"), shared(site, run, "two")
    end_share(site.actor, run, one.id, reason=BECAUSE, request_id="end")
    assert (opens(one.token), opens(two.token)) == (False, True)
    assert [line.state for line in links_of(site.actor, run, clock=lambda: at(1))] == ["live", "ended"]
    with pytest.raises(NotFound):
        end_share(site.actor, run, one.id, reason=BECAUSE, request_id="again")


def test_closing_the_run_closes_its_links_for_good(site: World, run: str) -> None:
    old = shared(site, run)
    disclose(site.actor, run, "organisation", reason=BECAUSE, request_id="close")
    assert not opens(old.token)
    new = shared(site, run, "again")
    assert (opens(old.token), opens(new.token)) == (False, True)
    assert [line.state for line in links_of(site.actor, run, clock=lambda: at(1))] == ["live", "closed"]


def test_a_link_goes_on_while_the_run_is_reviewed(site: World, run: str) -> None:
    made = shared(site, run)
    request_review(site.actor, run, reason=BECAUSE, request_id="review")
    assert opens(made.token) and opens(shared(site, run, "second").token) and Run.objects.get().visibility == "review"


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_lifetime_out_of_bounds_is_refused(site: World, run: str, days: int) -> None:
    with pytest.raises(Problems, match="days"):
        shared(site, run, days=days)


def test_a_public_run_needs_no_link(site: World, run: str) -> None:
    disclose(site.actor, run, "public", reason=BECAUSE, request_id="public")
    with pytest.raises(Problems, match=r"run\.visibility"):
        shared(site, run)


@pytest.mark.parametrize("token", ["", "0" * 64, "x" * 64, "a\0b", "../" * 20])
def test_what_is_no_token_opens_nothing(site: World, run: str, token: str) -> None:
    shared(site, run)
    assert not opens(token)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLISHER])
def test_only_a_publisher_shares(site: World, run: str, role: Role) -> None:
    actor = Actor("user", "act_1", "login", frozenset({role.value}), site.actor.organisation)
    assert not may_share(actor)
    with pytest.raises(Forbidden):
        share(actor, run, reason=BECAUSE, request_id="share")


def test_nobody_shares_or_lists_a_foreign_run(site: World, run: str) -> None:
    made, stranger = shared(site, run), world("b").actor
    for act in (
        lambda: share(stranger, run, reason=BECAUSE, request_id="foreign"),
        lambda: end_share(stranger, run, made.id, reason=BECAUSE, request_id="foreign"),
        lambda: links_of(stranger, run),
        lambda: links_of(VISITOR, run),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_link_by_another_run_is_not_ended(site: World, run: str) -> None:
    made, other = shared(site, run), upload(site, bundle_of(site, 2)).run_digest
    with pytest.raises(NotFound):
        end_share(site.actor, other, made.id, reason=BECAUSE, request_id="end")


@pytest.mark.parametrize("sql", ["UPDATE registry_share SET expires = NULL", "DELETE FROM registry_share", "DELETE FROM registry_shareending"])
def test_rows_of_links_are_never_changed(site: World, run: str, sql: str) -> None:
    end_share(site.actor, run, shared(site, run).id, reason=BECAUSE, request_id="end")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
