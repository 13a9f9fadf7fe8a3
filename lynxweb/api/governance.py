"""Acts around runs over the API: reviews, disclosure, publication, withdrawal, notices, disputes, rulings; the same acts as on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from lynxweb.api import governance_answers as answers
from lynxweb.api import governance_requests as asks
from lynxweb.api.asking import checked, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, describes_act
from lynxweb.audit.actors import Actor
from lynxweb.registry.abandoning import abandon_declaration
from lynxweb.review import disputes, notices, publishing, questions, reviewing, rulings, withdrawal
from lynxweb.review.lots import Lot
from lynxweb.review.noting import rulings_register
from lynxweb.review.proposing import proposal_named

ACTED = {201: answers.ActAnswer}
Said = dict[str, Any]


def _act(request: Request, asked: type[Serializer[Any]], do: Callable[[Actor, Said, Said], dict[str, object]]) -> Response:
    """Check the body, do the act as whoever asks, and answer 201; `do` gets the actor, what was asked, and reason and request id."""
    values, actor = checked(asked, request.data), actor_from(request)
    return Response(do(actor, values, {"reason": asks.because(values), "request_id": request_id(request, actor)}), status=201)


class RunReviews(APIView):
    """The reviews of one run."""

    @describes_act("Open a review", ACTED, 404, request=asks.OpenReview)
    def post(self, request: Request, digest: str) -> Response:
        """Open a review of a run; `conflicts` is the word `none`, and a drawn review names its draw and the value that picked the run."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            lot = None if said["draw"] is None else Lot(said["draw"], said["seed"])
            opened = reviewing.open_review(actor, digest, conflicts=said["conflicts"], kind=said["kind"], lot=lot, **why)
            return answers.act(opened.recorded, opened.review)

        return _act(request, asks.OpenReview, do)


class RunDisclosures(APIView):
    """Who may see one run."""

    @describes_act("Change who may see a run", ACTED, 404, request=asks.Disclose)
    def post(self, request: Request, digest: str) -> Response:
        """Disclose a run; with `request_review` it waits in the reviewers' queue from now on."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            if said["request_review"]:
                return answers.act(publishing.request_review(actor, digest, **why))
            return answers.act(publishing.disclose(actor, digest, said["visibility"], **why))

        return _act(request, asks.Disclose, do)


class RunPublications(APIView):
    """The publication of one run."""

    @describes_act("Publish a run", ACTED, 404, request=asks.PublishRun)
    def post(self, request: Request, digest: str) -> Response:
        """Publish a run that somebody else accepted; the publisher has neither uploaded nor reviewed it."""
        return _act(
            request, asks.PublishRun,
            lambda actor, said, why: answers.act(publishing.publish(actor, digest, visibility=said["visibility"], **why)),
        )  # fmt: skip


class RunWithdrawals(APIView):
    """The withdrawal of one run."""

    @describes_act("Withdraw a run", ACTED, 404, request=asks.Withdraw)
    def post(self, request: Request, digest: str) -> Response:
        """Withdraw a run under a coded reason, propose it, or carry out a proposal with exactly its reason and replacement."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            if said["propose"]:
                return answers.proposed(withdrawal.propose_withdrawal(actor, digest, replacement=said["replacement"], **why))
            return answers.act(withdrawal.withdraw(actor, digest, replacement=said["replacement"], proposal=said["proposal"], **why))

        return _act(request, asks.Withdraw, do)


class RunSupersessions(APIView):
    """The successor of one run."""

    @describes_act("Supersede a run", ACTED, 404, request=asks.Supersede)
    def post(self, request: Request, digest: str) -> Response:
        """Put a newer run of the same organisation in the place of one that stands, propose it, or carry out a proposal."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            if said["propose"]:
                return answers.proposed(withdrawal.propose_supersession(actor, digest, said["successor"], **why))
            return answers.act(withdrawal.supersede(actor, digest, said["successor"], proposal=said["proposal"], **why))

        return _act(request, asks.Supersede, do)


class RunNotices(APIView):
    """The notices on one run."""

    @describes_act("Post a notice", ACTED, 404, request=asks.PostNotice)
    def post(self, request: Request, digest: str) -> Response:
        """Post a notice on a run of one's own organisation."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            posted = notices.post_notice(actor, digest, text=said["text"], effective=said["effective"], expires=said["expires"], **why)
            return answers.act(posted.recorded, posted.notice)

        return _act(request, asks.PostNotice, do)


