"""The review app: governance of runs, and what a committee asks and signs."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Registers the app under the label `review`."""

    name = "lynxweb.review"
    label = "review"

    def ready(self) -> None:
        """Name the guards of the app's tables, so that every migration re-installs them and every check looks for them."""
        from lynxweb.audit.guards import protect
        from lynxweb.review.models.reviews import REVIEW_GUARDS

        for guard in REVIEW_GUARDS:
            protect(guard)
