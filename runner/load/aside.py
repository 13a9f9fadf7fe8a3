"""What happens to an answer between the clock and the next request: its device time is written down, its output copied where wanted."""

from __future__ import annotations

from collections.abc import Callable

from runner.load.driver import NEVER, NOT_MEASURED, Block, DeviceTime, Keep

After = Callable[[object, int], None]


class Aside:
    """Knows which request is the next whose output is wanted; a loop with nothing to do aside gets no hook and stays as fast as it is."""

    def __init__(self, device_ns: DeviceTime | None, keep: Keep | None) -> None:
        self._device_ns, self._keep = device_ns, keep
        self._wanted = sorted(keep.requests)[::-1] if keep is not None else []
        self.kept: dict[int, object] = {}

    def next_kept(self, number: int) -> int:
        """How many requests after request `number` the next output is wanted; a number that went by meanwhile means this one (0)."""
        return max(self._wanted[-1] - number, 0) if self._wanted else NEVER

    def hook(self, block: Block, before: int, *, wanted: bool) -> After | None:
        """What to call with an answer and its place in `block`, which begins at row `before`; None if there is nothing to do."""
        device_ns, keep = self._device_ns, self._keep
        if wanted and keep is not None:
            self._wanted.pop()
            copied = keep.copied

            def write_and_copy(answer: object, place: int) -> None:
                if device_ns is not None:
                    block.device[place] = known(device_ns(answer))
                self.kept[before + place] = copied(answer, 0)

            return write_and_copy
        if device_ns is None:
            return None

        def write(answer: object, place: int) -> None:
            block.device[place] = known(device_ns(answer))

        return write


def known(device_ns: int | None) -> int:
    """A device time, or the mark of one that nobody measured."""
    return NOT_MEASURED if device_ns is None else device_ns
