"""The log and its packs in a real Chromium: accessible in both schemes, no sideways scroll on a phone, and whole without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest

from lynxweb.audit import signing
from lynxweb.audit.models import Event
from tests.audit.conftest import signer
from tests.browser.conftest import Visit
from tests.pages.shelf import Shelf

__all__ = ["signer"]
pytestmark = pytest.mark.browser


def addresses(visit: Visit, shelf: Shelf) -> list[str]:
    """Every kind of page, once a pack was taken as a person takes it."""
    page, submitted = visit.page, Event.objects.get(action="run.submit", object_id=shelf.ort).seq
    page.goto(f"{visit.base}/packs/new?runs={shelf.ort}&runs={shelf.torch}")
    page.get_by_label("In a sentence or two").fill("the committee meets on Friday")
    page.get_by_role("button", name="Take the pack").click()
    page.wait_for_load_state("load")
    assert page.get_by_text("It waits for its checkpoint.").is_visible()
    signing.sign()
    pack = page.url.removeprefix(visit.base)
    return ["/log", "/log?action=run.submit", f"/log/{submitted}", f"/log/{submitted}?verify=1", f"/history/run/{shelf.ort}", "/packs",
            f"/packs/new?runs={shelf.ort}", pack, f"{pack}?verify=1"]  # fmt: skip


def test_log_and_packs_are_accessible_and_fit_a_phone(visit: Visit, signer: Path, shelf: Shelf, scheme: str) -> None:
    visit.sign_in("person-a")
    for address in addresses(visit, shelf):
        for width in (1280, 390):
            visit.page.set_viewport_size({"width": width, "height": 900})
            visit.open(address)
            assert (address, visit.violations()) == (address, [])
            assert (address, visit.page.evaluate("document.documentElement.scrollWidth")) == (address, width)
    assert visit.complaints == []
