"""Forms that act: a reason that will be public, an id that makes a double click act once, and an answer for every way an act can fail."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.record import AlreadyRecorded, NotRecordable
from lynxweb.pages.asking import actor_of_request
from lynxweb.words.wording import REASONS
from runner.contract.problems import Problem, Problems

Again = Callable[[tuple[Problem, ...], int], HttpResponse]


class SeeOther(HttpResponseRedirect):
    """303: whatever was posted, the answer lies at another address."""

    status_code = 303


@dataclass(frozen=True)
class Asked:
    """What every form of an act sends: the reason and the id of the request."""

    reason: Reason
    request_id: str


def fields(request: HttpRequest, problems: Iterable[Problem] = ()) -> dict[str, object]:
    """What a template with `parts/reason_fields.html` and `parts/problems.html` is told; after a refusal what was typed is kept."""
    typed = request.POST if request.method == "POST" else {}
    return {
        "problems": tuple(problems),
        "reason_codes": [(code, words) for code, words in REASONS.items()],
        "request_id": typed.get("request_id") or f"page:{uuid.uuid4()}",
        "typed": typed,
    }


def asked(request: HttpRequest) -> Asked:
    """The reason and the request's id in a posted form; raises `Problems` for a code that is not of the list."""
    code = request.POST.get("reason_code", "")
    if code not in {one.value for one in ReasonCode}:
        raise Problems([Problem("reason_code", code[:40], "a reason of the list", "choose why you act", "reason-code")])
    return Asked(Reason(ReasonCode(code), request.POST.get("reason", "").strip()), request.POST.get("request_id", ""))


def acted(request: HttpRequest, do: Callable[[Actor, Asked], str], again: Again, *, done: str = "") -> HttpResponse:
    """Do an act and go to the address that it returns; a refusal shows the page `again` with every problem and its status.

    A request that acted before goes to `done` (the page itself where nothing is named), as it did the first time.
    """
    try:
        return SeeOther(do(actor_of_request(request), asked(request)))
    except AlreadyRecorded:
        return SeeOther(done or request.path)
    except Problems as error:
        return again(tuple(error.problems), 422)
    except Forbidden as error:
        return again((Problem("you", "may not do this", "a role that may", str(error), "forbidden"),), 403)
    except NotRecordable as error:
        return again((Problem("log", "takes no events now", "a log that takes events", str(error), "read-only"),), 503)


def acted_at(request: HttpRequest, page: str, do: Callable[[Actor, Asked], object], again: Again) -> HttpResponse:
    """Do an act and go to `page`, whether it acted now or when the same request came before; a refusal shows the page `again`."""

    def done(actor: Actor, asked: Asked) -> str:
        do(actor, asked)
        return page

    return acted(request, done, again, done=page)
