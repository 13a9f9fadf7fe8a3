"""Asking a device: each call is tried, a refusal becomes a status with its reason, and a refused call is not tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

V = TypeVar("V")
Asked = Callable[[], V]


class Refused(Exception):
    """A call that the device or its driver turned down; the text is the status, `unreadable:<reason>`."""


@dataclass
class Questions:
    """Calls by name. Each name may have several calls, oldest driver last: the first that answers is the one that is asked from then on."""

    calls: dict[str, tuple[Asked[int], ...]]
    refusals: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Try every call once and keep the first that answers for each name."""
        for name, calls in list(self.calls.items()):
            self.calls[name] = tuple(self._answering(name, calls))[:1]
            if not self.calls[name]:
                del self.calls[name]
            else:
                self.refusals.pop(name, None)

    def refuse(self, names: tuple[str, ...], status: str) -> None:
        """Take these names out, each with this status."""
        for name in names:
            self.calls.pop(name, None)
            self.refusals[name] = status

    def ask(self) -> dict[str, int]:
        """The answers; what is refused now is taken out with its reason."""
        answers = {}
        for name, (call, *_) in list(self.calls.items()):
            try:
                answers[name] = call()
            except Refused as refusal:
                self.refuse((name,), str(refusal))
        return answers

    def _answering(self, name: str, calls: tuple[Asked[int], ...]) -> Iterator[Asked[int]]:
        for call in calls:
            try:
                call()
            except Refused as refusal:
                self.refusals.setdefault(name, str(refusal))
            else:
                yield call
                return


@dataclass(frozen=True)
class Answer:
    """What one call said: a value, or the status that says why there is none; `call` is the name of the vendor's function."""

    call: str
    value: object = None
    status: str = "observed"


def answer(call: str, ask: Asked[object]) -> Answer:
    """The answer of one call, or its refusal."""
    try:
        return Answer(call, ask())
    except Refused as refusal:
        return Answer(call, None, str(refusal))


@contextmanager
def refusing(kind: type[Exception], reason: Callable[[Exception], str]) -> Iterator[None]:
    """Turn the vendor's exceptions of `kind` into `Refused` with the status that `reason` gives: the one place where they are known."""
    try:
        yield
    except kind as error:
        raise Refused(f"unreadable:{reason(error)}") from error


def selected(visible: str | None, uuids: tuple[str, ...]) -> tuple[int, ...]:
    """Places of the devices that CUDA_VISIBLE_DEVICES leaves visible, of devices with these UUIDs in the driver's order.

    As the CUDA programming guide says of the variable: unset shows all, each entry is an index or the beginning of a UUID, and the
    first entry that names no device, or names one twice, ends the list.
    """
    if visible is None:
        return tuple(range(len(uuids)))
    chosen: list[int] = []
    for word in (word.strip() for word in visible.split(",")):
        place = _place(word, uuids)
        if place is None or place in chosen:
            break
        chosen.append(place)
    return tuple(chosen)


def _place(word: str, uuids: tuple[str, ...]) -> int | None:
    if word.isdecimal():
        return int(word) if int(word) < len(uuids) else None
    fitting = [place for place, uuid in enumerate(uuids) if word.startswith(("GPU-", "MIG-")) and uuid.startswith(word)]
    return fitting[0] if len(fitting) == 1 else None


def numbering(version: str, moved: Mapping[tuple[int, ...], str]) -> str:
    """The name of the field numbering that a driver or binding of `version` speaks: that of the newest entry of `moved` not above it."""
    parts = tuple(int(part) for part in version.split(".") if part.isdecimal())
    return next((name for since, name in sorted(moved.items(), reverse=True) if parts >= since), "")
