"""The same work in several threads, one of them per slot or worker; an error or an interrupt in one ends them all."""

from __future__ import annotations

import threading
from collections.abc import Callable


def in_threads(work: Callable[[int], None], threads: int, stop: Callable[[], None]) -> None:
    """Run `work(0)` … `work(threads - 1)` side by side and wait for all; a single one runs in this thread.

    `stop` is called as soon as one fails or this thread is interrupted; the first error is raised once all have ended.
    """
    if threads == 1:
        work(0)
        return
    failed: list[BaseException] = []

    def guarded(place: int) -> None:
        try:
            work(place)
        except BaseException as error:  # raised again in the calling thread
            failed.append(error)
            stop()

    running = [threading.Thread(target=guarded, args=(place,), name=f"slot-{place}") for place in range(threads)]
    try:
        for thread in running:
            thread.start()
        _joined(running)
    except BaseException:
        stop()
        _joined(running)
        raise
    if failed:
        raise failed[0]


def _joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        if thread.ident is not None:
            thread.join()
