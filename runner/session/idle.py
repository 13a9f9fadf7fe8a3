"""Rest: the model is loaded and nobody asks; what the devices draw then is what net energy leaves out."""

from __future__ import annotations

from runner.session.phases import Phases
from runner.session.sensing import Senses

SECOND_NS = 10**9


def rested(length_ns: int, name: str, phases: Phases, senses: Senses) -> None:
    """Do nothing for `length_ns`, with an edge of the counters at both ends; nothing at all where no rest is asked for."""
    if length_ns <= 0:
        return
    senses.edge()
    with phases.during(name):
        phases.clock.sleep(length_ns / SECOND_NS)
    senses.edge()
