"""The committee's pages in a real Chromium: accessible in light and dark, nothing cut off on a phone, and a decision signed by keyboard and mouse."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lynxweb.review.decisions import append_addendum
from lynxweb.review.publishing import disclose
from lynxweb.review.withdrawal import withdraw
from tests.browser.conftest import Visit
from tests.browser.test_pages_in_a_browser import complaints
from tests.builders import seen
from tests.contract import grown
from tests.contract.asked import offered
from tests.review.committee import FINGERPRINT, Committee, committee_of, drafted, measured, required, signed
from tests.review.people import WRONG, asked

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Table:
    """What lies before the committee: a requirement with all three answers, and a decision that asks for a new look."""

    by: Committee
    requirement: str
    decision: str


@pytest.fixture
def shelf(transactional_db: None) -> Table:
    """In the place of the runs that other browser tests read."""
    by = committee_of()
    requirement = required(by)
    measured(by)
    measured(by, offered(service_ns=24_000_000, what=grown.executor(hw__product_name=seen("Slow Accelerator 4000 with a rather long name"))))
    gone = measured(by, offered(service_ns=5_200_000, what=grown.executor(hw__product_name=seen("Withdrawn"))))
    withdraw(by.first, gone, **{**asked(), "reason": WRONG})
    disclose(by.first, measured(by, offered(service_ns=23_000_000)), "private", **asked())
    decision = drafted(by, requirement, dissent=((by.second.id, "I would have waited for the next generation."),))
    signed(by, decision)
    append_addendum(by.second, decision.sha256, "Delivery was confirmed by the vendor.", **asked())
    return Table(by, requirement, decision.sha256)


def addresses(shelf: Table) -> list[str]:
    """Every page of the committee."""
    asks = ["/requirements", "/requirements/new", f"/requirements/{shelf.requirement}", f"/requirements/{shelf.requirement}/supersede"]
    decides = [f"/decisions/new?requirement={shelf.requirement}", "/decisions", f"/decisions/{shelf.decision}", f"/decisions/{shelf.decision}/report"]
    return [*asks, *decides]


def test_the_pages_of_a_committee_are_accessible_and_ask_nobody_else_for_anything(visit: Visit, shelf: Table, scheme: str) -> None:
    visit.sign_in("person-a")
    for address in addresses(shelf):
        visit.open(address)
        assert (address, visit.violations()) == (address, [])
    assert complaints(visit) == []
    assert {url for url in visit.asked if not url.startswith((visit.base, "data:"))} == set()


def test_no_page_of_a_committee_scrolls_sideways_on_a_phone(visit: Visit, shelf: Table) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.sign_in("person-a")
    for address in addresses(shelf):
        visit.open(address)
        assert (address, visit.page.evaluate("document.documentElement.scrollWidth")) == (address, 390)


def test_a_member_drafts_previews_and_signs(visit: Visit, shelf: Table) -> None:
    page = visit.page
    visit.sign_in("person-a")
    visit.open(f"/requirements/{shelf.requirement}")
    page.get_by_role("link", name="Draft a decision").click()
    page.locator(f"input[name=chosen][value='{FINGERPRINT}']").check()
    page.get_by_label("Rationale").fill("It is the one that meets what we ask for.")
    page.get_by_label("Valid until").fill("2099-01-01")
    page.get_by_role("button", name="Show what would be signed").click()
    assert page.get_by_text("Draft, stored nowhere").is_visible() and visit.violations() == []
    page.get_by_label("In a sentence or two").fill("The committee met and agreed.")
    page.get_by_role("button", name="Sign this decision").click()
    visit.settle()
    assert page.get_by_role("heading", name="Still valid?").is_visible() and page.get_by_text("1 of 2 signed").is_visible()
    assert complaints(visit) == []
