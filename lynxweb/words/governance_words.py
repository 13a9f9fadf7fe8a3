"""The words around the standing of a run: stages, visibilities, outcomes and where a notice comes from."""

from __future__ import annotations

from typing import Final

from lynxweb.words.wording import Chip

STATES: Final = {
    "standing": Chip("standing", "good", "✓", "Nobody withdrew or superseded it."),
    "withdrawn": Chip("withdrawn", "bad", "✕", "Taken back; its page says why. It is compared with none."),
    "superseded": Chip("superseded", "bad", "↷", "A newer run stands in its place."),
}
STAGES: Final = {
    "submitted": Chip("submitted", "quiet", "○", "Accepted by the site; nobody reviews it so far."),
    "in_review": Chip("in review", "plain", "◔", "A reviewer reads it."),
    "changes_requested": Chip("changes requested", "warn", "!", "A reviewer asks for changes before it can be accepted."),
    "reviewed": Chip("reviewed", "good", "◑", "Accepted by a reviewer, and not published so far."),
    "published": Chip("published", "good", "●", "Accepted by a reviewer, published by somebody else."),
}
VISIBILITIES: Final = {
    "private": Chip("private", "quiet", "◌", "Engineers, publishers, auditors and administrators of its organisation see it."),
    "organisation": Chip("its organisation", "quiet", "◌", "Its own organisation sees it."),
    "review": Chip("reviewers", "plain", "◔", "Its own organisation, and reviewers and auditors of every other, see it."),
    "link": Chip("by link", "plain", "◑", "Its own organisation sees it, and whoever holds a link that was shared."),
    "public": Chip("public", "good", "●", "Everybody sees it."),
}
OUTCOMES: Final = {
    "accepted": Chip("accepted", "good", "✓"),
    "changes_requested": Chip("changes requested", "warn", "!"),
    "not_accepted": Chip("not accepted", "bad", "✕"),
    "open": Chip("open", "plain", "○"),
    "reported": Chip("reported", "plain", "◑"),
    "closed": Chip("closed", "quiet", "●"),
    "upheld": Chip("upheld", "bad", "✕"),
    "rejected": Chip("rejected", "quiet", "○"),
    "waived": Chip("waived", "quiet", "○"),
    "noted": Chip("noted", "plain", "!"),
    "excluded": Chip("excluded from comparison", "bad", "✕"),
    "recheck": Chip("to be checked again", "warn", "!"),
    "identical": Chip("identical", "good", "="),
    "compatible": Chip("compatible", "good", "✓"),
    "compatible_with_declared_difference": Chip("compatible with declared difference", "good", "✓"),
    "incompatible": Chip("incompatible", "bad", "≠"),
}
SOURCES: Final = {
    "notice": Chip("notice", "warn", "!"),
    "dispute": Chip("dispute", "warn", "!"),
    "ruling": Chip("ruling", "bad", "§"),
    "redaction": Chip("redacted", "quiet", "▮"),
    "withdrawal": Chip("withdrawal", "bad", "✕"),
}
ANSWERS: Final = {
    "yes": Chip("yes", "good", "✓"),
    "no": Chip("no", "bad", "✕"),
    "not_applicable": Chip("not applicable", "quiet", "∅"),
}
TONES: Final = {"good": Chip("nothing doubtful", "good", "✓"), "warn": Chip("doubts", "warn", "!"), "bad": Chip("fails", "bad", "✕")}
REVIEW_KINDS: Final = {
    "intake": "before publication",
    "dispute": "of a disputed statement",
    "elected": "chosen by a committee",
    "drawn": "drawn by lot",
}
