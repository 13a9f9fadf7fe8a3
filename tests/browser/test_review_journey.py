"""From a review to a tombstone in a real Chromium: three people click through it, by mouse and by keyboard, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator

from runner.contract.checklist import INTAKE
from tests.browser.conftest import Visit
from tests.pages.laboratories import WRONG, Laboratories, laboratories, opened, report, send
from tests.pages.shelf import Shelf

pytestmark = pytest.mark.browser


@pytest.fixture
def labs(shelf: Shelf) -> Laboratories:
    """Two laboratories around the shelf."""
    return laboratories(shelf.site)


def chosen(visit: Visit, title: str) -> Locator:
    """The form of an act, unfolded."""
    place = visit.page.locator("details.act-choice").filter(has=visit.page.get_by_text(title, exact=True))
    place.locator("summary").click()
    return place


def act(form: Locator, button: str, code: str = "routine") -> None:
    """Say why and send a form."""
    form.get_by_label("Why", exact=True).select_option(code)
    form.get_by_label("In a sentence or two").fill("a journey wants it so")
    form.get_by_role("button", name=button).click()
    form.page.wait_for_load_state("load")


def as_(visit: Visit, name: str, path: str) -> None:
    """Somebody else at the same browser."""
    visit.page.context.clear_cookies()
    visit.sign_in(name)
    visit.open(path)


def test_a_run_is_reviewed_published_and_withdrawn(visit: Visit, shelf: Shelf, labs: Laboratories) -> None:
    page, run = visit.page, f"/runs/{shelf.ort}"
    as_(visit, "engineer-a", run)
    act(chosen(visit, "Ask for a review"), "Ask for a review")
    as_(visit, "reviewer-b", "/reviews")
    page.get_by_role("link", name="onnxruntime · fp32").click()
    page.get_by_label("I have none").check()
    act(page.locator("form.act"), "Open the review")
    for item in INTAKE.items:
        page.locator(f"[name=answer-{item.id}][value=yes]").check()
    page.get_by_label("I have none").check()
    page.get_by_label("accepted", exact=True).check()
    page.get_by_label("Summary").fill("every number was read beside its rows")
    act(page.locator("form.report"), "File the report")
    act(page.locator("form.act"), "Close it")
    assert "accepted" in page.locator("main header").inner_text()
    as_(visit, "publisher-a", run)
    act(chosen(visit, "Publish"), "Publish")
    assert "published" in page.locator("header.headline").inner_text()
    act(chosen(visit, "Withdraw"), "Withdraw the run", "measurement_error")
    stone = page.locator(".tombstone")
    assert page.url.endswith(run) and "a journey wants it so" in stone.inner_text() and "measurement error" in stone.inner_text()
    assert page.locator("header.headline s .number").evaluate("one => getComputedStyle(one).textDecorationLine") == "line-through"
    assert visit.complaints == []


def test_tabs_of_the_workspace_are_changed_by_the_arrow_keys(visit: Visit, shelf: Shelf, labs: Laboratories) -> None:
    visit.sign_in("person-a")
    visit.open(f"/runs/{shelf.ort}/review")
    page = visit.page
    assert page.locator("#panel-who").is_visible() and not page.locator("#panel-what").is_visible()
    page.locator("#tab-who").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#panel-what").is_visible() and not page.locator("#panel-who").is_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#panel-numbers").is_visible()
    page.emulate_media(media="print")
    assert all(page.locator(f"#panel-{name}").is_visible() for name in ("who", "what", "how", "again", "findings", "numbers"))


def test_tabs_work_without_javascript(visit: Visit, shelf: Shelf, labs: Laboratories) -> None:
    visit.sign_in("person-a")
    browser = visit.page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(visit.page.context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(f"{visit.base}/runs/{shelf.ort}/review")
    page.get_by_text("Numbers", exact=False).first.click()
    assert page.locator("#panel-numbers").is_visible() and not page.locator("#panel-who").is_visible()
    plain.close()


def test_pages_of_reviews_are_accessible_and_fit_a_phone(visit: Visit, shelf: Shelf, labs: Laboratories, scheme: str) -> None:
    published = labs.published(1)
    send(labs.publisher, f"/runs/{shelf.ort}/acts/post-notice", text="the power meter was replaced", expires="")
    send(labs.engineer, f"/runs/{shelf.torch}/acts/request-review")
    send(labs.reviewer, f"/runs/{published}/acts/open-dispute", clause="methodology 4.2", effect_permille="80", text="the batch was larger")
    waiting, review = f"/runs/{shelf.torch}/review", opened(labs.reviewer, shelf.torch)
    send(labs.reviewer, f"/reviews/{review}/report", **report())
    withdrawn = labs.run(2)
    send(labs.engineer, f"/runs/{withdrawn}/acts/withdraw", **WRONG)
    seen = {
        "reviewer-b": ("/reviews", waiting, f"/reviews/{review}", "/disputes", f"/runs/{published}"),
        "person-a": ("/rulings", "/draws", "/runs", f"/runs/{shelf.ort}", f"/runs/{shelf.ort}/redact", f"/runs/{withdrawn}", waiting),
    }
    for name, addresses in seen.items():
        visit.page.context.clear_cookies()
        visit.sign_in(name)
        for address in addresses:
            visit.page.set_viewport_size({"width": 1280, "height": 900})
            visit.open(address)
            visit.page.evaluate("document.querySelectorAll('.act-choice').forEach((one) => { one.open = true })")
            assert (address, visit.violations()) == (address, [])
            visit.page.set_viewport_size({"width": 390, "height": 900})
            visit.open(address)
            assert (address, visit.page.evaluate("document.documentElement.scrollWidth")) == (address, 390)
    assert visit.complaints == []
