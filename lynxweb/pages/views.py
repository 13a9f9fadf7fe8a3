"""The views: each asks the registry, turns the answer into rows and renders one template; no queries, no rules."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from lynxweb.audit.actors import Actor
from lynxweb.pages import comparison_rows, marking, run_rows, vocabulary
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.registry import comparing, reading
from lynxweb.registry.cards import Judged
from lynxweb.words import executor_rows, methodology_rows
from lynxweb.words.wording import policy_words
from runner.contract.problems import Problems

PAGE = 50


def home(request: HttpRequest) -> HttpResponse:
    """Comparable groups by methodology version, with pickers for a pair."""
    groups = reading.groups_for(actor_of_request(request))
    cards = [card for group in groups for card in group.runs]
    pairable = next((group.runs for group in groups if len(group.runs) > 1), ())
    picked = [card.digest for card in pairable[1::-1]]
    recent = sorted(cards, key=lambda card: card.position, reverse=True)[:5]
    told = {"groups": groups, "picked": picked, "recent": recent, "policies": methodology_rows.policies()}
    told["notices"] = marking.notices_of(cards)
    return render(request, "pages/home.html", told)


def runs(request: HttpRequest) -> HttpResponse:
    """The list of runs, newest first, by keyset."""
    try:
        page = reading.runs_for(actor_of_request(request), request.GET.get("after") or None, PAGE)
    except Problems as error:
        raise Http404(str(error)) from error
    return render(request, "pages/runs.html", {"page": page, "after": request.GET.get("after"), "notices": marking.notices_of(page.runs)})


@or_404
def executor(request: HttpRequest, digest: str) -> HttpResponse:
    """One executor version, field by field with status and source, and the runs of its configuration."""
    view = reading.executor_for(actor_of_request(request), digest)
    rows = executor_rows.blocks(view.executor)
    unread = executor_rows.unreadable(view.executor)
    told: dict[str, object] = {"view": view, "blocks": rows, "tuple": executor_rows.tuple_of(view.executor), "unreadable": unread}
    told |= {
        "notices": marking.notices_of(view.runs),
        "label": executor_rows.runtime_label(view.executor),
        "undeclared": any(one.undeclared for one in unread),
    }
    return render(request, "pages/executor.html", told)


@or_404
def methodology(request: HttpRequest, digest: str) -> HttpResponse:
    """One methodology version: the contract, and what must match."""
    view = reading.methodology_for(actor_of_request(request), digest)
    how = view.methodology
    told = {"view": view, "how": how, "contract": methodology_rows.contract_text(how), "blocks": methodology_rows.contract_blocks(how)}
    told |= {"policies": methodology_rows.policies(), "must_match": methodology_rows.must_match(), "json": methodology_rows.pretty(how)}
    told["notices"] = marking.notices_of(view.runs)
    return render(request, "pages/methodology.html", told)


@or_404
def compare(request: HttpRequest) -> HttpResponse:
    """Judge a pair: an allowed one goes to its permalink, a refused one gets the refusal page with status 422."""
    a, b, name = (request.GET.get(key, "") for key in ("a", "b", "policy"))
    policy = policy_words(name or "iso-precision")
    if not a or not b or policy is None:
        return _choose(request)
    try:
        judged = comparing.compare_runs(actor_of_request(request), a, b, policy.id, tuple(request.GET.getlist("ack")))
    except Problems:
        return _choose(request)
    return redirect("comparison", digest=judged.digest) if judged.allowed else _refusal(request, judged)


def _choose(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/choose.html", {"policies": methodology_rows.policies()}, status=400)


@or_404
def comparison(request: HttpRequest, digest: str) -> HttpResponse:
    """The stored comparison behind a permalink, judged as things stand now."""
    actor = actor_of_request(request)
    judged = comparing.comparison_for(actor, digest)
    if not judged.allowed:
        return _refusal(request, judged)
    sides = [reading.run_for(actor, card.digest) for card in (judged.a, judged.b)]
    told = {"judged": judged, "caveats": comparison_rows.caveats(judged, sides)} | comparison_rows.told(judged)
    told["notices"] = marking.notices_of((judged.a, judged.b))
    return render(request, "pages/comparison.html", told | _pictures(actor, judged, sides))


def _pictures(actor: Actor, judged: Judged, sides: list[reading.RunView]) -> dict[str, object]:
    names, shown = comparison_rows.labels(judged.a, judged.b), {metric.definition for metric in judged.comparison.metrics}
    told: dict[str, object] = {"ecdf_label": f"Latency distributions of {names[0]} and {names[1]}; a table follows"}
    told["throughput_label"] = f"Throughput of {names[0]} and {names[1]} at {judged.a.point_text}; a table follows"
    if any(run_rows.is_latency(definition) for definition in shown):
        told["ecdf"] = run_rows.ecdf(sides, [reading.curves_for(actor, side.digest) for side in sides], names)
    if any(run_rows.is_rate(definition) for definition in shown):
        told["throughput"] = comparison_rows.throughput(sides, names)
    return told


def _refusal(request: HttpRequest, judged: Judged) -> HttpResponse:
    told = comparison_rows.refused(judged) | {"policies": methodology_rows.policies(), "notices": marking.notices_of((judged.a, judged.b))}
    return render(request, "pages/refusal.html", told, status=422)


def words(request: HttpRequest) -> HttpResponse:
    """The glossary, with one comparison and one refusal worked through."""
    told = {"entries": vocabulary.ENTRIES, "policies": methodology_rows.policies(), "refusals": vocabulary.refusals()}
    return render(request, "pages/words.html", told)
