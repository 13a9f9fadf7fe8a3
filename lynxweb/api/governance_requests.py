"""What requests of acts around runs must look like: every one says why, in a code and in words that are public and permanent."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from lynxweb.api.requests import HEX_DIGEST, Strict
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Reason
from lynxweb.registry.declared import STATES
from lynxweb.registry.models import VISIBILITIES
from lynxweb.review.models.notices import DISPUTE_OUTCOMES
from lynxweb.review.publishing import PUBLISHED_AS
from runner.contract.checklist import CHECKLISTS, LONGEST_TEXT
from runner.contract.ruling import PairOutcome, RunsOutcome

LONGEST_ID = 40


class Because(Strict):
    """An act that somebody answers for."""

    reason_code = serializers.ChoiceField(choices=[code.value for code in ReasonCode], required=False, default=ReasonCode.ROUTINE.value)
    reason = serializers.CharField(min_length=10, max_length=2000, help_text="Why; public and permanent. Name people by their actor id.")


def because(values: dict[str, Any]) -> Reason:
    """The reason in a checked request."""
    return Reason(ReasonCode(values["reason_code"]), values["reason"])


class Disclose(Because):
    """Who may see a run; `review` also puts it into the reviewers' queue where `request_review` is set."""

    visibility = serializers.ChoiceField(choices=VISIBILITIES)
    request_review = serializers.BooleanField(required=False, default=False)


class PublishRun(Because):
    """To whom a run is published."""

    visibility = serializers.ChoiceField(choices=PUBLISHED_AS, required=False, default="public")


class Seconded(Because):
    """An act that may need two people: propose it, or carry out a proposal word for word."""

    propose = serializers.BooleanField(required=False, default=False, help_text="Propose it, for another person to carry out.")
    proposal = serializers.CharField(max_length=LONGEST_ID, required=False, allow_null=True, default=None, help_text="The proposal carried out.")


class Withdraw(Seconded):
    """A run is taken back."""

    replacement = serializers.RegexField(HEX_DIGEST, required=False, allow_null=True, default=None, help_text="The run that stands instead.")


class Supersede(Seconded):
    """A newer run takes a run's place."""

    successor = serializers.RegexField(HEX_DIGEST)


class PostNotice(Because):
    """What everybody who looks at a run must know."""

    text = serializers.CharField(max_length=LONGEST_TEXT)
    effective = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Now where it is null.")
    expires = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Never where it is null.")


class OpenDispute(Because):
    """Why a run is disputed."""

    clause = serializers.CharField(max_length=200)
    effect_permille = serializers.IntegerField(min_value=0, max_value=2**53 - 1)
    text = serializers.CharField(max_length=LONGEST_TEXT)
    deadline = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="60 days from now where it is null.")


class CloseDispute(Because):
    """How a dispute is decided."""

    outcome = serializers.ChoiceField(choices=DISPUTE_OUTCOMES)
    text = serializers.CharField(max_length=LONGEST_TEXT)


class OpenReview(Because):
    """A review of a run; `conflicts` is the word `none`, anything else is refused with the advice to let somebody else review."""

    conflicts = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    kind = serializers.ChoiceField(choices=list(CHECKLISTS), required=False, default="intake")
    draw = serializers.CharField(max_length=LONGEST_ID, required=False, allow_null=True, default=None, help_text="For the kind `drawn`.")
    seed = serializers.CharField(max_length=200, required=False, default="", help_text="The public value that picked the run.")


class GivenAnswer(Strict):
    """What the reviewer says of one sentence of the checklist; `no` needs a note."""

    id = serializers.CharField(max_length=80)
    answer = serializers.CharField(max_length=20, help_text="yes, no or not_applicable")
    note = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True, default="")


class FileReport(Because):
    """What a reviewer found."""

    conflicts = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    answers = GivenAnswer(many=True)
    outcome = serializers.CharField(max_length=20, help_text="accepted, changes_requested or not_accepted")
    summary = serializers.CharField(max_length=LONGEST_TEXT)


class Respond(Because):
    """What the organisation that measured says to a report."""

    text = serializers.CharField(max_length=LONGEST_TEXT)


class IssueRuling(Seconded):
    """A ruling on runs (`rule`, `runs`) or on one metric under two methodology versions (`a`, `b`, `metric`).

    With `proposal` the terms are those that were proposed and nothing else is sent.
    """

    kind = serializers.ChoiceField(choices=["runs", "methodologies"], required=False, default="runs")
    outcome = serializers.ChoiceField(choices=[*get_args(RunsOutcome), *get_args(PairOutcome)], required=False)
    text = serializers.CharField(max_length=4000, required=False)
    rule = serializers.CharField(max_length=200, required=False, default="")
    runs = serializers.ListField(child=serializers.RegexField(HEX_DIGEST), required=False, default=list, max_length=20_000)
    a = serializers.RegexField(HEX_DIGEST, required=False, default="")
    b = serializers.RegexField(HEX_DIGEST, required=False, default="")
    metric = serializers.CharField(max_length=80, required=False, default="")


class DeclarationsOf(serializers.Serializer[Any]):
    """Which declarations."""

    state = serializers.ChoiceField(choices=STATES, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False)
