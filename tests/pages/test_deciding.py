"""The committee's pages: asking, the matrix, drafting, signing, later words, and that a newcomer reads the decision from the top."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from lynxweb.accounts.granting import grant_role
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Role
from lynxweb.audit.models import Event
from lynxweb.registry.publication import publish_methodology
from lynxweb.review.deciding_questions import requirements_for
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import DecisionSignature, RequirementVersion
from lynxweb.review.publishing import disclose
from lynxweb.review.withdrawal import withdraw
from runner.contract.canonical import encode
from runner.contract.decision import Decision
from tests import builders
from tests.builders import seen
from tests.contract import asked as documents
from tests.contract import grown
from tests.contract.asked import offered
from tests.pages.shelf import text_of
from tests.review.committee import FINGERPRINT, Committee, by, decided, drafted, measured, required, signed
from tests.review.people import WRONG, asked

__all__ = ("by", "decided")
BECAUSE = {"reason_code": "routine", "reason": "The committee met and agreed.", "request_id": "page:deciding"}
HOW = documents.methodology("20")
FORM = {
    "title": "Digits for the hall", "question": "Which machine reads twenty digits a second?", "methodology": [HOW.sha256], "rate": "20",
    "metric": "latency_p90@1", "limit_ms": "40", "grade_floor": "measured", "horizon": "three years", "constraints": "",
    "quality_task": ["digits", "", "digits"], "quality_metric": ["accuracy", "accuracy", "agreement"], "quality_slice": ["all", "all", "all"],
    "quality_least": ["99", "", "95.5"], "quality_of": ["reference", "items", "items"], **BECAUSE,
}  # fmt: skip


def browser(by: Committee, second: bool = False) -> Client:
    """A browser of one member."""
    client = Client()
    person = by.site.person if not second else type(by.site.person).objects.get(actor_id=by.second.id)
    client.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    return client


def read(answer: Any, status: int = 200) -> str:
    """What a reader sees of a page that must have this status."""
    assert answer.status_code == status, text_of(answer.content.decode())[:2000]
    return text_of(answer.content.decode())


def draft_form(by: Committee, **changes: Any) -> dict[str, Any]:
    """The form of a decision for the one candidate, as both members would sign it."""
    return {
        "question": "Which machine do we buy?", "candidate": [FINGERPRINT], f"name-{FINGERPRINT}": "Machine A", "chosen": FINGERPRINT,
        "rationale": "No other one was measured.", "member": [by.first.id, by.second.id], "valid_until": "2099-01-01",
        "trigger": ["driver_change", "notice"], **changes,
    }  # fmt: skip


def hidden(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return unescape(found[1])


def test_a_requirement_is_typed_published_and_read(by: Committee) -> None:
    client, quick = browser(by), publish_methodology(by.first, builders.methodology().canonical(), reason=asked()["reason"]).digest
    page = client.get("/requirements/new").content.decode()
    assert f'value="{HOW.sha256}"' in page and quick not in page
    answer = client.post("/requirements/new", FORM)
    assert answer.status_code == 303, text_of(answer.content.decode())
    told = read(client.get(answer["Location"]))
    for sentence in ("20 requests/s", "90 % of the requests answered within 40.00 ms", "at least 99 % of the reference’s accuracy",
                     "agreement on all items of digits: at least 95.5 % of the items", "Nobody has measured this workload"):  # fmt: skip
        assert sentence in told.replace("\u00a0", " "), told
    assert "Digits for the hall" in read(client.get("/requirements"))


def test_a_form_with_errors_says_all_of_them_and_keeps_what_was_typed(by: Committee) -> None:
    wrong = FORM | {"rate": "many", "limit_ms": "-4", "methodology": [], "question": "Kept as typed?"}
    page = browser(by).post("/requirements/new", wrong)
    told = read(page, 422)
    for path in ("rate", "limit_ms", "workload.methodologies"):
        assert f"{path} :" in told or f"{path}:" in told
    assert "Kept as typed?" in told and 'value="many"' in page.content.decode() and not RequirementVersion.objects.exists()


def test_the_contract_refuses_what_the_form_cannot_know(by: Committee) -> None:
    told = read(browser(by).post("/requirements/new", FORM | {"title": ""}), 422)
    assert "title : " in told and "at least 1 character" in told and not RequirementVersion.objects.exists()


def test_more_lines_of_quality_act_on_nothing(by: Committee) -> None:
    page = browser(by).post("/requirements/new", FORM | {"more": "1"})
    assert page.status_code == 200 and page.content.decode().count('name="quality_task"') == 7 and not RequirementVersion.objects.exists()


def test_a_double_click_publishes_once(by: Committee) -> None:
    client = browser(by)
    first, again = client.post("/requirements/new", FORM), client.post("/requirements/new", FORM)
    assert first["Location"] == again["Location"] and RequirementVersion.objects.count() == 1


def test_the_next_version_starts_from_the_one_before_and_takes_its_place(by: Committee) -> None:
    client, first = browser(by), required(by)
    page = client.get(f"/requirements/{first}/supersede").content.decode()
    assert 'value="Digits for the sorting hall"' in page and 'name="rate" type="text" inputmode="decimal" value="20"' in page and 'value="99"' in page
    answer = client.post(f"/requirements/{first}/supersede", FORM)
    assert answer.status_code == 303
    assert "superseded" in read(client.get(f"/requirements/{first}")) and {one.supersedes for one in requirements_for(by.first)} == {None, first}
    told = read(client.post(f"/requirements/{first}/supersede", FORM | {"title": "A third", "request_id": "page:third"}), 422)
    assert "superseded by" in told


def test_the_three_answers_are_told_apart_by_icon_word_and_class(by: Committee) -> None:
    digest = required(by)
    measured(by)
    measured(by, offered(service_ns=24_000_000, what=grown.executor(hw__product_name=seen("slow"))))
    html = browser(by).get(f"/requirements/{digest}").content.decode()
    for word, icon, text in (("meets", "✓", "MEETS"), ("fails", "✕", "FAILS")):
        assert re.search(rf'class="answer {word}"[^>]*><span class="icon" aria-hidden="true">{icon}</span> {text}<', html)


def test_a_candidate_without_evidence_is_no_failure(by: Committee) -> None:
    digest, run = required(by), measured(by)
    withdraw(by.first, run, **{**asked(), "reason": WRONG})
    html = browser(by).get(f"/requirements/{digest}").content.decode()
    assert re.search(r'class="answer no_evidence"[^>]*><span class="icon" aria-hidden="true">∅</span> NO EVIDENCE<', html)
    assert "R-25" in html and run in html and 'class="answer fails"' not in html


def test_a_run_that_was_made_private_leaves_a_count_and_no_number(by: Committee) -> None:
    digest, kept = required(by), measured(by)
    secret = measured(by, offered(service_ns=24_000_000))
    disclose(by.first, secret, "private", **asked())
    html = browser(by).get(f"/requirements/{digest}").content.decode()
    assert "1 more run of this configuration is private" in text_of(html) and kept in html and secret not in html


def test_a_draft_becomes_a_preview_and_a_signature(by: Committee) -> None:
    client, requirement, run = browser(by), required(by), measured(by)
    address = f"/decisions/new?requirement={requirement}"
    assert "MEETS" in read(client.get(address)) and not DecisionRow.objects.exists()
    preview = client.post(address, draft_form(by, **{f"dissent-{by.second.id}": "I would have waited."}))
    told = read(preview)
    assert "Machine A" in told and "I would have waited." in told and not DecisionRow.objects.exists()
    document = hidden(preview.content.decode(), "document")
    shown = Decision.read(document.encode())
    assert shown.runs == (run,) and shown.sha256 in told and {one.kind for one in shown.triggers} == {"driver_change", "notice", *Decision.ALWAYS}
    answer = client.post("/decisions/sign", {"document": document, **BECAUSE})
    assert answer.status_code == 303 and answer["Location"] == f"/decisions/{shown.sha256}"
    assert client.post("/decisions/sign", {"document": document, **BECAUSE})["Location"] == answer["Location"]
    assert DecisionSignature.objects.count() == 1
    page = read(client.get(answer["Location"]))
    assert "still valid" in page and "asked before it was measured" in page and "1 of 2 signed" in page
    second = browser(by, second=True)
    assert second.post(f"{answer['Location']}/sign", BECAUSE | {"request_id": "page:second"}).status_code == 303
    assert "2 of 2 signed" in read(second.get("/decisions/" + shown.sha256)) and Event.objects.on("decision", shown.sha256).count() == 2


def test_a_draft_with_errors_keeps_what_was_typed_and_so_does_the_way_back(by: Committee) -> None:
    client, requirement = browser(by), required(by)
    measured(by)
    address = f"/decisions/new?requirement={requirement}"
    told = read(client.post(address, draft_form(by, valid_until="", rationale="Short but kept", chosen="d" * 64)), 422)
    assert "Short but kept" in told and "valid_until : nothing; expected a day such as 2030-12-31" in told and "[0-9]" not in told
    back = client.post(address, draft_form(by, edit="1", rationale="Kept on the way back"))
    assert back.status_code == 200 and "Kept on the way back" in back.content.decode()


def test_a_dissent_of_somebody_who_does_not_sign_is_a_problem_and_not_lost(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    form = draft_form(by, member=[by.first.id], **{f"dissent-{by.second.id}": "I object and do not sign."})
    assert "dissent" in read(browser(by).post(f"/decisions/new?requirement={requirement}", form), 422)


def test_a_configuration_that_was_never_measured_is_a_candidate_without_evidence(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    form = draft_form(by, other_fingerprint=["d" * 64, ""], other_name=["Nameplate only", ""])
    told = read(browser(by).post(f"/decisions/new?requirement={requirement}", form))
    assert "Nameplate only" in told and "NO EVIDENCE" in told


def test_bytes_that_the_preview_did_not_make_are_not_found_and_typed_answers_are_refused(by: Committee) -> None:
    client, requirement = browser(by), required(by)
    measured(by, offered(service_ns=24_000_000))
    assert client.post("/decisions/sign", {"document": "{}", **BECAUSE}).status_code == 404
    tree = drafted(by, requirement, chosen=None).model_dump(mode="json")
    tree["candidates"][0]["answer"], tree["chosen"] = "meets", FINGERPRINT
    document = encode(tree).decode()
    told = read(client.post("/decisions/sign", {"document": document, **BECAUSE}), 422)
    assert "draft the decision again" in told.lower() and not DecisionRow.objects.exists()


def test_a_decision_is_read_from_question_to_what_would_change_it(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    page = browser(by).get(f"/decisions/{decision.sha256}")
    told = read(page)
    order = ["Which machine do we buy?", "Answer:", "Machine A", "Still valid?", "What was asked", "What the evidence says", "Why", "Dissent",
             "What would change it", "Signatures", "Later words", "Take it away"]  # fmt: skip
    places = [told.index(one) for one in order]
    assert places == sorted(places)
    positions = list(Event.objects.on("decision", decision.sha256).values_list("seq", flat=True))
    assert all(f"/log/{position}" in page.content.decode() for position in positions)
    assert "Delivery was confirmed by the vendor." in told and f"/packs/new?decision={decision.sha256}" in page.content.decode()
    assert "Latency p90" in told and "@" in told  # the metric stands at its operating point


def test_the_badge_says_every_trigger_that_fired(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    withdraw(by.first, decision.runs[0], **{**asked(), "reason": WRONG})
    client = browser(by)
    told = read(client.get(f"/decisions/{decision.sha256}"))
    assert "re-check" in told and f"Run {decision.runs[0][:12]} is withdrawn" in told
    assert "re-check" in read(client.get("/decisions"))


def test_a_later_word_is_added_and_a_short_one_is_kept_with_its_problem(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    client, address = browser(by), f"/decisions/{decision.sha256}"
    told = read(client.post(f"{address}/append", {"text": "short", **BECAUSE}), 422)
    assert "short" in told and "10 to 20,000 characters" in told
    assert client.post(f"{address}/append", {"text": "The machine arrived in May.", **BECAUSE}).status_code == 303
    assert "The machine arrived in May." in read(client.get(address))


def test_who_is_not_of_the_committee_reads_and_signs_nothing(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    signed(by, drafted(by, requirement))
    person = create_person(by.first, name="manager", email="m@example.org", password="correct horse battery staple", **asked()).person
    grant_role(by.first, person.actor_id, Role.MANAGER, **asked())
    client = Client(raise_request_exception=False)
    client.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    digest = DecisionRow.objects.get().digest
    page = client.get(f"/decisions/{digest}").content.decode()
    assert "Sign it too" not in page and "Add a word" not in page
    assert client.post(f"/decisions/{digest}/sign", BECAUSE).status_code == 403
    assert client.post("/requirements/new", FORM).status_code == 403
    assert client.post(f"/decisions/new?requirement={requirement}", draft_form(by)).status_code == 403


@pytest.mark.parametrize("address", ["/requirements", "/decisions", "/requirements/new"])
def test_an_empty_site_says_so(by: Committee, address: str) -> None:
    assert read(browser(by).get(address))
