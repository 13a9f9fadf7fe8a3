"""In a real Chromium nothing that anybody wrote runs, asks for an address or opens a dialog."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.audit.conftest import signer
from tests.browser.conftest import Visit
from tests.pages.hostile import WORD, written_everywhere
from tests.review.committee import committee_of

__all__ = ("signer",)
pytestmark = pytest.mark.browser


def test_nothing_that_anybody_wrote_runs(transactional_db: None, live_server: LiveServer, signer: Path, browser: Browser) -> None:
    made, _ = written_everywhere(committee_of())
    visit = Visit(browser.new_page(), live_server.url)
    told: list[str] = visit.complaints
    visit.page.on("console", lambda line: told.append(line.text) if line.type in ("error", "warning") else None)
    visit.page.on("pageerror", lambda error: told.append(str(error)))
    visit.page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
    visit.sign_in("person-a")
    run, decision = f"/runs/{made['judged']}", f"/decisions/{made['decision']}"
    pages = [
        "/", "/runs", run, f"{run}/review", f"/runs/{made['run']}", f"/runs/{made['withdrawn']}", f"/reviews/{made['review']}", "/reviews",
        "/rulings", "/disputes", f"/draws/{made['draw']}", decision, f"{decision}/report", "/decisions", f"/requirements/{made['requirement']}",
        "/proposals", f"/packs/{made['pack']}", "/people", f"/people/{made['person']}", "/nodes", "/log?limit=200", f"/history/run/{made['judged']}",
    ]  # fmt: skip
    assert {path: status for path in pages if (status := visit.open(path)) != 200} == {}
    assert visit.complaints == []
    assert [address for address in visit.asked if WORD in address or urlsplit(address).netloc != urlsplit(live_server.url).netloc] == []
    visit.page.close()
