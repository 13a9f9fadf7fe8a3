"""The tables of the app, one file per subject."""

from lynxweb.review.models.decisions import Decision, DecisionAddendum, DecisionCitation, DecisionSignature, RequirementVersion
from lynxweb.review.models.packs import Pack
from lynxweb.review.models.reviews import Review, ReviewStep

__all__ = [
    "Decision",
    "DecisionAddendum",
    "DecisionCitation",
    "DecisionSignature",
    "Pack",
    "RequirementVersion",
    "Review",
    "ReviewStep",
]
