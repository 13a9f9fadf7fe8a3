"""The addresses of the pages; digests are written in full, so that an address names one thing for ever."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, register_converter

from lynxweb.pages import views
from lynxweb.pages.converters import DigestConverter
from lynxweb.pages.deciding_urls import deciding
from lynxweb.pages.log_urls import LOG

register_converter(DigestConverter, "digest")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("runs", views.runs, name="runs"),
    path("runs/<digest:digest>", views.run, name="run"),
    path("executors/<digest:digest>", views.executor, name="executor"),
    path("methodologies/<digest:digest>", views.methodology, name="methodology"),
    path("compare", views.compare, name="compare"),
    path("compare/<digest:digest>", views.comparison, name="comparison"),
    path("words", views.words, name="words"),
    *LOG,
    *deciding(),
]
