"""The printed report of a decision: one page of headline, the requirement with its answers, the four questions of each run, the signatures."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from lynxweb.pages import deciding_rows, printing
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.deciding_views import document_told
from lynxweb.review.report_facts import CitedRun, DecisionReport, report_for
from lynxweb.words import deciding_words, methodology_rows
from lynxweb.words.four_questions import PARTIES
from lynxweb.words.wording import GRADES, VALIDITIES, chip


@or_404
def report(request: HttpRequest, digest: str) -> HttpResponse:
    """The report as a page of its own, which prints as the PDF does."""
    return render(request, "deciding/report.html", _told(report_for(actor_of_request(request), digest)))


@or_404
def report_pdf(request: HttpRequest, digest: str) -> HttpResponse:
    """The report as PDF: the same bytes for the same decision in the same state of the log; 503 with the remedy where nothing can print."""
    found = report_for(actor_of_request(request), digest)
    html = render_to_string("deciding/report.html", _told(found))
    try:
        content = printing.pdf(html, identifier=bytes.fromhex(digest), of=found.signed_at)
    except printing.CannotPrint as error:
        return render(request, "deciding/cannot_print.html", {"why": str(error), "digest": digest}, status=503)
    name = f'inline; filename="decision-{digest[:16]}.pdf"'
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": name, "Cache-Control": "private"})


def _told(found: DecisionReport) -> dict[str, object]:
    view = found.view
    views = {one.digest: one.view for one in found.runs if one.view is not None}
    told = document_told(view.decision, view)
    told |= {"report": found, "view": view, "facts": deciding_words.requirement_facts(view.requirement)}
    told |= {"badge": chip(deciding_words.BADGES, view.card.badge), "fired": view.card.standing.fired}
    told |= {"pre_registered": deciding_words.pre_registered_chip(view.pre_registered.answer)}
    told |= {"headline": deciding_rows.headline(view.decision, view.requirement.slo.metric, views), "runs": [_run(one) for one in found.runs]}
    deciding = deciding_rows.headline_run(view.decision)
    measured = None if deciding is None else views.get(deciding[0])
    party = None if measured is None else PARTIES[measured.run.measuring_party]
    return told | {"measured": measured, "party": party, "limits": _limits(found)}


def _run(one: CitedRun) -> dict[str, object]:
    """One cited run: its questions, or why there are none."""
    if one.view is None:
        return {"one": one}
    chips = {"grade": chip(GRADES, one.view.card.grade), "validity": chip(VALIDITIES, one.view.card.validity)}
    return {"one": one, "view": one.view, "contract": methodology_rows.contract_text(one.view.methodology), **chips}


def _limits(found: DecisionReport) -> list[str]:
    """What the methodologies and the runs themselves say that they do not show, each once."""
    said = (line for one in found.runs if one.view for line in (*one.view.methodology.limitations, *one.view.run.limitations))
    return list(dict.fromkeys(said))
