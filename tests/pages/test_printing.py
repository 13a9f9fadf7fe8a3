"""The printed report: all the facts on the page, a tagged PDF with the same bytes twice, nothing fetched from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from lynxweb.pages import printing
from lynxweb.registry.models import Run
from lynxweb.review.deciding_questions import decision_for
from lynxweb.review.notices import post_notice
from lynxweb.review.redaction import redact_payload
from runner.contract.decision import Decision
from tests.pages.shelf import text_of
from tests.pages.test_deciding import browser, read
from tests.review.committee import Committee, by, decided, drafted, required, signed
from tests.review.people import WRONG, asked

__all__ = ("by", "decided")
DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
HEAD = '<html lang="en"><head><title>A table</title></head><body><h1>A table</h1>'


def printed(by: Committee, decision: Decision) -> bytes:
    """The PDF of a decision."""
    answer = browser(by).get(f"/decisions/{decision.sha256}/report.pdf")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf"
    return bytes(answer.content)


def inside(pdf: bytes) -> bytes:
    """The PDF with its compressed streams opened."""
    found = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:  # a stream that is not deflated stands in the file as it is
            continue
    return b"\n".join(found)


def pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type /Page\b", inside(pdf)))


def test_the_report_holds_headline_requirement_answers_questions_signatures_and_how_to_verify(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    html = browser(by).get(f"/decisions/{decision.sha256}/report").content.decode()
    told = text_of(html).replace("\u00a0", " ")
    facts = (
        "Which machine do we buy?", "Machine A was chosen", "MEETS", "Latency p90", "Tested by", "Availability", decision.as_of.root,
        f"{decision.as_of.size} events", decision.sha256, decision.requirement_sha256, "90 % of the requests answered within 40.00 ms",
        "No other one was measured.", "Who measured?", "On what?", "How was it measured?", "Can it be repeated?", *decision.runs,
        *decision.methodologies, *decision.members, "Delivery was confirmed by the vendor.", "python3 verify.py pack.zip", "What this does not show",
    )  # fmt: skip
    assert [fact for fact in facts if fact not in told] == []
    assert f"/runs/{decision.runs[0]}" in html and "<script" not in html and "style=" not in html


def test_the_pdf_is_the_same_bytes_twice_tagged_and_dated_by_the_signature(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    first, again = printed(by, decision), printed(by, decision)
    assert first == again
    opened = inside(first)
    for mark in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b'pdfuaid:part="1"', b"/FontFile"):
        assert mark in opened, mark
    moment = min(line.signed_at for line in decision_for(by.first, decision.sha256).signatures if line.signed_at)
    assert f"D:{moment:%Y%m%d%H%M%S}Z".encode() in opened and decision.sha256.encode() in opened and first.startswith(b"%PDF-1.7")
    assert all(tag in opened for tag in (b"/H1", b"/TH", b"/TD")) and pages(first) >= 4


def test_another_process_prints_the_same_bytes() -> None:
    html = HEAD + "<p>The same page.</p></body></html>"
    code = (
        "import django, hashlib; django.setup(); from datetime import *; from lynxweb.pages import printing;"
        f"print(hashlib.sha256(printing.pdf({html!r}, identifier=b'x' * 32, of=datetime(2026, 1, 5, 9, tzinfo=timezone.utc))).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=root, env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "lynxweb.settings"},
                       capture_output=True, text=True, check=True).stdout.split()[-1]
        for _ in range(2)
    ]  # fmt: skip
    assert runs[0] == runs[1] and len(runs[0]) == 64


def test_a_report_of_sixty_rows_repeats_its_heads_on_every_page(decided: tuple[Committee, Decision]) -> None:
    rows = "".join(f"<tr><th scope='row'>Candidate {place}</th><td>MEETS</td><td>as it was measured</td></tr>" for place in range(60))
    heads = "<tr><th scope='col'>Candidate</th><th scope='col'>Answer</th><th scope='col'>Why</th></tr>"
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>"
    style = '<link rel="stylesheet" href="/static/css/report.css">'
    made = printing.pdf(HEAD.replace("</head>", f"{style}</head>") + table + "</body></html>", identifier=b"x" * 32, of=DAY)
    assert pages(made) >= 2 and len(re.findall(rb"/S /TR\b", inside(made))) >= 61


def test_a_change_of_the_log_shows_in_the_printed_state_and_on_the_badge(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    before = printed(by, decision)
    post_notice(by.first, decision.runs[0], text="The fan was replaced after this run.", **asked())
    assert printed(by, decision) != before
    told = read(browser(by).get(f"/decisions/{decision.sha256}/report"))
    assert "Re-check when this was printed" in told and "The fan was replaced after this run." in told


def test_a_redacted_run_is_said_and_its_number_is_not_printed(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    position = redact_payload(by.first, Run.objects.get(digest=decision.runs[0]).document_id, **{**asked(), "reason": WRONG}).seq
    for address in ("report", ""):
        told = read(browser(by).get(f"/decisions/{decision.sha256}/{address}".rstrip("/")))
        assert "Latency p90 (latency_p90@1)" in told and "95 % interval between trials." not in told
    assert f"redacted by event {position}" in read(browser(by).get(f"/decisions/{decision.sha256}/report"))
    assert printed(by, decision)


def test_a_decision_that_chose_nothing_prints(by: Committee) -> None:
    decision = drafted(by, required(by), candidates={"d" * 64: "Nameplate only"}, chosen=None)
    signed(by, decision)
    told = read(browser(by).get(f"/decisions/{decision.sha256}/report"))
    assert "Nothing was chosen." in told and "NO EVIDENCE" in told and "Tested by" not in told
    assert pages(printed(by, decision)) >= 2


ELSEWHERE = (
    "https://example.org/a.css", "file:///etc/passwd", "https://static.invalid/etc/passwd", "https://static.invalid/static/../../etc/passwd",
    "https://static.invalid/static/%2e%2e/%2e%2e/etc/passwd", "https://static.invalid:8000/static/css/report.css", "/static/css/report.css",
)  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_nothing_but_static_files_is_opened(url: str) -> None:
    with pytest.raises((ValueError, OSError)):
        printing.static_file(url)


def test_a_static_file_is_opened() -> None:
    assert b"@page" in printing.static_file("https://static.invalid/static/css/report.css")


def test_a_page_that_asks_for_other_addresses_is_printed_without_them() -> None:
    html = HEAD + '<img src="https://example.org/x.png" alt="x"><link rel="stylesheet" href="https://example.org/x.css"></body></html>'
    assert printing.pdf(html, identifier=b"x" * 32, of=DAY).startswith(b"%PDF-")


def test_a_machine_without_pango_says_what_to_install() -> None:
    html = render_to_string("deciding/cannot_print.html", {"why": f"no library called pango; {printing.REMEDY}", "digest": "d" * 64})
    assert "libpango-1.0-0" in text_of(html) and f"/decisions/{'d' * 64}/report" in html
