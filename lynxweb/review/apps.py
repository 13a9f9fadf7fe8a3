"""The review app: governance of runs, and what a committee asks and signs."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Registers the app under the label `review`."""

    name = "lynxweb.review"
    label = "review"
