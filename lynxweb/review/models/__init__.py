"""The tables of the app, one file per subject."""

from lynxweb.review.models.reviews import Review, ReviewStep

__all__ = ["Review", "ReviewStep"]
