"""Packs in the browser: chosen, taken for a reason, checked and carried away."""

from __future__ import annotations

import html
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from lynxweb.accounts.roles import Role
from lynxweb.audit import signing
from lynxweb.audit.models import Event
from lynxweb.review.models.packs import Pack
from lynxweb.review.readers_pages import trust_policy
from runner import verify
from runner.contract.decision import Decision
from tests.audit.conftest import signer
from tests.pages.shelf import text_of
from tests.pages.test_log import shown, signed_in, somebody_elsewhere
from tests.registry.world import World, bundle_of, upload, world
from tests.review.committee import Committee, by, decided

__all__ = ["by", "decided", "signer"]


@pytest.fixture
def site(signer: Path) -> World:
    return world()


@pytest.fixture
def run(site: World) -> str:
    return upload(site, bundle_of(site)).run_digest


def sent(browser: Client, **changes: Any) -> HttpResponse:
    form = {"reason_code": "routine", "reason": "the committee meets on Friday", "request_id": "page:1", "with_samples": "1"} | changes
    return browser.post("/packs/new", {name: value for name, value in form.items() if value is not None})


def taken(browser: Client, run: str, **changes: Any) -> str:
    answer = sent(browser, **{"runs": [run], **changes})
    assert answer.status_code == 303, text_of(answer.content.decode())
    return answer["Location"]


def test_a_run_links_to_the_form_that_takes_a_pack_of_it(run: str, reader: Client) -> None:
    assert f'href="/packs/new?runs={run}"' in reader.get(f"/runs/{run}").content.decode()
    page = reader.get(f"/packs/new?runs={run}").content.decode()
    assert f'value="{run}" checked' in page and re.search(r'name="request_id" value="page:[0-9a-f-]{36}"', page)
    assert "public and permanent" in page


def test_a_pack_that_was_taken_waits_and_then_can_be_carried_away(run: str, reader: Client) -> None:
    page = taken(reader, run)
    assert "It waits for its checkpoint" in shown(reader, page)
    waiting = reader.get(f"{page}/pack.zip")
    assert waiting.status_code == 202 and "Look again" in waiting.content.decode()
    signing.sign()
    text = shown(reader, page)
    assert "sealed" in text and "the committee meets on Friday" in text and "Log size" in text
    answer = reader.get(f"{page}/pack.zip")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/zip", "nosniff")
    assert answer["Content-Disposition"].startswith('attachment; filename="pack_')
    assert verify.verify(answer.content, trust_policy())["accepted"] is True


def test_the_page_of_a_pack_lists_what_is_in_it_and_the_digest_of_its_verifier(run: str, reader: Client) -> None:
    page = taken(reader, run)
    signing.sign()
    with zipfile.ZipFile(io.BytesIO(reader.get(f"{page}/pack.zip").content)) as container:
        names = [name for name in container.namelist() if name.startswith(("documents/", "payload/", "events/"))]
    text = html.unescape(reader.get(page).content.decode())
    own = f"events/{Pack.objects.get().position:012d}.json"
    assert all(name in text for name in names if name != own) and own not in text
    assert "verify.py" in text and "Left out" in text


def test_the_twelve_checks_are_run_by_the_packs_own_verifier(run: str, reader: Client) -> None:
    page = taken(reader, run)
    signing.sign()
    assert "PASS" not in shown(reader, page).replace("each PASS, FAIL or NOT PRESENT", "")
    text = shown(reader, f"{page}?verify=1")
    assert "accepted: no check failed" in text and "witness level W0" in text and "two-person rule off" in text
    assert reader.get(f"{page}?verify=1").content.decode().count('<th scope="row">') >= 12


def test_a_double_click_takes_one_pack(run: str, reader: Client) -> None:
    assert taken(reader, run) == taken(reader, run)
    assert Event.objects.filter(action="pack.export").count() == 1


def test_runs_may_be_typed_and_samples_left_out(run: str, reader: Client, site: World) -> None:
    other = upload(site, bundle_of(site, 2)).run_digest
    page = taken(reader, run, more=f" {other}\n", with_samples=None, held="3, 5")
    text = shown(reader, page)
    assert "2 runs" in text and "without samples" in text and "sizes 3, 5" in text and "samples.parquet" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "1 to 50 runs"), ({"more": "0" * 64}, "runs and decisions that you see"), ({"more": "\x00"}, "runs and decisions that you see"),
        ({"held": "much"}, "sizes of checkpoints"), ({"reason": "short"}, "10 to 2,000 characters"),
        ({"reason_code": "because"}, "a reason of the list"),
    ],
)  # fmt: skip
def test_a_faulty_form_says_what_is_wrong_and_keeps_what_was_typed(run: str, reader: Client, changes: dict[str, str], words: str) -> None:
    named = {} if not changes or "more" in changes else {"runs": [run]}
    answer = sent(reader, **named, **{"held": "7", **changes})
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422 and words in page
    assert changes.get("reason", "the committee meets on Friday") in page and f'value="{changes.get("held", "7")}"' in page
    assert Pack.objects.count() == 0


def test_a_pack_of_others_is_not_found_in_any_way(run: str, reader: Client) -> None:
    page, other = taken(reader, run), somebody_elsewhere(*Role)
    signing.sign()
    assert [other.get(address).status_code for address in (page, f"{page}/pack.zip", f"{page}?verify=1")] == [404] * 3
    assert "Nothing was taken away" in shown(other, "/packs")
    assert sent(other, runs=[run]).status_code == 422
    assert run not in other.get(f"/packs/new?runs={run}").content.decode()


def test_the_list_shows_who_took_what_and_why(run: str, reader: Client, site: World) -> None:
    page = taken(reader, run)
    text = shown(reader, "/packs")
    assert page.rpartition("/")[2] in text and "waits for its checkpoint" in text and site.actor.id in text and "meets on Friday" in text


def test_whose_roles_take_no_packs_is_told_so(run: str) -> None:
    browser = somebody_elsewhere(Role.AUTHOR)
    assert "Your roles do not take packs" in shown(browser, "/packs/new")
    assert sent(browser, runs=[run]).status_code == 403


def test_a_pack_of_a_decision_brings_all_that_it_cites(signer: Path, decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    browser = signed_in(by.site.person)
    assert decision.question in shown(browser, f"/packs/new?decision={decision.sha256}")
    page = sent(browser, decision=decision.sha256)["Location"]
    signing.sign()
    text = shown(browser, f"{page}?verify=1")
    assert "A decision and 1 run" in text and "accepted: no check failed" in text
    assert somebody_elsewhere(*Role).get(f"/packs/new?decision={decision.sha256}").status_code == 404
