"""The ruling register, draws by lot and redactions, as people use them."""

from __future__ import annotations

import re

import pytest

from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import SYSTEM
from lynxweb.audit.models_redactions import Redaction
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.registry.models import Run
from tests.accounts.conftest import PASSWORD, hire
from tests.pages.laboratories import Laboratories, acting, browser, page, send
from tests.pages.shelf import text_of
from tests.registry.world import BECAUSE


@pytest.fixture
def auditor(labs: Laboratories) -> Person:
    """An auditor of a third organisation."""
    return create_organisation(
        name="Auditors", person="auditor-c", email="c@example.org", password=PASSWORD, roles=(Role.AUDITOR, Role.ADMINISTRATOR), request_id="c"
    ).person


def ruling(*runs: str, **changes: str) -> dict[str, str]:
    return {"kind": "runs", "rule": "rule 7", "outcome": "excluded", "runs": "\n".join(runs), "text": "their clocks were pinned", **changes}


def test_a_ruling_is_issued_and_marks_its_runs(labs: Laboratories, auditor: Person) -> None:
    digest = labs.published()
    assert send(auditor, "/rulings", **ruling(digest)).status_code == 303
    register = text_of(page(labs.stranger, "/rulings"))
    assert "their clocks were pinned" in register and "excluded from comparison" in register and "1 run under rule 7" in register
    assert "their clocks were pinned" in text_of(page(labs.stranger, f"/runs/{digest}").split('<header class="headline card">')[0])


def test_two_persons_propose_and_issue_a_ruling(labs: Laboratories, auditor: Person) -> None:
    digest = labs.published()
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    second = hire_as_system(auditor)
    assert 'action="/rulings"' not in page(auditor, "/rulings")
    assert send(auditor, "/rulings/propose", **ruling(digest)).status_code == 303
    assert 'action="/rulings"' not in page(auditor, "/rulings")
    form = page(second, "/rulings").split('action="/rulings"')[1].split("</form>")[0]
    proposal = re.findall(r'name="proposal" value="(prop_\w+)"', form)[0]
    own = send(auditor, "/rulings", proposal=proposal)
    assert own.status_code == 422 and "let somebody else do the act" in text_of(own.content.decode()).lower()
    assert send(second, "/rulings", proposal=proposal).status_code == 303
    assert "their clocks were pinned" in text_of(page(labs.stranger, "/rulings"))


def hire_as_system(auditor: Person) -> Person:
    set_two_person_rule(SYSTEM, False, reason=BECAUSE, request_id="rule:off")
    second = hire(acting(auditor), "second-c", Role.AUDITOR)
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on:again")
    return second


def test_a_ruling_on_a_pair_of_methodologies_needs_both(labs: Laboratories, auditor: Person) -> None:
    methodology = Run.objects.get(digest=labs.run()).methodology_id
    sent = {"kind": "methodologies", "a": methodology, "b": "0" * 64, "metric": "latency_p50@1", "outcome": "compatible", "text": "they ask the same"}
    assert send(auditor, "/rulings", **sent).status_code == 404


def test_nobody_without_the_role_rules(labs: Laboratories) -> None:
    digest = labs.published()
    answer = send(labs.stranger, "/rulings", **ruling(digest))
    assert answer.status_code == 403 and 'action="/rulings"' not in answer.content.decode()


def test_a_draw_is_frozen_and_picks_the_same_runs_for_the_same_value(labs: Laboratories, auditor: Person) -> None:
    runs = [labs.published(1), labs.published(2)]
    html = page(auditor, "/draws")
    assert all(digest in html for digest in runs)
    answer = send(auditor, "/draws", candidates="\n".join(runs), count="1", seed_source="three dice of the committee")
    assert answer.status_code == 303
    drawn = [re.findall(r"/runs/([0-9a-f]{64})/review", page(auditor, f"{answer['Location']}?seed=4 2 6")) for _ in range(2)]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 1 and drawn[0][0] in runs
    assert browser(auditor).get(f"{answer['Location']}?seed=").status_code == 422
    assert browser(labs.stranger).get(answer["Location"]).status_code == 404


def test_a_count_that_is_no_number_is_refused_with_what_was_typed(labs: Laboratories, auditor: Person) -> None:
    answer = send(auditor, "/draws", candidates=labs.published(), count="many", seed_source="three dice of the committee")
    assert answer.status_code == 422 and 'value="many"' in answer.content.decode()


def test_a_publisher_takes_bytes_out_and_the_run_says_so(labs: Laboratories) -> None:
    digest = labs.run()
    samples = Run.objects.get(digest=digest).samples_sha256
    assert f'value="{samples}"' in page(labs.publisher, f"/runs/{digest}/redact")
    sent = {"payload": samples, "reason_code": "privacy", "reason": "a person is named in the rows"}
    assert send(labs.publisher, f"/runs/{digest}/redact", **sent).status_code == 303
    assert Redaction.objects.filter(digest=samples).exists()
    assert "a person is named in the rows" in text_of(page(labs.engineer, f"/runs/{digest}"))
    assert "Nothing can be computed again" in text_of(page(labs.engineer, f"/runs/{digest}/review"))


def test_two_persons_take_bytes_out(labs: Laboratories) -> None:
    digest = labs.run()
    samples = Run.objects.get(digest=digest).samples_sha256
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    sent = {"payload": samples, "reason_code": "privacy", "reason": "a person is named in the rows"}
    assert send(labs.engineer, f"/runs/{digest}/redact", **sent).status_code == 303
    assert not Redaction.objects.exists()
    form = page(labs.publisher, f"/runs/{digest}/redact").split("as proposed")[1].split("</form>")[0]
    held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert send(labs.publisher, f"/runs/{digest}/redact", **held).status_code == 303
    assert Redaction.objects.filter(digest=samples).exists()


def test_a_stranger_redacts_nothing(labs: Laboratories) -> None:
    public = labs.published()
    samples = Run.objects.get(digest=public).samples_sha256
    assert send(labs.stranger, f"/runs/{public}/redact", payload=samples, reason_code="privacy").status_code == 404
    assert browser(labs.stranger).get(f"/runs/{labs.run(2)}/redact").status_code == 404
    assert not Redaction.objects.exists()
