"""Comparisons: numbers where the policy allows them, otherwise every reason and not one number."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import answers
from lynxweb.api.asking import checked
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, problems
from lynxweb.api.problems import MEDIA_TYPE, problem_response
from lynxweb.api.requests import Compare
from lynxweb.registry.cards import Judged
from lynxweb.registry.comparing import compare_runs, comparison_for
from lynxweb.review.noting import notices_on
from runner.contract.problems import Problem
from runner.contract.reasons import Reason

REFUSED = {**problems(404), (422, MEDIA_TYPE): answers.RefusalAnswer}


class Comparisons(APIView):
    """The question whether two runs may be compared."""

    @describes("Compare two runs", {200: answers.ComparisonAnswer, **REFUSED}, request=Compare)
    def post(self, request: Request) -> Response:
        """Compare two runs under a policy: 200 with numbers and the permalink, or 422 with the refusal and no number."""
        values = checked(Compare, request.data)
        judged = compare_runs(actor_from(request), values["a"], values["b"], values["policy"], values.get("acknowledged", ()))
        return _answer(request, judged)


class OneComparison(APIView):
    """A stored comparison."""

    @describes("Read a stored comparison", {200: answers.ComparisonAnswer, **REFUSED})
    def get(self, request: Request, digest: str) -> Response:
        """The comparison behind a permalink, as both runs stand now."""
        return _answer(request, comparison_for(actor_from(request), digest))


def _answer(request: Request, judged: Judged) -> Response:
    if judged.allowed:
        url = request.build_absolute_uri(f"/compare/{judged.digest}")
        return Response(answers.comparison(judged, url, notices_on([judged.a.digest, judged.b.digest])))
    comparison = judged.comparison
    return problem_response(
        422,
        [_problem(reason) for reason in comparison.reasons],
        detail=f"{comparison.verdict.replace('_', ' ')} under {comparison.policy.id}",
        instance=request.path,
        code=comparison.verdict.replace("_", "-"),
        more=answers.refusal(judged),
    )


def _problem(reason: Reason) -> Problem:
    return Problem(reason.path, f"{reason.a} and {reason.b}", reason.rule, reason.remedy, reason.code)
