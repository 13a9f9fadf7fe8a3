"""Fields as collectors write them: one constructor for each way of knowing."""

from __future__ import annotations

from runner.contract.fields import AnyField, Counts, Flag, Table, Text, Whole, Words

Value = str | int | bool | tuple[str, ...] | dict[str, str] | dict[str, int]


def observed(value: Value, source: str) -> AnyField:
    """A value that was read from what is in effect."""
    return _field(value, "observed", source)


def declared(value: Value, source: str) -> AnyField:
    """A value that somebody or something stated and nobody read back."""
    return _field(value, "declared", source)


def inapplicable(source: str) -> AnyField:
    """There is nothing of this kind here, and `source` says why."""
    return Text(status="not_applicable", source=source)


def unreadable(reason: str, source: str) -> AnyField:
    """It exists and could not be read; `reason` is a short word of lower-case letters, digits and hyphens."""
    return Text(status=f"unreadable:{reason}", source=source)


def _field(value: Value, status: str, source: str) -> AnyField:
    if isinstance(value, bool):
        return Flag(value=value, status=status, source=source)
    if isinstance(value, int):
        return Whole(value=value, status=status, source=source)
    if isinstance(value, str):
        return Text(value=value, status=status, source=source)
    if isinstance(value, tuple):
        return Words(value=value, status=status, source=source)
    if value and all(isinstance(entry, int) for entry in value.values()):
        return Counts.model_validate({"value": value, "status": status, "source": source})
    return Table.model_validate({"value": value, "status": status, "source": source})
