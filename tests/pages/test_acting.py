"""Forms that act: one reason, one request, and an answer for every way an act can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Actor
from lynxweb.audit.record import NotRecordable
from lynxweb.pages import acting
from lynxweb.words.wording import REASONS
from runner.contract.problems import Problem, Problems
from tests.registry.world import World

FORM = {"reason_code": "routine", "reason": "a test wants it so", "request_id": "page:1"}


def posted(site: World, **changes: str) -> Any:
    request = RequestFactory().post("/somewhere", FORM | changes)
    request.user, request.session = site.person, {}  # type: ignore[assignment]
    return request


def again(problems: tuple[Problem, ...], status: int) -> HttpResponse:
    return HttpResponse(" ".join(problem.code or problem.path for problem in problems), status=status)


def failing(error: Exception) -> Callable[[Actor, acting.Asked], str]:
    def do(_actor: Actor, _asked: acting.Asked) -> str:
        raise error

    return do


def test_an_act_goes_to_the_address_that_it_returns(site: World) -> None:
    answer = acting.acted(posted(site), lambda actor, asked: f"/{actor.id}/{asked.request_id}", again)
    assert (answer.status_code, answer["Location"]) == (303, f"/{site.actor.id}/page:1")


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (Problems([Problem("run.stage", "a", "b", "c", "wrong-stage")]), 422, "wrong-stage"),
        (Forbidden("not permitted"), 403, "forbidden"),
        (NotRecordable("the signer refused"), 503, "read-only"),
    ],
)
def test_a_refused_act_shows_the_page_again_with_its_status(site: World, error: Exception, status: int, word: str) -> None:
    answer = acting.acted(posted(site), failing(error), again)
    assert (answer.status_code, answer.content.decode()) == (status, word)


def test_a_reason_that_is_not_of_the_list_is_a_problem_and_no_act(site: World) -> None:
    assert acting.acted(posted(site, reason_code="because"), failing(AssertionError("acted")), again).status_code == 422


def test_every_reason_code_has_words() -> None:
    assert set(REASONS) == {code.value for code in ReasonCode}


def test_what_was_typed_is_kept_with_its_request(site: World) -> None:
    told = acting.fields(posted(site, reason="typed before"))
    assert told["request_id"] == "page:1" and told["typed"]["reason"] == "typed before"  # type: ignore[index]
