"""The addresses of requirements and decisions."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.pages import deciding_views, report_views, requirement_views


def deciding() -> list[URLPattern]:
    """The addresses, made once the converter of digests is registered."""
    return [
        path("requirements", requirement_views.listed, name="requirements"),
        path("requirements/new", requirement_views.new, name="requirement-new"),
        path("requirements/<digest:digest>", requirement_views.requirement, name="requirement"),
        path("requirements/<digest:digest>/supersede", requirement_views.supersede, name="requirement-supersede"),
        path("decisions", deciding_views.listed, name="decisions"),
        path("decisions/new", deciding_views.draft, name="decision-new"),
        path("decisions/sign", deciding_views.sign_new, name="decision-sign-new"),
        path("decisions/<digest:digest>", deciding_views.decision, name="decision"),
        path("decisions/<digest:digest>/sign", deciding_views.sign, name="decision-sign"),
        path("decisions/<digest:digest>/append", deciding_views.append, name="decision-append"),
        path("decisions/<digest:digest>/report", report_views.report, name="decision-report"),
        path("decisions/<digest:digest>/report.pdf", report_views.report_pdf, name="decision-report-pdf"),
    ]
