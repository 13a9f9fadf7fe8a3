"""Who may see a run: asked to be reviewed once, published by a third person, and never hidden again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lynxweb.accounts.roles import Forbidden
from lynxweb.registry.missing import NotFound
from lynxweb.review.models.reviews import Review
from lynxweb.review.publishing import disclose, publish, request_review
from runner.contract.problems import Problems
from tests.review.people import (
    Cast,
    asked,
    codes,
    document_of,
    judged,
    leaf_of,
    opened,
    published,
    requested,
    stands,
    submitted,
)


def test_a_review_is_asked_for_once_and_by_the_own_organisation(cast: Cast) -> None:
    digest = requested(cast)
    with pytest.raises(Problems) as refused:
        request_review(cast.engineer, digest, **asked())
    assert codes(refused) == ["already-requested"]
    with pytest.raises(NotFound):
        request_review(replace(cast.stranger, roles=cast.stranger.roles | {"reviewer"}), digest, **asked())


@pytest.mark.parametrize("prepare", ["submitted", "requested", "changes"])
def test_what_was_not_accepted_is_not_published(cast: Cast, prepare: str) -> None:
    digest = submitted(cast) if prepare == "submitted" else requested(cast)
    if prepare == "changes":
        judged(cast.reviewer, digest, "changes_requested")
    with pytest.raises(Problems) as refused:
        publish(cast.publisher, digest, **asked())
    assert codes(refused) == ["wrong-stage", "not-reviewed"]


def test_neither_reviewer_nor_uploader_publishes(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.colleague, digest)
    with pytest.raises(Problems) as refused:
        publish(cast.uploader, digest, **asked())
    assert codes(refused) == ["own-upload"]
    with pytest.raises(Problems) as refused:
        publish(replace(cast.colleague, roles=frozenset({"publisher"})), digest, **asked())
    assert codes(refused) == ["own-review"]
    with pytest.raises(NotFound):
        publish(replace(cast.stranger, roles=frozenset({"publisher", "reviewer"})), digest, **asked())
    assert document_of(publish(cast.publisher, digest, **asked()))["review"] == Review.objects.get().id


def test_a_run_is_published_once(cast: Cast) -> None:
    digest = published(cast)
    with pytest.raises(Problems) as refused:
        publish(cast.publisher, digest, **asked())
    assert codes(refused) == ["wrong-stage"]


def test_publishing_to_the_own_organisation_alone_can_be_widened_later_and_never_narrowed(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.reviewer, digest)
    publish(cast.publisher, digest, visibility="organisation", **asked())
    assert stands(digest)[2] == "organisation"
    disclose(cast.publisher, digest, "public", **asked())
    with pytest.raises(Problems) as refused:
        disclose(cast.publisher, digest, "organisation", **asked())
    assert codes(refused) == ["published-stays"]


def test_links_and_the_public_are_a_publishers_to_open(cast: Cast) -> None:
    digest = submitted(cast)
    for visibility in ("link", "public"):
        with pytest.raises(Forbidden):
            disclose(cast.engineer, digest, visibility, **asked())
    disclose(cast.engineer, digest, "private", **asked())
    disclosed = disclose(cast.uploader, digest, "link", **asked())
    assert leaf_of(disclosed)["actor"]["role"] == "publisher" and stands(digest)[2] == "link"


def test_a_run_in_review_stays_before_its_reviewers_eyes(cast: Cast) -> None:
    digest = requested(cast)
    opened(cast.reviewer, digest)
    with pytest.raises(Problems) as refused:
        disclose(cast.engineer, digest, "private", **asked())
    assert codes(refused) == ["in-review"]


@pytest.mark.parametrize(("visibility", "code"), [("everybody", "unknown-visibility"), ("organisation", "unchanged")])
def test_a_visibility_is_one_of_five_and_another_one(cast: Cast, visibility: str, code: str) -> None:
    with pytest.raises(Problems) as refused:
        disclose(cast.engineer, submitted(cast), visibility, **asked())
    assert codes(refused) == [code]
