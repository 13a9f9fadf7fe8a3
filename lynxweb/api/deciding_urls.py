"""The addresses of requirements and decisions under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.api import deciding


def deciding_addresses() -> list[URLPattern]:
    """The addresses, made once the converter of digests is registered."""
    return [
        path("requirements", deciding.Requirements.as_view(), name="api-requirements"),
        path("requirements/<api_digest:digest>", deciding.OneRequirement.as_view(), name="api-requirement"),
        path("requirements/<api_digest:digest>/supersessions", deciding.Supersessions.as_view(), name="api-requirement-supersessions"),
        path("decisions", deciding.Decisions.as_view(), name="api-decisions"),
        path("decisions/drafts", deciding.Drafts.as_view(), name="api-decision-drafts"),
        path("decisions/<api_digest:digest>", deciding.OneDecision.as_view(), name="api-decision"),
        path("decisions/<api_digest:digest>/signatures", deciding.Signatures.as_view(), name="api-decision-signatures"),
        path("decisions/<api_digest:digest>/addenda", deciding.Addenda.as_view(), name="api-decision-addenda"),
    ]
