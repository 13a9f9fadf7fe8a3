"""The addresses of the acts around runs under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.api import governance


def governance_addresses() -> list[URLPattern]:
    """The addresses, made once the converter of digests is registered."""
    return [
        path("runs/<api_digest:digest>/reviews", governance.RunReviews.as_view(), name="api-run-reviews"),
        path("runs/<api_digest:digest>/disclosures", governance.RunDisclosures.as_view(), name="api-run-disclosures"),
        path("runs/<api_digest:digest>/publications", governance.RunPublications.as_view(), name="api-run-publications"),
        path("runs/<api_digest:digest>/withdrawals", governance.RunWithdrawals.as_view(), name="api-run-withdrawals"),
        path("runs/<api_digest:digest>/supersessions", governance.RunSupersessions.as_view(), name="api-run-supersessions"),
        path("runs/<api_digest:digest>/notices", governance.RunNotices.as_view(), name="api-run-notices"),
        path("runs/<api_digest:digest>/disputes", governance.RunDisputes.as_view(), name="api-run-disputes"),
        path("reviews", governance.Reviews.as_view(), name="api-reviews"),
        path("reviews/<str:review>", governance.OneReview.as_view(), name="api-review"),
        path("reviews/<str:review>/reports", governance.ReviewReports.as_view(), name="api-review-reports"),
        path("reviews/<str:review>/responses", governance.ReviewResponses.as_view(), name="api-review-responses"),
        path("reviews/<str:review>/closings", governance.ReviewClosings.as_view(), name="api-review-closings"),
        path("notices/<str:notice>/lifts", governance.NoticeLifts.as_view(), name="api-notice-lifts"),
        path("disputes/<str:dispute>/closings", governance.DisputeClosings.as_view(), name="api-dispute-closings"),
        path("rulings", governance.Rulings.as_view(), name="api-rulings"),
        path("declarations/<api_digest:nonce>/abandonments", governance.Abandonments.as_view(), name="api-abandonments"),
    ]
