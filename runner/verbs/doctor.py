"""`lynxweb doctor`: what on this machine is ready for measuring, what is not, and what to do about it."""

from __future__ import annotations

import os
from dataclasses import asdict

from runner.doctor import Check, checks
from runner.node import home
from runner.probe import Machine
from runner.report.tables import columns, wrapped
from runner.sensors import open_sensor
from runner.talk import Talk
from runner.verbs.result import DONE, WANTING, Result

MARKS = {"ok": "ok", "warn": "warn", "fail": "FAIL", "not_applicable": "–"}
ROOM = 110


def perform(talk: Talk) -> Result:
    """Every check: 0 when none failed, 3 when one did; a warning fails nothing."""
    node, sensor = home(), open_sensor()
    try:
        found = checks(Machine(sensor=sensor, environ=os.environ), node.outbox, node.declared())
    finally:
        sensor.close()
    return told_of(found)


def told_of(found: list[Check]) -> Result:
    """What the checks come to."""
    failed = [check for check in found if check.outcome == "fail"]
    document = {"ready": not failed, "checks": [asdict(check) for check in found]}
    return Result(WANTING if failed else DONE, document, [*_lines(found), _summary(found)])


def _lines(found: list[Check]) -> list[str]:
    lines: list[str] = []
    heads = columns([(MARKS[check.outcome], check.name, check.seen) for check in found])
    for check, head in zip(found, heads, strict=True):
        lines.append(head)
        if check.outcome in ("warn", "fail") and check.remedy:
            lines += wrapped(check.remedy, ROOM, "          ")
    return lines


def _summary(found: list[Check]) -> str:
    counts = [(word, sum(check.outcome == word for check in found)) for word in MARKS]
    told = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts if count)
    return f"{len(found)} checks: {told}"
