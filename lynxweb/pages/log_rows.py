"""What the pages of the log are told: events as rows with the pages of what they are about, and the command for a reader's own check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import NoReverseMatch, reverse

from lynxweb.audit.actions import Action
from lynxweb.review.log_cards import EventView
from lynxweb.review.log_seeing import EVERYBODYS, OBJECTS

ACTIONS: Final = tuple(sorted(action.value for action in Action))
OBJECT_TYPES: Final = tuple(sorted({*EVERYBODYS, *OBJECTS, "organisation"}))
# The name of the page on which an object of each type is shown.
PAGES: Final = {"run": "run", "methodology": "methodology", "pack": "pack", "review": "review", "decision": "decision", "requirement": "requirement"}
WORDS: Final = {
    "v": "Version of the leaf", "seq": "Position", "time": "Time", "actor": "Actor", "on_behalf_of": "On behalf of", "action": "Act",
    "object": "Object", "prev": "Event before on this object", "before": "Snapshot before", "after": "Snapshot after", "payload": "Document",
    "commit": "Private values", "reason_code": "Why", "reason": "Reason", "basis": "Rests on", "proposal": "Proposed by event",
    "anchor": "Newest checkpoint then", "request_id": "Request",
}  # fmt: skip
OWN_CHECK: Final = (
    "python3 -c \"from runner.contract import merkle, notes, tlog_proof; print(tlog_proof.verify(open('event-{position}.tlog-proof', 'rb').read(), "
    "merkle.leaf_hash(open('event-{position}.json', 'rb').read()), [notes.VerifierKey.read('{vkey}')]))\""
)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FieldRow:
    """One field of a leaf in words; `event` is the position it names, where it names one."""

    key: str
    name: str
    text: str
    event: int | None = None

    @property
    def digest(self) -> bool:
        """Whether the text is a SHA-256."""
        return _DIGEST.fullmatch(self.text) is not None


def field_rows(fields: Mapping[str, Any]) -> list[FieldRow]:
    """Every field of a leaf, in the order of the table in the documentation; what is empty says so."""
    ordered = [*WORDS, *sorted(set(fields) - set(WORDS))]
    return [FieldRow(key, WORDS.get(key, key), *_told(key, fields[key])) for key in ordered if key in fields]


def page_of(object_type: str, object_id: str) -> str:
    """The address of the page that shows this object; empty where there is none."""
    try:
        return reverse(PAGES[object_type], args=(object_id,)) if object_type in PAGES else ""
    except NoReverseMatch:
        return ""


def own_check(view: EventView) -> str:
    """The command that checks a downloaded event and its proof with nothing but this project's contract, and no site."""
    return OWN_CHECK.format(position=view.row.position, vkey=view.vkey)


def _told(key: str, value: Any) -> tuple[str, int | None]:
    if value is None:
        return "none", None
    if key in ("prev", "proposal"):
        return f"event {value}", value
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_told(name, inner)[0]}" for name, inner in value.items()), None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value), None
