"""The main navigation: every page that the site has, and where one is."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from lynxweb.pages.templatetags.navigation import PLACES


def links(html: str) -> dict[str, str]:
    nav = html.split('<nav aria-label="Main">')[1].split("</nav>", maxsplit=1)[0]
    return {word: url for url, word in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', nav)}


def test_every_link_leads_to_a_page(reader: Client) -> None:
    found = links(reader.get("/").content.decode())
    assert {"Compare", "Runs", "Reviews", "Words", "API"} <= found.keys() <= {word for _, word, _ in PLACES}
    assert {word: reader.get(url).status_code for word, url in found.items()} == dict.fromkeys(found, 200)


@pytest.mark.parametrize(("path", "word"), [("/", "Compare"), ("/runs", "Runs"), ("/rulings", "Reviews"), ("/draws", "Reviews"), ("/words", "Words")])
def test_the_link_of_the_page_shown_says_so(reader: Client, path: str, word: str) -> None:
    assert re.findall(r'aria-current="page">([^<]+)<', reader.get(path).content.decode()) == [word]
