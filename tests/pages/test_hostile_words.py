"""Whatever somebody writes stays text: on every page, in the README of a pack, and in the report that is printed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from lynxweb.accounts.people import create_person
from lynxweb.audit import signing
from lynxweb.audit.actors import Reason
from lynxweb.audit.models import Event
from lynxweb.review.exporting import Wanted, export_pack
from lynxweb.review.public_text import text_problems
from lynxweb.review.rulings import methodologies_terms
from runner.contract import pack
from runner.contract.canonical import encode
from runner.contract.ruling import ruling_of, ruling_problems
from tests.api.test_foreign_objects import CASES, PASSWORD, filled, signed_in
from tests.audit.conftest import signer
from tests.pages.hostile import PAYLOADS, UNPRINTED, WORD, Slots, written_everywhere
from tests.review.committee import Committee, by, drafted, problems, required, signed
from tests.review.people import asked

__all__ = ("by", "signer")

# Attributes whose value a browser shows or sends as it stands, and neither follows nor runs.
SHOWN = frozenset({"value", "title", "aria-label", "alt", "content", "placeholder", "data-copy", "data-name", "data-text", "label"})


class Seen(HTMLParser):
    """The text of a page, as a browser shows it, and every place outside of text where the word of the payloads stands."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.broken: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else ""
        for name, value in [(tag, ""), *attrs]:
            if WORD in name or name.startswith("on") or (value and WORD in value and name not in SHOWN):
                self.broken.append(f"<{tag} {name}={value!r:.80}>")
        self.text += [value for name, value in attrs if value and name in SHOWN]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and WORD in data and (self._inside == "style" or "<" in data):
            self.broken.append(f"{self._inside}: {data[:80]}")
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        if WORD in data:
            self.broken.append(f"<!--{data[:80]}-->")

    handle_decl = handle_pi = unknown_decl = handle_comment


def plain(text: str) -> str:
    """The text with every white space alike."""
    return " ".join(text.split())


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address of a page without parameters."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        elif isinstance(entry, URLPattern) and not entry.pattern.converters and not route.startswith(("api/", "sign-")):
            yield f"/{route}"


def pages(made: Mapping[str, str]) -> list[str]:
    """The addresses of all pages about what was made."""
    known = [filled(route, names, made) for route, names in CASES.items() if not route.startswith("api/") and _all_there(names, made)]
    more = [f"/runs/{made[name]}" for name in ("judged", "withdrawn")] + [f"/runs/{made['judged']}/review"]
    events = [f"/log/{seq}" for seq in Event.objects.order_by("seq").values_list("seq", flat=True)]
    histories = {f"/history/{kind}/{name}" for kind, name in Event.objects.values_list("object_type", "object_id")}
    return [*addresses(get_resolver()), *known, *more, *events, *sorted(histories), "/log?limit=200"]


def _all_there(names: tuple[str, ...], made: Mapping[str, str]) -> bool:
    return all(name.startswith("=") or name in made for name in names)


def shown(client: Client, made: Mapping[str, str]) -> dict[str, Seen]:
    """Every page that is HTML, by its address."""
    answers = {address: client.get(address) for address in pages(made)}
    assert [address for address, answer in answers.items() if answer.status_code >= 500] == []
    return {
        address: Seen(answer.content.decode())
        for address, answer in answers.items()
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
    }


def readme(by: Committee, decision: str) -> Seen:
    """The README of a pack about a decision."""
    made = export_pack(by.site.actor, Wanted(decision=decision), **asked())
    signing.sign()
    content = signed_in(by.site.person).get(f"/packs/{made.id}/pack.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        return Seen(container.read(pack.README).decode())


@pytest.fixture
def everywhere(by: Committee, signer: Path) -> tuple[dict[str, str], Slots]:
    """A laboratory where somebody hostile wrote everything."""
    return written_everywhere(by)


def missing(slots: Slots, seen: list[Seen], names: str = "") -> list[str]:
    """The places whose text nobody can read anywhere, word for word or as JSON."""
    told = plain(" ".join(text for one in seen for text in one.text))
    forms = {name: (plain(text), encode(text).decode()[1:-1]) for name, text in slots.written.items() if name.startswith(names)}
    return [name for name, written in forms.items() if not any(form in told for form in written)]


def test_what_anybody_wrote_is_text_on_every_page(by: Committee, everywhere: tuple[dict[str, str], Slots]) -> None:
    made, slots = everywhere
    seen = shown(signed_in(by.site.person), made)
    assert {address: one.broken for address, one in seen.items() if one.broken} == {}
    assert len(seen) >= 45, sorted(seen)
    assert missing(slots, list(seen.values())) == []


def test_what_a_committee_wrote_is_text_in_a_packs_readme_and_in_the_printed_report(by: Committee, everywhere: tuple[dict[str, str], Slots]) -> None:
    made, slots = everywhere
    report = Seen(signed_in(by.site.person).get(f"/decisions/{made['decision']}/report").content.decode())
    for one in (report, readme(by, made["decision"])):
        assert one.broken == [] and missing(slots, [one], "decided") == []


def test_there_are_sixty_and_each_is_found_where_it_is_not_escaped() -> None:
    assert len(set(PAYLOADS)) == 60 and all(WORD in payload for payload in PAYLOADS)
    for html in ("<p><script>zq7('<')</script>", "<p><b zq7>", '<p title="" onmouseover="zq7()">', "<a href='javascript:zq7()'>", "<p><!--zq7-->"):
        assert Seen(html).broken, html


@pytest.mark.parametrize("text", UNPRINTED)
def test_characters_that_turn_a_line_around_or_hide_are_refused_wherever_somebody_writes(by: Committee, text: str) -> None:
    nasty, actor = f"ten characters {text}", by.site.actor
    terms = methodologies_terms(a="0" * 64, b="1" * 64, metric="latency_p90@1", outcome="compatible", text=nasty)
    assert {problem.code for problem in text_problems("text", nasty)} == {"text"}
    assert "hidden-character" in {problem.code for problem in ruling_problems(ruling_of(terms))}
    for act in (
        lambda: required(by, title=nasty),
        lambda: required(by, constraints=nasty),
        lambda: signed(by, drafted(by, required(by), candidates={"d" * 64: nasty}, chosen=None)),
        lambda: signed(by, drafted(by, required(by), candidates={"d" * 64: "A"}, chosen=None, rationale=nasty)),
        lambda: create_person(actor, name="x", email="x@example.org", password=PASSWORD, reason=Reason(text=nasty), request_id="hidden"),
    ):
        assert "hidden-character" in problems(act)
