"""A captured fact is a value with a status and a source: absent is not zero, and how we know is part of what we know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)  # fmt: skip

from runner.contract.canonical import MOST_PROBLEMS, decode, encode
from runner.contract.problems import Problem, Problems

T = TypeVar("T")
LONGEST_TEXT = 4_000
MOST_ENTRIES = 400


def _not_minus_zero(text: str) -> str:
    if text == "-0":
        raise ValueError("0 has one spelling, without a sign")
    return text


Status = Annotated[str, StringConstraints(pattern=r"^(observed|declared|not_applicable|not_collected|unreadable:[a-z0-9][a-z0-9-]{0,63})$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Decimal = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,59})(\.[0-9]{0,59}[1-9])?$", max_length=128), AfterValidator(_not_minus_zero)]
Instant = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]


def _fits(value: object) -> bool:
    """Whether a captured value is of a size that a page can show."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, dict):
        return len(value) <= MOST_ENTRIES and all(_fits(key) and _fits(inner) for key, inner in value.items())
    return not isinstance(value, tuple) or (len(value) <= MOST_ENTRIES and all(map(_fits, value)))


class Document(BaseModel):
    """A frozen, closed model: unknown keys are errors, strings are never turned into numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def canonical(self) -> bytes:
        """The canonical bytes of this document."""
        return encode(self.model_dump(mode="json"))

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The document in canonical `content`; raises `Problems` with every error of the document."""
        decode(content, canonical=True)
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise Problems(_problem(detail) for detail in error.errors(include_url=False)[:MOST_PROBLEMS]) from error


class Grown(Document):
    """A document with fields that came after its schema was first published, named in `LATER`.

    At its default a later field is left out, so that documents from before it keep their bytes and digests; written out at its default it is
    refused, so that one document still has one spelling.
    """

    LATER: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_defaults(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = plain(self)
        return {name: value for name, value in found.items() if name not in self.LATER or not self._at_default(name)}

    @model_validator(mode="after")
    def _one_spelling(self, info: ValidationInfo) -> Self:
        spare = sorted(name for name in self.LATER & self.model_fields_set if self._at_default(name))
        if info.mode == "json" and spare:
            raise ValueError(f"{', '.join(spare)}: left out where there is nothing to say")
        return self

    def _at_default(self, name: str) -> bool:
        return bool(getattr(self, name) == type(self).model_fields[name].get_default(call_default_factory=True))


def _problem(detail: object) -> Problem:
    assert isinstance(detail, dict)
    path = ".".join(str(part) for part in detail["loc"]) or "$"
    context = detail.get("ctx") or {}
    code = str(context.get("code", "invalid-document")) if isinstance(context, dict) else "invalid-document"
    return Problem(path, _short(detail["input"]), str(detail["msg"]).removeprefix("Value error, ")[:400], "see the document's schema", code)


def _short(value: object) -> str:
    """At most 80 characters that tell a value; the inside of a container is not written out, however much there is of it."""
    if isinstance(value, dict):
        return f"an object with {', '.join(str(key)[:20] for key in islice(value, 5)) or 'no keys'}"[:80]
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return repr(value[:80] if isinstance(value, str) else value)[:80]


class Field(Document, Generic[T]):
    """One leaf of a captured document; `value` is present exactly when the status is `observed` or `declared`."""

    value: T | None = None
    status: Status = "not_collected"
    source: Annotated[str, StringConstraints(max_length=200)] = ""

    @model_validator(mode="after")
    def _value_follows_status(self) -> Self:
        if (self.value is not None) != (self.status in ("observed", "declared")):
            raise ValueError(f"a value is present exactly when observed or declared (status {self.status})")
        if not _fits(self.value):
            raise ValueError(f"a text of at most {LONGEST_TEXT} characters, or at most {MOST_ENTRIES} entries of such")
        return self

    @property
    def known(self) -> bool:
        """Whether there is a value to compare."""
        return self.status in ("observed", "declared")

    @property
    def answered(self) -> bool:
        """Whether the collector answered at all: a value, `not_applicable`, or unreadable with a reason."""
        return self.status != "not_collected"

    def projected(self) -> object:
        """What a digest sees: the value, or the status word alone where there is none (the reason behind `unreadable` stays out)."""
        return {"value": self.value} if self.known else self.status.partition(":")[0]


Text = Field[str]
Whole = Field[int]
Flag = Field[bool]
Words = Field[tuple[str, ...]]
Table = Field[dict[str, str]]
Counts = Field[dict[str, int]]
AnyField = Field[str] | Field[int] | Field[bool] | Field[tuple[str, ...]] | Field[dict[str, str]] | Field[dict[str, int]]


@dataclass(frozen=True)
class Fact:
    """What the schema says of a leaf: role F fingerprint, I instance, S state, N nameplate; need M, C or O; the layer that owns it."""

    role: Literal["F", "I", "S", "N"]
    need: Literal["M", "C", "O"]
    layer: str


def facts(document: BaseModel, prefix: str = "") -> Iterator[tuple[str, Fact, AnyField]]:
    """Every leaf of `document` in schema order as (dotted path, fact, field)."""
    for name, definition in type(document).model_fields.items():
        value = getattr(document, name)
        fact = next((mark for mark in definition.metadata if isinstance(mark, Fact)), None)
        if fact is not None:
            yield f"{prefix}{name}", fact, value
        elif isinstance(value, BaseModel):
            yield from facts(value, f"{prefix}{name}.")