class RunDisputes(APIView):
    """The disputes about one run."""

    @describes_act("Open a dispute", ACTED, 404, request=asks.OpenDispute)
    def post(self, request: Request, digest: str) -> Response:
        """Dispute a run: the clause it is said to break, what that is worth in permille, and why."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            terms = {name: said[name] for name in ("clause", "effect_permille", "text", "deadline")}
            opened = disputes.open_dispute(actor, digest, **terms, **why)
            return answers.act(opened.recorded, opened.dispute)

        return _act(request, asks.OpenDispute, do)


class Reviews(APIView):
    """What awaits the asker's judgement."""

    @describes("Read the review queue", {200: answers.ReviewQueueAnswer}, operation_id="reviews_queue")
    def get(self, request: Request) -> Response:
        """Runs to review, oldest first and at most 100, own open reviews, and reports that the own organisation may answer."""
        return Response(answers.queue(questions.queue_for(actor_from(request))))


class OneReview(APIView):
    """One review."""

    @describes("Read a review", {200: answers.ReviewAnswer}, 404)
    def get(self, request: Request, review: str) -> Response:
        """A review with its reports, the responses to them and its outcome, each with its position in the log."""
        return Response(answers.review(questions.review_for(actor_from(request), review)))


class ReviewReports(APIView):
    """The reports of one review."""

    @describes_act("File a report", ACTED, 404, request=asks.FileReport)
    def post(self, request: Request, review: str) -> Response:
        """File the report of one's own open review: every sentence of its checklist answered, an outcome and a summary."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            told = {name: said[name] for name in ("answers", "outcome", "summary", "conflicts")}
            return answers.act(reviewing.report_review(actor, review, **told, **why))

        return _act(request, asks.FileReport, do)


class ReviewResponses(APIView):
    """The responses to the reports of one review."""

    @describes_act("Respond to a report", ACTED, 404, request=asks.Respond)
    def post(self, request: Request, review: str) -> Response:
        """Answer the newest report for the organisation that measured, once per report."""
        return _act(request, asks.Respond, lambda actor, said, why: answers.act(reviewing.respond(actor, review, text=said["text"], **why)))


class ReviewClosings(APIView):
    """The end of one review."""

    @describes_act("Close a review", ACTED, 404, request=asks.Because)
    def post(self, request: Request, review: str) -> Response:
        """Close one's own review with the outcome of its newest report."""
        return _act(request, asks.Because, lambda actor, said, why: answers.act(reviewing.close_review(actor, review, **why)))


class NoticeLifts(APIView):
    """The end of one notice."""

    @describes_act("Lift a notice", ACTED, 404, request=asks.Because)
    def post(self, request: Request, notice: str) -> Response:
        """End a notice; it and the event that lifts it stay in the run's history."""
        return _act(request, asks.Because, lambda actor, said, why: answers.act(notices.lift_notice(actor, notice, **why)))


class DisputeClosings(APIView):
    """The end of one dispute."""

    @describes_act("Decide a dispute", ACTED, 404, request=asks.CloseDispute)
    def post(self, request: Request, dispute: str) -> Response:
        """Decide a dispute, as a reviewer of neither side."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            return answers.act(disputes.close_dispute(actor, dispute, outcome=said["outcome"], text=said["text"], **why))

        return _act(request, asks.CloseDispute, do)


class Rulings(APIView):
    """The ruling register."""

    @describes("List rulings", {200: answers.RegisterAnswer}, operation_id="rulings_list")
    def get(self, request: Request) -> Response:
        """The whole register, oldest first."""
        return Response({"results": [answers.ruling(line) for line in rulings_register(actor_from(request))]})

    @describes_act("Issue a ruling", ACTED, 404, request=asks.IssueRuling)
    def post(self, request: Request) -> Response:
        """Issue a ruling on runs or on two methodology versions, propose one, or carry out a proposal by its id."""

        def do(actor: Actor, said: Said, why: Said) -> dict[str, object]:
            named = said["proposal"]
            terms = _terms(said) if named is None else proposal_named(actor, named).terms
            if said["propose"]:
                return answers.proposed(rulings.propose_ruling(actor, terms, **why))
            issued = rulings.issue_ruling(actor, terms, proposal=named, **why)
            return answers.act(issued.recorded, str(issued.number))

        return _act(request, asks.IssueRuling, do)


class Abandonments(APIView):
    """Giving up one declaration."""

    @describes_act("Give up a declaration", ACTED, 404, request=asks.Because)
    def post(self, request: Request, nonce: str) -> Response:
        """Say that a declared run will not come; the declaration stays, counted and dated."""
        return _act(request, asks.Because, lambda actor, said, why: answers.act(abandon_declaration(actor, nonce, **why)))


def _terms(said: Said) -> dict[str, Any]:
    outcome, text = said.get("outcome", ""), said.get("text", "")
    if said["kind"] == "runs":
        return rulings.runs_terms(rule=said["rule"], outcome=outcome, runs=said["runs"], text=text)
    return rulings.methodologies_terms(a=said["a"], b=said["b"], metric=said["metric"], outcome=outcome, text=text)
