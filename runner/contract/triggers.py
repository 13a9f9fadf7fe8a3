"""`still_valid()`: whether a signed decision still stands, given what has changed since; computed at every look and never stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from runner.contract.decision import Decision, Trigger, TriggerKind
from runner.contract.reasons import Standing

Word = Literal["valid", "re-check", "expired"]


@dataclass(frozen=True)
class RunNow:
    """How a cited run stands now, what replaced it, and how many notices posted after the decision's state of the log are in force."""

    standing: Standing = Standing()
    successor: str | None = None
    notices: int = 0


@dataclass(frozen=True)
class NewerExecutor:
    """Another configuration seen since on a product and unit of a candidate: what it is, and the driver before and after."""

    candidate: str
    fingerprint: str
    product: str
    driver_before: str
    driver_after: str


@dataclass(frozen=True)
class NewerModel:
    """A later version of a cited methodology, by name, that asks for another model."""

    methodology: str
    successor: str
    model_before: str
    model_after: str


@dataclass(frozen=True)
class DecisionWorld:
    """What has become of what a decision cites; `now` is an instant, `runs` are by digest, and a run that is not among them is gone."""

    now: str
    runs: Mapping[str, RunNow] = field(default_factory=dict)
    superseded_by: str | None = None
    executors: tuple[NewerExecutor, ...] = ()
    models: tuple[NewerModel, ...] = ()


@dataclass(frozen=True)
class Fired:
    """A trigger that fired: its kind, what it is about (a digest or an instant), and why in a sentence."""

    kind: TriggerKind
    about: str
    why: str


@dataclass(frozen=True)
class DecisionStanding:
    """The badge: expired after `valid_until`, re-check where a trigger fired, else valid; every fired trigger is told either way."""

    word: Word
    fired: tuple[Fired, ...]

    @property
    def sentence(self) -> str:
        """The badge in a sentence."""
        told = {"valid": "Nothing that this decision rests on has changed.", "expired": "The decision has passed the day until which it is valid."}
        return told.get(self.word, f"Look again: {'; '.join(one.why for one in self.fired)}."[:2000])


def still_valid(decision: Decision, world: DecisionWorld) -> DecisionStanding:
    """How the decision stands in this world; each trigger that it lists is asked, and all that fired are told."""
    fired = tuple(one for trigger in decision.triggers for one in _fired(trigger, decision, world))
    if _instant(world.now) >= _instant(decision.valid_until):
        return DecisionStanding("expired", fired)
    return DecisionStanding("re-check" if fired else "valid", fired)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _fired(trigger: Trigger, decision: Decision, world: DecisionWorld) -> Iterator[Fired]:
    if trigger.kind in ("run_withdrawn", "notice"):
        yield from _runs(trigger.kind, decision, world)
    elif trigger.kind in ("driver_change", "new_executor_version"):
        yield from _executors(trigger.kind, world)
    elif trigger.kind == "model_change":
        for one in world.models:
            yield Fired(trigger.kind, one.successor, f"methodology {one.successor[:12]} asks for model {one.model_after[:12]}")
    elif trigger.kind == "requirement_superseded" and world.superseded_by is not None:
        yield Fired(trigger.kind, world.superseded_by, f"the requirement was superseded by {world.superseded_by[:12]}")
    elif trigger.kind == "date" and trigger.at is not None and _instant(world.now) >= _instant(trigger.at):
        yield Fired(trigger.kind, trigger.at, f"the day set for a new look has come: {trigger.at[:10]}")


def _runs(kind: Literal["run_withdrawn", "notice"], decision: Decision, world: DecisionWorld) -> Iterator[Fired]:
    for digest in decision.runs:
        now = world.runs.get(digest)
        if kind == "notice" and now is not None and now.notices:
            yield Fired(kind, digest, f"run {digest[:12]} has a notice")
        if kind == "run_withdrawn" and (now is None or now.standing.word != "standing"):
            word = "gone" if now is None else now.standing.word
            succeeded = f", replaced by {now.successor[:12]}" if now and now.successor else ""
            yield Fired(kind, digest, f"run {digest[:12]} is {word}{succeeded}")


def _executors(kind: Literal["driver_change", "new_executor_version"], world: DecisionWorld) -> Iterator[Fired]:
    for one in world.executors:
        if kind == "new_executor_version":
            yield Fired(kind, one.fingerprint, f"{one.product} of a cited run has another configuration now: {one.fingerprint[:12]}")
        elif one.driver_before != one.driver_after:
            yield Fired(kind, one.fingerprint, f"the driver of {one.product} is {one.driver_after} and was {one.driver_before}")
