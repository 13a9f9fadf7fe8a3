"""A real Chromium on a live site whose runs came through the real intake."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.pages.shelf import Shelf, fill
from tests.registry.conftest import own_folders
from tests.registry.world import world

__all__ = ("own_folders",)
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
]
DRAWN = "[...document.querySelectorAll('[data-figure]')].every((place) => place.dataset.drawn === 'yes')"
COUNT = """async ([picture, wanted]) => {
  const image = new Image(); image.src = 'data:image/png;base64,' + picture; await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
  const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
  const dots = context.getImageData(0, 0, image.width, image.height).data, found = wanted.map(() => 0);
  for (let at = 0; at < dots.length; at += 4)
    wanted.forEach((rgb, which) => { if (rgb.every((part, place) => Math.abs(part - dots[at + place]) < 40)) found[which] += 1; });
  return found;
}"""


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver; its event loop makes Django see async code in this thread, which here is harmless."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        yield driver
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    found = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
    yield found
    found.close()


@dataclass
class Visit:
    """A page in a browser with everything its console complained about and every address it asked for."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to a path, wait until its figures are drawn, and return the status."""
        answer = self.page.goto(self.base + path)
        self.settle()
        assert answer is not None
        return answer.status

    def settle(self) -> None:
        """Wait until every figure of the page is drawn; polls, because the policy of the pages forbids Playwright's own waiting."""
        self.page.wait_for_load_state("load")
        until = time.monotonic() + 20
        while not self.page.evaluate(DRAWN):
            assert time.monotonic() < until, "figures were not drawn in 20 s"
            time.sleep(0.05)

    def sign_in(self, name: str) -> None:
        """Fill in the form as a person would."""
        self.page.goto(self.base + "/sign-in")
        self.page.get_by_label("Name or e-mail address").fill(name)
        self.page.get_by_label("Password").fill("correct horse battery staple")
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_load_state("load")

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is, as rule and element."""
        source = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        found = self.page.evaluate(f"{source}; axe.run()")
        return [f"{rule['id']}: {node['target']}" for rule in found["violations"] for node in rule["nodes"]]

    def coloured(self, selector: str, names: tuple[str, ...]) -> list[int]:
        """How many pixels of an element, as painted, have about the colour of each named variable of the style sheet."""
        style = "getComputedStyle(document.documentElement)"
        hexes = [self.page.evaluate(f"{style}.getPropertyValue({json.dumps('--' + name)}).trim()") for name in names]
        wanted = [[int(text[place : place + 2], 16) for place in (1, 3, 5)] for text in hexes]
        picture = base64.b64encode(self.page.locator(selector).screenshot()).decode()
        blank = self.page.context.new_page()
        counts: list[int] = blank.evaluate(COUNT, [picture, wanted])
        blank.close()
        return counts


@pytest.fixture
def shelf(transactional_db: None) -> Shelf:
    """Three accepted runs, committed, so that the server's threads see them."""
    return fill(world())


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Both colour schemes."""
    return str(request.param)


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, shelf: Shelf, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A browser window on the live site, wide or as the test's marker `phone` says, in the scheme of the test."""
    scheme = request.getfixturevalue("scheme") if "scheme" in request.fixturenames else "light"
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    found = Visit(page, live_server.url)
    page.on("console", lambda line: found.complaints.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda asked: found.asked.append(asked.url))
    yield found
    context.close()
