"""The main navigation: a table of pages, each linked once it exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from lynxweb.pages.visiting import OPEN

register = template.Library()

# The name of an address, the word of its link, and under which paths one is there.
PLACES: Final = (
    ("home", "Compare", ("/compare",)),
    ("runs", "Runs", ("/runs", "/executors", "/methodologies")),
    ("reviews", "Reviews", ("/reviews", "/disputes", "/rulings", "/draws")),
    ("decisions", "Decisions", ("/decisions", "/requirements")),
    ("packs", "Packs", ("/packs",)),
    ("log", "Log", ("/log",)),
    ("words", "Words", ("/words",)),
    ("people", "People", ("/people", "/nodes", "/tokens", "/proposals")),
    ("api-docs", "API", ()),
)


@dataclass(frozen=True)
class Place:
    """A link of the navigation; `here` says that the page shown belongs to it."""

    url: str
    word: str
    here: bool


@register.simple_tag(takes_context=True)
def places(context: Mapping[str, object]) -> tuple[Place, ...]:
    """The links of the main navigation that this site has; for a visitor those of the pages that are open to one."""
    request = context.get("request")
    path = request.path if isinstance(request, HttpRequest) else ""
    found, visiting = [], isinstance(request, HttpRequest) and not request.user.is_authenticated
    for name, word, under in PLACES:
        if visiting and name not in OPEN:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        found.append(Place(url, word, path == url or path.startswith(under)))
    return tuple(found)
