"""Candidates are frozen in the log before the value is known that picks among them."""

from __future__ import annotations

from typing import Any

import pytest

from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.missing import NotFound
from lynxweb.review.drawing import draw_for, draw_review
from runner.contract.canonical import decode
from runner.contract.drawing import draw
from runner.contract.problems import Problems
from tests.review.people import Cast, asked, published, somebody, submitted

SOURCE = "round 5000000 of the public randomness beacon"


def auditor(cast: Cast) -> Actor:
    """An auditor of laboratory b."""
    return somebody("auditor", cast.other, Role.AUDITOR)


def frozen(cast: Cast, runs: list[str], **changes: Any) -> str:
    """The id of a draw."""
    return draw_review(auditor(cast), runs, **{"seed_source": SOURCE, **asked(), **changes}).draw


def test_the_event_holds_all_that_anybody_needs_to_repeat_the_pick(cast: Cast) -> None:
    runs = [published(cast, seed) for seed in (1, 2, 3)]
    made = draw_review(auditor(cast), runs[::-1], seed_source=SOURCE, count=2, **asked())
    event = Event.objects.get(seq=made.recorded.seq)
    assert (event.action, event.object_type, event.object_id) == ("review.draw", "draw", made.draw)
    document = decode(bytes(LogDocument.objects.get(digest=leaf_fields(event.leaf)["payload"]).content))
    assert document == {"v": 1, "draw": made.draw, "candidates": sorted(runs), "count": 2, "seed_source": SOURCE}
    assert draw_for(auditor(cast), made.draw).picked("4711") == draw(runs, "4711", 2)
    assert replay_audit() == ()


def test_nothing_is_picked_without_a_value(cast: Cast) -> None:
    found = draw_for(auditor(cast), frozen(cast, [published(cast)]))
    with pytest.raises(Problems, match="seed"):
        found.picked(" ")


def test_only_an_auditor_draws_and_only_among_runs_that_are_seen(cast: Cast) -> None:
    run = published(cast)
    with pytest.raises(Forbidden):
        draw_review(cast.reviewer, [run], seed_source=SOURCE, **asked())
    with pytest.raises(NotFound):
        frozen(cast, [run, submitted(cast, 2)])


@pytest.mark.parametrize(("count", "source", "code"), [(0, SOURCE, "count"), (2, SOURCE, "count"), (1, "dice", "text")])
def test_a_draw_without_sense_is_refused(cast: Cast, count: int, source: str, code: str) -> None:
    with pytest.raises(Problems) as refused:
        frozen(cast, [published(cast)], count=count, seed_source=source)
    assert [problem.code for problem in refused.value.problems] == [code]


def test_a_repeated_request_freezes_once_and_a_foreign_draw_is_not_found(cast: Cast) -> None:
    runs, same = [published(cast)], asked()
    first = draw_review(auditor(cast), runs, seed_source=SOURCE, **same)
    assert draw_review(auditor(cast), runs, seed_source=SOURCE, **same) == first
    with pytest.raises(NotFound):
        draw_for(cast.uploader, first.draw)
