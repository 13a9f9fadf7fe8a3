"""What must stand beside every run that a page lists: its notices, asked for all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lynxweb.registry.cards import RunCard
from lynxweb.review.noting import NoticeLine, notices_on


def notices_of(cards: Iterable[RunCard]) -> Mapping[str, tuple[NoticeLine, ...]]:
    """The notices on each of these runs by digest, which the reader may see; a run without any has no entry."""
    return notices_on({card.digest for card in cards})
