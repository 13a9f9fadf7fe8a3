"""Few journeys in a real Chromium: from sign-in to a comparison and a refusal, drawn, accessible, and the same on a phone."""

from __future__ import annotations

import re

import pytest

from lynxweb.audit.actors import SYSTEM
from lynxweb.registry.publication import publish_methodology
from runner.contract.metrics import DEFINITIONS
from tests import builders
from tests.browser.conftest import Visit
from tests.pages import rich
from tests.pages.shelf import Shelf, executor
from tests.registry.world import BECAUSE, bundle_of, upload

pytestmark = pytest.mark.browser
STATUS_ONLY = re.compile(r"^Failed to load resource: the server responded with a status of (422|404|400)")


def complaints(visit: Visit) -> list[str]:
    """What the console said, apart from the statuses that pages of refusal have by design."""
    return [line for line in visit.complaints if not STATUS_ONLY.match(line)]


def addresses(visit: Visit, shelf: Shelf) -> list[str]:
    """Every kind of page."""
    visit.open(f"/runs/{shelf.ort}")
    links = [visit.page.locator(f"a[href^='/{kind}/']").first.get_attribute("href") for kind in ("executors", "methodologies")]
    pair = f"/compare?a={shelf.torch}&b={shelf.ort}"
    people = ["/people", f"/people/{shelf.site.actor.id}", "/nodes", "/tokens", "/proposals", f"/runs/{shelf.int8}/links", "/account"]
    compared = [pair, f"/compare?a={shelf.ort}&b={shelf.int8}", "/compare"]
    return ["/", "/runs", f"/runs/{shelf.int8}", *map(str, links), *compared, *people, "/words", "/nowhere"]


def test_a_reader_walks_from_sign_in_to_a_comparison_and_a_refusal(visit: Visit, shelf: Shelf) -> None:
    page = visit.page
    visit.sign_in("person-a")
    assert page.get_by_role("heading", name="What may be compared").is_visible()
    page.get_by_role("button", name="Compare", exact=True).click()
    visit.settle()
    assert re.search(r"/compare/[0-9a-f]{64}$", page.url)
    assert page.get_by_role("heading", level=1).inner_text() == "✓ Comparable with declared differences"
    assert min(visit.coloured("[data-figure=figure-ecdf]", ("series-a", "series-b"))) > 200
    page.get_by_role("link", name="Compare", exact=True).first.click()
    page.get_by_role("radio", name=f"A: onnxruntime · fp32, {shelf.ort[:12]}").check()
    page.get_by_role("radio", name=f"B: onnxruntime · int8, {shelf.int8[:12]}").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    visit.settle()
    assert page.get_by_role("heading", level=1).inner_text() == "✕ Not comparable"
    page.get_by_role("button", name="Ask this question of the same pair").click()
    visit.settle()
    assert "Precision study" in page.locator(".verdict .eyebrow").inner_text()
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/sign-in")
    assert complaints(visit) == []


def test_every_page_is_accessible_and_asks_nobody_else_for_anything(visit: Visit, shelf: Shelf, scheme: str) -> None:
    visit.page.goto(visit.base + "/sign-in")
    assert visit.violations() == []
    visit.sign_in("person-a")
    for address in addresses(visit, shelf):
        visit.open(address)
        assert (address, visit.violations()) == (address, [])
    assert complaints(visit) == []
    assert {url for url in visit.asked if not url.startswith((visit.base, "data:"))} == set()


def test_figures_are_painted_in_the_colours_of_the_scheme(visit: Visit, shelf: Shelf, scheme: str) -> None:
    visit.sign_in("person-a")
    visit.open(f"/compare?a={shelf.torch}&b={shelf.ort}")
    assert min(visit.coloured("[data-figure=figure-ecdf]", ("series-a", "series-b"))) > 200
    ground, ink = visit.coloured("[data-figure=figure-throughput]", ("surface", "ink"))
    assert ground > 5_000 and ink > 20


def test_figures_follow_a_change_of_the_scheme(visit: Visit, shelf: Shelf) -> None:
    visit.sign_in("person-a")
    visit.open(f"/runs/{shelf.ort}")
    ground = "document.querySelector('#main .chart svg.main-svg').style.background"
    light = visit.page.evaluate(ground)
    visit.page.emulate_media(color_scheme="dark")
    for _ in range(100):
        if visit.page.evaluate(ground) != light:
            break
        visit.page.wait_for_timeout(50)
    assert (light, visit.page.evaluate(ground)) == ("rgb(255, 255, 255)", "rgb(24, 33, 32)")


@pytest.mark.parametrize("name", ["point", "sweep", "searched"])
def test_a_run_with_everything_is_drawn_accessible_and_fits_a_phone(visit: Visit, shelf: Shelf, scheme: str, name: str) -> None:
    visit.sign_in("person-a")
    html = getattr(rich, name)().html()
    visit.page.route("**/runs/rich", lambda asked: asked.fulfill(response=asked.fetch(url=f"{visit.base}/runs"), body=html))
    for width in (1280, 390):
        visit.page.set_viewport_size({"width": width, "height": 900})
        visit.open("/runs/rich")
        assert visit.violations() == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints(visit) == []
    assert visit.coloured("[data-figure=figure-time]", ("quiet" if name == "sweep" else "good",))[0] > 200
    assert min(visit.coloured("[data-figure=figure-phases]", ("series-a", "series-b"))) > 50


def test_no_page_scrolls_sideways_on_a_phone(visit: Visit, shelf: Shelf) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.sign_in("person-a")
    for address in addresses(visit, shelf):
        visit.open(address)
        assert (address, visit.page.evaluate("document.documentElement.scrollWidth")) == (address, 390)


def test_the_keyboard_reaches_content_and_pickers(visit: Visit, shelf: Shelf) -> None:
    visit.sign_in("person-a")
    visit.open("/")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"
    reached = []
    for _ in range(30):
        visit.page.keyboard.press("Tab")
        reached.append(str(visit.page.evaluate("document.activeElement.name || document.activeElement.className || ''")))
    assert {"a", "b", "policy", "primary"} <= set(reached)


def test_pages_say_everything_without_javascript(visit: Visit, shelf: Shelf) -> None:
    visit.sign_in("person-a")
    cookies = visit.page.context.cookies()
    browser = visit.page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(f"{visit.base}/compare?a={shelf.torch}&b={shelf.ort}")
    assert page.get_by_text("The picture needs JavaScript.").first.is_visible()
    page.get_by_text("Table of this figure").first.click()
    assert page.get_by_text("Stated percentiles and the value of each trial").is_visible()
    plain.close()


def test_nothing_of_a_run_is_cut_off_on_a_desktop(visit: Visit, shelf: Shelf) -> None:
    names = [name for name, definition in DEFINITIONS.items() if name.startswith(("latency", "throughput"))]
    how = builders.methodology(metrics__definitions=names, version=2)
    publish_methodology(SYSTEM, how.canonical(), reason=BECAUSE)
    table = builders.samples(requests=7_000, scale_ppm=100_000)
    run = upload(shelf.site, bundle_of(shelf.site, how=how, what=executor("onnxruntime"), table=table)).run_digest
    visit.sign_in("person-a")
    visit.open(f"/runs/{run}")
    assert visit.page.locator("table.numbers").first.locator("thead th").count() > 8
    cut = "[...document.querySelectorAll('.scroll')].filter((place) => place.scrollWidth > place.clientWidth).map((place) => place.ariaLabel)"
    assert visit.page.evaluate(cut) == []
