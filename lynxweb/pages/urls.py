"""The addresses of the pages; digests are written in full, so that an address names one thing for ever."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from lynxweb.pages import governance_views, redaction_views, review_views, run_views, views
from lynxweb.pages.converters import DigestConverter
from lynxweb.pages.deciding_urls import deciding
from lynxweb.pages.log_urls import LOG
from lynxweb.pages.people_urls import people
from lynxweb.pages.visiting import opened

register_converter(DigestConverter, "digest")

PATTERNS: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("runs", views.runs, name="runs"),
    path("runs/<digest:digest>", run_views.run, name="run"),
    path("runs/<digest:digest>/acts/<slug:act>", run_views.run_act, name="run-act"),
    path("runs/<digest:digest>/review", review_views.workspace, name="workspace"),
    path("reviews", review_views.reviews, name="reviews"),
    path("reviews/<str:review>", review_views.review, name="review"),
    path("reviews/<str:review>/report", review_views.report, name="review-report"),
    path("reviews/<str:review>/close", review_views.close, name="review-close"),
    path("reviews/<str:review>/respond", review_views.respond, name="review-respond"),
    path("rulings", governance_views.rulings, name="rulings"),
    path("rulings/propose", governance_views.propose_ruling, name="ruling-propose"),
    path("disputes", governance_views.disputes, name="disputes"),
    path("draws", governance_views.draws, name="draws"),
    path("draws/<str:draw>", governance_views.draw, name="draw"),
    path("runs/<digest:digest>/redact", redaction_views.redact, name="redact"),
    path("notices/<str:notice>/lift", run_views.lift_notice, name="notice-lift"),
    path("disputes/<str:dispute>/close", run_views.close_dispute, name="dispute-close"),
    path("executors/<digest:digest>", views.executor, name="executor"),
    path("methodologies/<digest:digest>", views.methodology, name="methodology"),
    path("compare", views.compare, name="compare"),
    path("compare/<digest:digest>", views.comparison, name="comparison"),
    path("words", views.words, name="words"),
    *LOG,
    *deciding(),
    *people(),
]
urlpatterns = opened(PATTERNS)
