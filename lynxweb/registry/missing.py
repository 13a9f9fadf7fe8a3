"""What every question answers where there is nothing to see: unknown and foreign look the same."""

from __future__ import annotations


class NotFound(LookupError):
    """Unknown, or not the actor's to see."""

    def __init__(self, noun: str, digest: str) -> None:
        self.noun = noun
        super().__init__(f"{noun} {digest[:64]}: unknown, or not yours to see")
