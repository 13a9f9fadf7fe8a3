"""Stated beside recomputed: every number of a stored run is computed again, and a differing one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.recomputing import compared, recomputed_for
from lynxweb.review.redaction import redact_payload
from runner.contract.run import Run as RunDocument
from tests.review.people import Cast, asked, submitted


def document(digest: str) -> RunDocument:
    return RunDocument.model_validate_json(bytes(Run.objects.get(digest=digest).document.content))


def test_every_stated_metric_is_given_again_by_the_raw_rows(cast: Cast) -> None:
    digest = submitted(cast)
    found = recomputed_for(cast.engineer, digest)
    stated = [(point.name, one.definition) for point in document(digest).operating_points for one in point.metrics]
    assert [(one.point.name, one.definition) for one in found.metrics] == stated and len(stated) > 1
    assert found.equal and found.rows > 0 and all(one.recomputed is not None for one in found.metrics)


def test_one_changed_digit_is_seen(cast: Cast) -> None:
    points = document(submitted(cast)).operating_points
    first = points[0].metrics[0]
    altered = points[0].model_copy(update={"metrics": (first.model_copy(update={"value": first.value + "1"}), *points[0].metrics[1:])})
    rows = compared((altered, *points[1:]), points)
    assert [one.definition for one in rows if not one.equal] == [first.definition]


def test_a_metric_that_only_one_side_has_differs(cast: Cast) -> None:
    points = document(submitted(cast)).operating_points
    without = points[0].model_copy(update={"metrics": points[0].metrics[1:]})
    assert [one.stated for one in compared((without,), points) if not one.equal] == [None]
    assert [one.recomputed for one in compared(points, (without,)) if not one.equal] == [None]


def test_redacted_rows_are_said_to_be_gone_even_where_they_were_computed_before(cast: Cast) -> None:
    digest = submitted(cast)
    assert recomputed_for(cast.engineer, digest).equal
    redact_payload(cast.publisher, Run.objects.get(digest=digest).samples_sha256, **asked())
    found = recomputed_for(cast.engineer, digest)
    assert not found.equal and found.metrics == () and found.gone is not None and "redacted by event" in found.gone


def test_numbers_of_a_run_that_one_may_not_see_are_not_computed(cast: Cast) -> None:
    with pytest.raises(NotFound):
        recomputed_for(cast.stranger, submitted(cast))


def test_a_recomputation_with_any_difference_is_not_equal(cast: Cast) -> None:
    found = recomputed_for(cast.engineer, submitted(cast))
    assert not replace(found, others=(("run.operating_points[0].completed", "1", "2"),)).equal
