"""The log in the browser: what stands in it, what holds it together, and what the site says when it checks itself."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit import halting, signing
from lynxweb.audit.models import Event
from lynxweb.review.log_proofs import verifier_key
from runner.contract import checkpoints
from tests.audit.conftest import signer
from tests.pages.shelf import text_of
from tests.registry.world import World, bundle_of, upload, world

__all__ = ["signer"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(signer: Path) -> World:
    return world()


@pytest.fixture
def run(site: World) -> str:
    return upload(site, bundle_of(site)).run_digest


def signed_in(person: Person) -> Client:
    browser = Client()
    browser.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    return browser


def somebody_elsewhere(*roles: Role) -> Client:
    """A browser of somebody in another organisation, with these roles there."""
    made = create_organisation(
        name="Elsewhere", person="stranger", email="s@example.org", password="correct horse battery staple", roles=roles, request_id="elsewhere"
    )  # fmt: skip
    return signed_in(made.person)


def shown(browser: Client, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status, address
    return text_of(answer.content.decode())


def submitted() -> int:
    return int(Event.objects.get(action="run.submit").seq)


def test_the_log_lists_every_event_and_says_what_no_checkpoint_covers(run: str, reader: Client) -> None:
    size = Event.objects.count()
    text = shown(reader, "/log")
    assert f"{size} events not covered yet" in text and "None yet." in text and "run.submit" in text
    signing.sign()
    text = shown(reader, "/log")
    assert "every event is covered" in text and f"Size {size} events" in text and "Witness level W0" in text


def test_the_log_shows_a_note_that_can_be_copied_and_the_key_it_is_under(run: str, reader: Client) -> None:
    root = signing.sign().root.hex()
    page = reader.get("/log").content.decode()
    note = html.unescape(page.split('<pre class="raw">')[1].split("</pre>")[0])
    assert checkpoints.open(note.encode(), [verifier_key()]).root.hex() == root
    assert root in text_of(page) and str(verifier_key()) in text_of(page)


def test_the_note_alone_is_plain_text(run: str, reader: Client) -> None:
    assert reader.get("/log/checkpoint").status_code == 404
    size = signing.sign().size
    answer = reader.get("/log/checkpoint")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("text/plain; charset=utf-8", "nosniff")
    assert checkpoints.open(answer.content, [verifier_key()]).size == size


def test_filters_are_kept_in_the_form_and_in_the_link_to_older_events(run: str, reader: Client, site: World) -> None:
    for seed in range(2, 4):
        upload(site, bundle_of(site, seed))
    page = reader.get("/log?action=run.submit").content.decode()
    assert page.count('href="/log/') - page.count('href="/log/checkpoint') == 3
    assert "<option selected>run.submit</option>" in page
    assert "No such event" in shown(reader, "/log?action=run.submit&object_type=node")


def test_older_events_follow_by_cursor_and_a_made_up_cursor_is_unknown(run: str, reader: Client) -> None:
    assert "No such event further back" in shown(reader, "/log?after=p0")
    assert reader.get("/log?after=nonsense").status_code == 404


def test_a_foreign_event_shows_its_place_and_nothing_else_and_has_no_page(run: str) -> None:
    stranger = somebody_elsewhere(Role.MANAGER, Role.ENGINEER)
    page = stranger.get("/log")
    assert "Not yours to see" in page.content.decode() and run not in page.content.decode()
    assert f'href="/log/{submitted()}"' not in page.content.decode()
    assert stranger.get(f"/log/{submitted()}").status_code == 404
    assert stranger.get(f"/history/run/{run}").status_code == 404


def test_an_auditor_of_another_organisation_is_a_stranger_here(run: str) -> None:
    assert somebody_elsewhere(Role.AUDITOR).get(f"/log/{submitted()}").status_code == 404


def test_an_event_shows_every_field_its_documents_and_its_exact_bytes(run: str, reader: Client) -> None:
    page = reader.get(f"/log/{submitted()}").content.decode()
    assert bytes(Event.objects.get(seq=submitted()).leaf).decode() in html.unescape(page)
    for words in ("Position", "Request", "Newest checkpoint then", "Snapshot after", "Document of the act", "no checkpoint covers it yet"):
        assert words in text_of(page)


def test_verifying_says_what_was_checked_and_against_what(run: str, reader: Client) -> None:
    signed = signing.sign()
    assert "All four checks hold" not in shown(reader, f"/log/{submitted()}")
    text = shown(reader, f"/log/{submitted()}?verify=1")
    assert "All four checks hold" in text and f"the root {signed.root.hex()} of {signed.size} events" in text
    assert f"the key that event 0 names: {verifier_key()}" in text and "This site checked itself" in text


def test_the_command_for_ones_own_check_works_as_it_is_printed(run: str, reader: Client, tmp_path: Path) -> None:
    signed = signing.sign()
    page = reader.get(f"/log/{submitted()}").content.decode()
    for link, name in re.findall(r'href="(/api/v1/log/events/\d+/(leaf|proof))"', page):
        suffix = {"leaf": "json", "proof": "tlog-proof"}[name]
        (tmp_path / f"event-{submitted()}.{suffix}").write_bytes(reader.get(link).content)
    command = shlex.split(html.unescape(page.split('<pre class="raw">')[1].split("</pre>")[0]))
    ran = subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    assert f"({submitted()}, Checkpoint(" in ran.stdout.decode() and f"size={signed.size}" in ran.stdout.decode()


def test_the_history_of_a_run_links_each_of_its_events(run: str, reader: Client) -> None:
    page = reader.get(f"/runs/{run}").content.decode()
    assert f'href="/log/{submitted()}"' in page and f'href="/history/run/{run}"' in page
    assert "run.submit" in shown(reader, f"/history/run/{run}")


@pytest.mark.parametrize("address", ["/log/99999", "/log/99999999999999999999", "/history/run/nothing", "/history/nothing/x", "/history/run/%00"])
def test_what_is_not_in_the_log_is_not_found(run: str, reader: Client, address: str) -> None:
    assert reader.get(address).status_code == 404


def test_a_role_and_the_log_itself_have_a_history_though_their_names_hold_odd_letters(run: str, reader: Client) -> None:
    for event in (Event.objects.filter(object_type="role").first(), Event.objects.get(seq=0)):
        assert event is not None
        assert event.action in shown(reader, f"/history/{event.object_type}/{event.object_id}")


def test_every_page_says_that_the_log_is_read_only_once_the_signer_refused(run: str, reader: Client) -> None:
    halting.halt("event 3: the stored hashes are not those of its bytes")
    for address in ("/log", f"/log/{submitted()}", f"/history/run/{run}"):
        assert "Read-only" in shown(reader, address)


def test_what_is_not_public_is_the_sign_in_to_whoever_has_not_signed_in(db: None) -> None:
    for address in ("/log/999", "/log/checkpoint", "/history/run/x", "/packs", "/packs/new"):
        assert Client().get(address)["Location"].startswith("/sign-in")
