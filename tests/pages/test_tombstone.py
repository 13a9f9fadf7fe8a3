"""A run that was taken back keeps its page: the number struck through, why, when, by which role, and what stands instead."""

from __future__ import annotations

import re

import pytest

from lynxweb.audit.actors import SYSTEM
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.registry.models import Run
from tests.pages.laboratories import WRONG, Laboratories, page, send
from tests.pages.shelf import text_of
from tests.registry.world import BECAUSE
from tests.review.committee import committee_of, drafted, measured, required, signed


@pytest.fixture
def withdrawn(labs: Laboratories) -> tuple[str, str]:
    """A published run that its publisher withdrew, and the run that stands instead."""
    digest, instead = labs.published(1), labs.run(2)
    answer = send(labs.publisher, f"/runs/{digest}/acts/withdraw", replacement=instead, **WRONG)
    assert (answer.status_code, answer["Location"]) == (303, f"/runs/{digest}")
    return digest, instead


def test_the_address_answers_with_the_tombstone(labs: Laboratories, withdrawn: tuple[str, str]) -> None:
    digest, instead = withdrawn
    html = page(labs.stranger, f"/runs/{digest}")
    stone = html.split('class="notice bad tombstone"')[1].split("</section>")[0]
    told = text_of(stone)
    assert "This run was withdrawn" in told and "measurement error: the fan was blocked while it was measured" in told
    assert f"publisher {labs.publisher.actor_id}" in told and re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC ?, audit position \d+", told)
    assert f'href="/runs/{instead}"' in stone and "Decisions that used it none that you may see" in told


def test_a_colleague_reads_the_name_and_a_stranger_the_pseudonym_alone(labs: Laboratories, withdrawn: tuple[str, str]) -> None:
    told = [text_of(page(person, f"/runs/{withdrawn[0]}").split("tombstone")[1].split("</section>")[0]) for person in (labs.engineer, labs.stranger)]
    assert ["publisher-a" in one for one in told] == [True, False]


def test_its_number_is_struck_through_wherever_it_is_listed(labs: Laboratories, withdrawn: tuple[str, str]) -> None:
    digest, _ = withdrawn
    headline = page(labs.engineer, f"/runs/{digest}").split('<header class="headline card">')[1].split("</header>")[0]
    assert "<s>" in headline and "withdrawn" in text_of(headline.split("</s>")[1])
    run = Run.objects.get(digest=digest)
    for path in ("/runs", f"/executors/{run.executor_id}", f"/methodologies/{run.methodology_id}"):
        rows = [row for row in page(labs.engineer, path).split('<tr role="row">') if f"/runs/{digest}" in row]
        assert rows and all("<s>" in row and "withdrawn" in text_of(row) for row in rows), path


def test_a_run_that_stands_is_not_struck_through(labs: Laboratories, withdrawn: tuple[str, str]) -> None:
    rows = [row for row in page(labs.engineer, "/runs").split('<tr role="row">') if f"/runs/{withdrawn[1]}" in row]
    assert rows and "<s>" not in rows[0]


def test_decisions_that_used_a_run_are_named_on_its_tombstone(db: None) -> None:
    by = committee_of()
    run, requirement = measured(by), required(by)
    decision = signed(by, drafted(by, requirement)).digest
    assert send(by.site.person, f"/runs/{run}/acts/withdraw", replacement="", **WRONG).status_code == 303
    stone = page(by.site.person, f"/runs/{run}").split('class="notice bad tombstone"')[1].split("</section>")[0]
    assert f'<a href="/decisions/{decision}">Which machine do we buy?</a>' in stone


def test_a_superseded_run_names_its_successor(labs: Laboratories) -> None:
    digest, newer = labs.published(1), labs.run(2)
    assert send(labs.publisher, f"/runs/{digest}/acts/supersede", successor=newer).status_code == 303
    stone = page(labs.engineer, f"/runs/{digest}").split('class="notice bad tombstone"')[1].split("</section>")[0]
    assert "This run was superseded" in text_of(stone) and f'href="/runs/{newer}"' in stone


def test_a_routine_reason_withdraws_nothing(labs: Laboratories) -> None:
    digest = labs.run()
    html = page(labs.engineer, f"/runs/{digest}")
    form = html.split(f'action="/runs/{digest}/acts/withdraw"')[1].split("</form>")[0]
    assert 'value="routine"' not in form and 'value="measurement_error"' in form
    answer = send(labs.engineer, f"/runs/{digest}/acts/withdraw")
    assert answer.status_code == 422 and "choose the code that says why" in text_of(answer.content.decode()).lower()
    assert Run.objects.get(digest=digest).state == "standing"


def test_two_persons_withdraw_a_published_run_word_for_word(labs: Laboratories) -> None:
    digest = labs.published()
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    assert f'action="/runs/{digest}/acts/withdraw"' not in page(labs.publisher, f"/runs/{digest}")
    assert send(labs.engineer, f"/runs/{digest}/acts/propose-withdrawal", replacement="", **WRONG).status_code == 303
    assert f'action="/runs/{digest}/acts/withdraw"' not in page(labs.engineer, f"/runs/{digest}")
    form = page(labs.publisher, f"/runs/{digest}").split(f'action="/runs/{digest}/acts/withdraw"')[1].split("</form>")[0]
    held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert held["reason"] == WRONG["reason"] and held["proposal"].startswith("prop_")
    altered = send(labs.publisher, f"/runs/{digest}/acts/withdraw", **{**held, "reason": "another reason than was proposed"})
    assert altered.status_code == 422 and Run.objects.get(digest=digest).state == "standing"
    assert send(labs.publisher, f"/runs/{digest}/acts/withdraw", **held).status_code == 303
    assert Run.objects.get(digest=digest).state == "withdrawn"


def test_a_stranger_withdraws_nothing(labs: Laboratories) -> None:
    public, hidden = labs.published(1), labs.run(2)
    for act in ("withdraw", "publish", "disclose", "request-review", "supersede", "post-notice", "propose-withdrawal"):
        assert (
            send(labs.stranger, f"/runs/{hidden}/acts/{act}", visibility="public", successor=public, text="ten letters", **WRONG).status_code == 404
        )
    assert send(labs.stranger, f"/runs/{public}/acts/withdraw", **WRONG).status_code == 404
    assert Run.objects.get(digest=public).state == "standing"


def test_an_act_that_there_is_not_is_not_found(labs: Laboratories) -> None:
    assert send(labs.engineer, f"/runs/{labs.run()}/acts/delete").status_code == 404
