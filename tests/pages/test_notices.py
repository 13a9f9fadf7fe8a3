"""What must be known of a run stands on its page, in every list and beside every comparison that uses it."""

from __future__ import annotations

import re

from lynxweb.audit.models import Event
from lynxweb.registry.models import Run
from lynxweb.review.models.notices import Notice
from tests.pages.laboratories import WRONG, Laboratories, browser, page, send
from tests.pages.shelf import text_of

TEXT = "the power meter was replaced in the third trial"


def noticed(labs: Laboratories, seed: int = 1) -> str:
    digest = labs.run(seed)
    assert send(labs.publisher, f"/runs/{digest}/acts/post-notice", text=TEXT, effective="", expires="").status_code == 303
    return digest


def test_a_notice_stands_on_top_of_its_run(labs: Laboratories) -> None:
    html = page(labs.engineer, f"/runs/{noticed(labs)}")
    assert TEXT in text_of(html) and html.index(TEXT) < html.index('class="headline card"')


def test_a_noticed_run_is_marked_in_every_list(labs: Laboratories) -> None:
    digest = noticed(labs)
    labs.run(2)
    run = Run.objects.get(digest=digest)
    for path in ("/", "/runs", f"/executors/{run.executor_id}", f"/methodologies/{run.methodology_id}"):
        rows = [row for row in page(labs.engineer, path).split('<tr role="row">') if f'href="/runs/{digest}"' in row]
        assert rows and all("1 notice" in text_of(row) and TEXT in row for row in rows), path


def test_a_comparison_shows_the_notices_of_both_runs(labs: Laboratories) -> None:
    digest, other = noticed(labs), labs.run(2)
    html = browser(labs.engineer).get(f"/compare?a={other}&b={digest}", follow=True).content.decode()
    assert "A notice on B" in text_of(html) and TEXT in text_of(html)


def test_a_notice_is_lifted_from_the_page(labs: Laboratories) -> None:
    digest = noticed(labs)
    notice = Notice.objects.get().id
    assert f'action="/notices/{notice}/lift"' in page(labs.publisher, f"/runs/{digest}")
    assert f'action="/notices/{notice}/lift"' not in page(labs.engineer, f"/runs/{digest}")
    assert send(labs.publisher, f"/notices/{notice}/lift").status_code == 303
    assert TEXT not in page(labs.engineer, f"/runs/{digest}")


def test_a_notice_that_is_too_short_is_refused_with_what_was_typed(labs: Laboratories) -> None:
    digest = labs.run()
    answer = send(labs.publisher, f"/runs/{digest}/acts/post-notice", text="short", expires="2030-01-01T00:00")
    form = answer.content.decode().split(f'action="/runs/{digest}/acts/post-notice"')[1].split("</form>")[0]
    assert answer.status_code == 422 and ">short</textarea>" in form and 'value="2030-01-01T00:00"' in form and "Not done" in form


def test_a_time_that_is_none_is_a_problem(labs: Laboratories) -> None:
    answer = send(labs.publisher, f"/runs/{labs.run()}/acts/post-notice", text=TEXT, expires="soon")
    assert answer.status_code == 422 and "write it in utc" in text_of(answer.content.decode()).lower() and not Notice.objects.exists()


def test_a_foreign_notice_is_not_there(labs: Laboratories) -> None:
    noticed(labs)
    assert send(labs.stranger, f"/notices/{Notice.objects.get().id}/lift").status_code == 404
    assert send(labs.stranger, "/notices/not_" + "0" * 20 + "/lift").status_code == 404
    assert not Event.objects.filter(action="notice.lift").exists()


def disputed(labs: Laboratories) -> tuple[str, str]:
    digest = labs.published()
    sent = {"clause": "methodology 4.2", "effect_permille": "80", "text": "the batch was larger than stated"}
    assert send(labs.reviewer, f"/runs/{digest}/acts/open-dispute", **sent).status_code == 303
    return digest, re.findall(r'id="(dis_[0-9a-f]{20})"', page(labs.engineer, f"/runs/{digest}"))[0]


def test_an_open_dispute_stands_on_the_page_and_in_the_list(labs: Laboratories) -> None:
    digest, _ = disputed(labs)
    assert "the batch was larger than stated" in text_of(page(labs.stranger, f"/runs/{digest}"))
    listed = text_of(page(labs.stranger, "/disputes"))
    assert "methodology 4.2" in listed and "80 ‰" in listed and re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", listed)


def test_a_dispute_is_not_decided_by_who_opened_it(labs: Laboratories) -> None:
    digest, dispute = disputed(labs)
    answer = send(labs.reviewer, f"/disputes/{dispute}/close", outcome="upheld", text="it was, as the log shows")
    assert answer.status_code == 422 and "somebody of neither side" in text_of(answer.content.decode())
    assert send(labs.stranger, f"/disputes/dis_{'0' * 20}/close", **WRONG).status_code == 404
    assert "open" in text_of(page(labs.engineer, f"/runs/{digest}").split(f'id="{dispute}"')[1][:400])
