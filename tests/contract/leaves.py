"""A tree of the leaves `event 0`, `event 1`, … in memory, kept in rows as the log keeps them."""

from __future__ import annotations

from runner.contract import merkle


class Tree:
    """The rows of `size` leaves."""

    def __init__(self, size: int) -> None:
        grown = merkle.Rebuilt()
        self.rows = [grown.append(leaf(position)) for position in range(size)]

    def hash_at(self, place: merkle.Place) -> bytes:
        """The stored hash at `place`."""
        return merkle.hash_at(self.rows[place.row], place.level)

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves."""
        return merkle.root(self.hash_at(place) for place in merkle.peaks(size))


def leaf(position: int) -> bytes:
    """The bytes of one leaf."""
    return b"event %d" % position
