"""The queue, the reviewer's workspace and one review, as people use them."""

from __future__ import annotations

import re

from lynxweb.audit.models import Event
from lynxweb.registry.models import Run
from lynxweb.review.models.reviews import Review
from runner.contract.checklist import INTAKE, QUESTIONS
from tests.pages.laboratories import Laboratories, browser, opened, page, report, send
from tests.pages.shelf import text_of


def requested(labs: Laboratories) -> str:
    digest = labs.run()
    assert send(labs.engineer, f"/runs/{digest}/acts/request-review").status_code == 303
    return digest


def test_a_run_waits_in_the_queue_of_whoever_may_review_it(labs: Laboratories) -> None:
    digest = requested(labs)
    address = f"/runs/{digest}/review"
    assert address in page(labs.reviewer, "/reviews") and "Laboratory a" in text_of(page(labs.reviewer, "/reviews"))
    assert address not in page(labs.engineer, "/reviews") and address not in page(labs.stranger, "/reviews")


def test_conflicts_of_interest_come_first_in_both_forms(labs: Laboratories) -> None:
    digest = requested(labs)
    opening = page(labs.reviewer, f"/runs/{digest}/review").split('aria-labelledby="open-head"')[1]
    assert opening.index("Conflicts of interest") < opening.index('name="kind"')
    opened(labs.reviewer, digest)
    form = page(labs.reviewer, f"/runs/{digest}/review").split('aria-labelledby="report-head"')[1]
    assert form.index("Conflicts of interest") < form.index('name="answer-identity"') < form.index('name="outcome"') < form.index('name="summary"')


def test_a_review_with_a_conflict_is_not_opened_and_what_was_typed_stays(labs: Laboratories) -> None:
    digest = requested(labs)
    answer = send(labs.reviewer, f"/runs/{digest}/review", conflict="some", conflicts="we sell the board", kind="intake")
    html = answer.content.decode()
    assert answer.status_code == 422 and "Let somebody else review this run." in text_of(html)
    assert ">we sell the board</textarea>" in html and 'value="some" checked' in html and not Review.objects.exists()


def test_the_workspace_has_a_tab_for_each_question_with_its_tone(labs: Laboratories) -> None:
    html = page(labs.reviewer, f"/runs/{requested(labs)}/review")
    labels = re.findall(r'<label class="tab (good|warn|bad)"><input type="radio" name="tab" id="tab-(who|what|how|again)"', html)
    assert [name for _, name in labels] == list(QUESTIONS)
    for name in (*QUESTIONS, "findings", "numbers"):
        assert f'id="panel-{name}"' in html
    assert 'id="tab-who" value="who" checked' in html


def test_a_tab_can_be_asked_for_in_the_address(labs: Laboratories) -> None:
    html = page(labs.reviewer, f"/runs/{requested(labs)}/review?tab=numbers")
    assert 'value="numbers" checked' in html and 'value="who" checked' not in html


def test_stated_numbers_stand_beside_those_computed_again(labs: Laboratories) -> None:
    panel = page(labs.reviewer, f"/runs/{requested(labs)}/review").split('id="panel-numbers"')[1].split("</section>")[0]
    rows = re.findall(r"<tr role=\"row\"><th scope=\"row\".*?</tr>", panel, re.DOTALL)
    assert rows and all(text_of(row).strip().endswith("equal") for row in rows)
    stated, again = (re.search(rf'data-label="{side}">(.*?)</td>', rows[0], re.DOTALL)[1] for side in ("Stated", "Recomputed"))  # type: ignore[index]
    assert text_of(stated) == text_of(again) and re.search(r"\d+ trials", text_of(stated))


def test_the_checklist_stands_under_its_four_questions(labs: Laboratories) -> None:
    digest = requested(labs)
    opened(labs.reviewer, digest)
    html = page(labs.reviewer, f"/runs/{digest}/review")
    legends = re.findall(r'<fieldset class="checklist"><legend>(.*?)</legend>', html)
    assert legends == list(QUESTIONS.values()) and "checklist intake@1" in text_of(html)
    for item in INTAKE.items:
        assert html.count(f'name="answer-{item.id}"') == 3 and f'name="note-{item.id}"' in html


