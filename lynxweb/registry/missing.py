"""What every question answers where there is nothing to see: unknown and foreign look the same."""

from __future__ import annotations


class NotFound(LookupError):
    """Unknown, or not the actor's to see."""

    def __init__(self, noun: str, digest: str) -> None:
        self.noun = noun
        super().__init__(f"{noun} {digest[:64]}: unknown, or not yours to see")


class Redacted(NotFound):
    """Bytes that are gone for good: `digest` names them still, the event at `position` says who took them out, and why."""

    def __init__(self, digest: str, position: int, reason: str) -> None:
        super().__init__("payload", digest)
        self.digest, self.position, self.reason = digest, position, reason
        self.args = (f"payload {digest}: redacted by event {position}: {reason}",)
