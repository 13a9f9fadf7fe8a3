"""A notice is posted on a run, holds for its time and is lifted; everything stays in the history of the run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from lynxweb.accounts.models import NodeKey
from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import instant, leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.record import utc_now
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.key_notices import revoke_key_and_notify
from lynxweb.review.models.notices import Notice
from lynxweb.review.notices import lift_notice, notices_for_key, post_notice
from lynxweb.review.noting import notices_on
from runner.contract.canonical import decode
from runner.contract.problems import Problems
from tests.review.people import Cast, asked, published, submitted

TEXT = "the power readings of this night are in doubt"


def posted(cast: Cast, digest: str, **changes: Any) -> str:
    """The id of a notice by the publisher."""
    return post_notice(cast.publisher, digest, **{"text": TEXT, **asked(), **changes}).notice


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of every problem."""
    return [problem.code for problem in refused.value.problems]


def test_a_notice_is_an_event_of_its_run_and_attaches_the_whole_text(cast: Cast) -> None:
    digest = submitted(cast)
    made = post_notice(cast.publisher, digest, text=TEXT, **asked())
    event = Event.objects.get(seq=made.recorded.seq)
    assert (event.action, event.object_type, event.object_id, event.object_rev) == ("notice.post", "run", digest, 2)
    document = decode(bytes(LogDocument.objects.get(digest=leaf_fields(event.leaf)["payload"]).content))
    row = Notice.objects.get(id=made.notice)
    assert document == {
        "v": 1, "notice": made.notice, "run": digest, "text": TEXT, "effective": instant(row.effective), "expires": None,
        "source": "notice",
    }  # fmt: skip
    assert (row.position, row.rev) == (event.seq, Run.objects.get(digest=digest).rev)
    assert full_audit().clean and replay_audit() == ()


def test_a_notice_shows_on_its_run_alone_until_it_is_lifted(cast: Cast) -> None:
    a, b = submitted(cast), submitted(cast, 2)
    notice = posted(cast, a)
    shown = notices_on([a, b])
    assert [(line.name, line.source, line.text) for line in shown[a]] == [(notice, "notice", TEXT)] and b not in shown
    lift_notice(cast.publisher, notice, **asked())
    assert notices_on([a, b]) == {}
    assert [event.action for event in Event.objects.on("run", a)] == ["run.submit", "notice.post", "notice.lift"]


def test_a_notice_holds_from_when_it_is_effective_until_it_expires(cast: Cast) -> None:
    digest, now = submitted(cast), utc_now()
    posted(cast, digest, effective=now + timedelta(days=1), expires=now + timedelta(days=2))
    seen = [bool(notices_on([digest], clock=lambda at=at: now + timedelta(hours=at))) for at in (0, 25, 49)]  # type: ignore[misc]
    assert seen == [False, True, False]


def test_a_notice_is_lifted_once(cast: Cast) -> None:
    notice = posted(cast, submitted(cast))
    lift_notice(cast.publisher, notice, **asked())
    with pytest.raises(Problems) as refused:
        lift_notice(cast.publisher, notice, **asked())
    assert codes(refused) == ["notice-lifted"]


def test_the_same_request_posts_one_notice(cast: Cast) -> None:
    digest, same = submitted(cast), asked()
    first = post_notice(cast.publisher, digest, text=TEXT, **same)
    assert post_notice(cast.publisher, digest, text=TEXT, **same) == first
    assert Notice.objects.count() == 1


def test_everything_wrong_with_a_notice_is_said_at_once(cast: Cast) -> None:
    digest, now = submitted(cast), utc_now()
    with pytest.raises(Problems) as refused:
        posted(cast, digest, text="short", source="gossip", effective=now, expires=now)
    assert codes(refused) == ["text", "unknown-source", "expires-first"]
    assert Run.objects.get(digest=digest).rev == 1 and not Notice.objects.exists()


def test_a_stranger_can_neither_post_nor_lift(cast: Cast) -> None:
    digest = published(cast)
    notice = posted(cast, digest)
    with pytest.raises(NotFound):
        post_notice(cast.stranger, digest, text=TEXT, **asked())
    with pytest.raises(NotFound):
        lift_notice(cast.stranger, notice, **asked())
    with pytest.raises(Forbidden):
        post_notice(cast.engineer, digest, text=TEXT, **asked())


def test_every_run_that_a_key_signed_in_between_gets_a_notice(cast: Cast) -> None:
    runs = [submitted(cast, seed) for seed in (1, 2, 3)]
    key = NodeKey.objects.get().key_id
    places = [Run.objects.get(digest=digest).position for digest in runs]
    given = {"after": places[0], "before": places[2], "text": "signed with a key that was in other hands", **asked()}
    made = notices_for_key(cast.uploader, key, **given)
    assert len(made) == 1 and set(notices_on(runs)) == {runs[1]}
    assert notices_for_key(cast.uploader, key, **given) == made
    with pytest.raises(NodeKey.DoesNotExist):
        notices_for_key(cast.stranger, key, **given)


def test_no_notice_can_be_changed_or_removed(cast: Cast) -> None:
    posted(cast, submitted(cast))
    for statement in ("UPDATE review_notice SET source = 'ruling'", "DELETE FROM review_notice"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_asking_about_many_runs_takes_as_many_queries_as_about_one(cast: Cast, django_assert_num_queries: Any) -> None:
    runs = [submitted(cast, seed) for seed in (1, 2, 3)]
    for digest in runs:
        posted(cast, digest)
    for asked_about in (runs[:1], runs):
        with django_assert_num_queries(5):
            notices_on(asked_about)


def test_a_key_revoked_back_puts_a_notice_on_each_run_in_between(cast: Cast) -> None:
    before, after = submitted(cast), submitted(cast, 2)
    key = NodeKey.objects.get().key_id
    reached = revoke_key_and_notify(cast.uploader, key, Run.objects.get(digest=before).position, **asked())
    assert [(line.source, line.text) for line in notices_on([before, after])[after]] == [
        ("notice", f"Event {reached.revoked.seq} revoked the key that signed this run: it counts up to position "
         f"{Run.objects.get(digest=before).position} of the log and no further.")
    ]  # fmt: skip
    assert before not in notices_on([before]) and len(reached.notices) == 1
    assert full_audit().clean and replay_audit() == ()