def test_a_report_without_an_answer_is_refused_beside_its_sentence(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    sent = report(**{"answer-load": "", "answer-spread": "no"})
    answer = send(labs.reviewer, f"/reviews/{review}/report", **sent)
    html = answer.content.decode()
    assert answer.status_code == 422
    wrong = [re.search(r'id="item-(\w+)"', part)[1] for part in html.split('class="item')[1:] if part.startswith(" wrong")]  # type: ignore[index]
    assert wrong == ["load", "spread"]
    assert 'name="answer-identity" value="yes" checked' in html and ">read it all, looks right</textarea>" in html


def test_a_review_is_reported_answered_and_closed(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    sent = report(**{"answer-unreadable": "no", "note-unreadable": "the governor is not readable"})
    assert send(labs.reviewer, f"/reviews/{review}/report", **sent)["Location"] == f"/reviews/{review}"
    assert send(labs.engineer, f"/reviews/{review}/respond", text="the node has no such file").status_code == 303
    assert send(labs.reviewer, f"/reviews/{review}/close").status_code == 303
    shown = text_of(page(labs.engineer, f"/reviews/{review}"))
    assert "the governor is not readable" in shown and "the node has no such file" in shown and "read it all, looks right" in shown
    assert Run.objects.get(digest=digest).stage == "reviewed"
    positions = Event.objects.filter(action__startswith="review.").values_list("seq", flat=True)
    html = page(labs.engineer, f"/reviews/{review}")
    assert len(positions) == 4 and all(re.search(rf"audit position (<a [^>]*>)?{position}\b", html) for position in positions)


def test_a_report_waits_for_the_answer_of_who_measured(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    send(labs.reviewer, f"/reviews/{review}/report", **report("changes_requested"))
    waiting = page(labs.engineer, "/reviews").split('id="answer-head"')[1].split("</section>")[0]
    assert review in waiting
    assert review in page(labs.reviewer, "/reviews").split('id="mine-head"')[1].split("</section>")[0]


def test_a_double_click_files_one_report(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    for _ in range(2):
        answer = send(labs.reviewer, f"/reviews/{review}/report", request_id="page:twice", **report())
        assert (answer.status_code, answer["Location"]) == (303, f"/reviews/{review}")
    assert Event.objects.filter(action="review.report").count() == 1


def test_whoever_measured_is_told_why_they_cannot_review(labs: Laboratories) -> None:
    digest = requested(labs)
    html = page(labs.site.person, f"/runs/{digest}/review")
    assert "who uploaded the run or enrolled its node" in text_of(html) and 'name="kind"' not in html
    assert "the role reviewer" in text_of(page(labs.engineer, f"/runs/{digest}/review"))


def test_an_uploader_who_sends_the_form_all_the_same_is_refused(labs: Laboratories) -> None:
    digest = requested(labs)
    answer = send(labs.site.person, f"/runs/{digest}/review", conflict="none", kind="intake")
    assert answer.status_code == 422 and not Review.objects.exists()


def test_what_a_stranger_does_not_see_is_not_there(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    for path in (f"/runs/{digest}/review", f"/reviews/{review}", "/reviews/rev_" + "0" * 20, "/reviews/nonsense"):
        assert browser(labs.stranger).get(path).status_code == 404
    for act in ("report", "close", "respond"):
        assert send(labs.stranger, f"/reviews/{review}/{act}", text="a response of ten", **report()).status_code == 404
    assert Event.objects.filter(action__startswith="review.").count() == 1


def test_somebody_elses_review_is_not_reported_on(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    assert send(labs.site.person, f"/reviews/{review}/report", **report()).status_code == 404


def test_a_hostile_note_is_text_on_every_page(labs: Laboratories) -> None:
    digest = requested(labs)
    review = opened(labs.reviewer, digest)
    nasty = "<script>alert(1)</script>"
    send(labs.reviewer, f"/reviews/{review}/report", **report(**{"note-load": nasty, "summary": nasty + " in a summary"}))
    for path in (f"/reviews/{review}", f"/runs/{digest}/review"):
        html = page(labs.reviewer, path)
        assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html
