"""The review app: governance of runs, and what a committee asks and signs."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Registers the app under the label `review`."""

    name = "lynxweb.review"
    label = "review"

    def ready(self) -> None:
        """Name the guards of the app's tables for every migration and check, and their projections for the replay audit."""
        from lynxweb.audit.guards import protect
        from lynxweb.audit.projections import register, register_parts
        from lynxweb.review.models.decisions import DECISION_GUARDS, DECISION_PROJECTIONS
        from lynxweb.review.models.notices import NOTICE_GUARDS, NOTICE_PARTS
        from lynxweb.review.models.packs import PACK_GUARD, PACK_PROJECTION
        from lynxweb.review.models.reviews import REVIEW_GUARDS, REVIEW_PARTS

        for guard in (*REVIEW_GUARDS, *NOTICE_GUARDS, *DECISION_GUARDS, PACK_GUARD):
            protect(guard)
        register_parts(REVIEW_PARTS | NOTICE_PARTS)
        for projection in (*DECISION_PROJECTIONS, PACK_PROJECTION):
            register(projection)
