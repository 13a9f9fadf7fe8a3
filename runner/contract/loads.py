"""The load of a methodology: how requests arrive, of which classes, and at which points; everything random in it follows from one seed."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.fields import Decimal, Digest, Document, Grown, Name
from runner.contract.search import SearchRules

SLOWEST_PER_S, FASTEST_PER_S = Fraction(1, 1000), 1_000_000
LARGEST_CONCURRENCY = 1_024
MOST_POINTS, MOST_CLASSES = 64, 16
Natural = Annotated[int, Bound(ge=0)]
Positive = Annotated[int, Bound(gt=0)]
Seed = Annotated[str, Bound(pattern=r"^(0|[1-9][0-9]{0,19})$")]
Process = Literal["single_stream", "concurrent_streams", "constant", "poisson", "gamma", "ramp", "ramp_poisson", "trace"]
CLOSED: tuple[Process, ...] = ("single_stream", "concurrent_streams")
RAMPS: tuple[Process, ...] = ("ramp", "ramp_poisson")
AT_A_RATE: tuple[Process, ...] = ("constant", "poisson", "gamma")
Concurrency = Annotated[int, Bound(gt=0, le=LARGEST_CONCURRENCY)]


class RequestClass(Document):
    """One class of a mix: its share is its weight over the sum of all weights, and each of its requests carries `batch` samples."""

    name: Name
    weight: Annotated[int, Bound(gt=0, le=1_000_000)]
    batch: Annotated[int, Bound(gt=0, le=4_096)]


class Load(Grown):
    """How requests arrive: closed loop with a concurrency, or open loop with a process and a rate, from one seed.

    A sweep lists several rates or concurrencies and states no single one; a search finds its rates by its rules. `trace_sha256` is the schedule
    digest of the recorded offsets before they are scaled by `trace_scale`; the offsets travel in the bundle.
    """

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"gamma_shape", "rate_to_per_s", "trace_sha256", "trace_scale", "classes", "rates_per_s", "concurrencies", "search"}
    )
    loop: Literal["closed", "open"]
    process: Process
    concurrency: Concurrency | None = None
    rate_per_s: Decimal | None = None
    seed: Seed
    per: Literal["total", "replica"] = "total"
    client_location: Literal["in_process", "loopback", "same_host", "lan", "wan"] = "in_process"
    gamma_shape: Decimal | None = None
    rate_to_per_s: Decimal | None = None
    trace_sha256: Digest | None = None
    trace_scale: Decimal | None = None
    classes: Annotated[tuple[RequestClass, ...], Bound(max_length=MOST_CLASSES)] = ()
    rates_per_s: Annotated[tuple[Decimal, ...], Bound(max_length=MOST_POINTS)] = ()
    concurrencies: Annotated[tuple[Concurrency, ...], Bound(max_length=MOST_POINTS)] = ()
    search: SearchRules | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        several = len(self.rates_per_s) + len(self.concurrencies) + (self.search is not None)
        if (self.loop == "closed") != (self.process in CLOSED):
            raise ValueError(f"a closed loop has the process {' or '.join(CLOSED)}, an open loop another one (got {self.process})")
        if self.loop == "closed":
            self._closed()
        elif self.concurrency is not None or self.concurrencies or (self.rate_per_s is None) != bool(several or self.process == "trace"):
            raise ValueError("an open loop states one rate_per_s, or rates_per_s, or a search, or a trace; and no concurrency")
        if several > 1 and not (len(self.rates_per_s) == several or len(self.concurrencies) == several):
            raise ValueError("rates_per_s, concurrencies, or a search: one of them")
        if len(self.rates_per_s) == 1 or len(self.concurrencies) == 1:
            raise ValueError("rates_per_s, concurrencies: two at least; a single one is rate_per_s or concurrency")
        if (self.rates_per_s or self.search is not None) and self.process not in AT_A_RATE:
            raise ValueError(f"several rates, or a search for one, have a process at one rate: {', '.join(AT_A_RATE)} (got {self.process})")
        self._rates()
        self._each_once()
        return self

    def _each_once(self) -> None:
        names = [one.name for one in self.classes]
        if any(len(set(several)) != len(several) for several in (self.rates_per_s, self.concurrencies, names)):
            raise ValueError("each rate, each concurrency and each class once")

    def _closed(self) -> None:
        if self.rate_per_s is not None or self.rates_per_s or self.search is not None or (self.concurrency is None) != bool(self.concurrencies):
            raise ValueError("a closed loop states its concurrency, or concurrencies, and no rate")
        if self.process == "single_stream" and self.concurrency != 1:
            raise ValueError(f"single_stream has the concurrency 1; more are concurrent_streams (got {self.concurrency})")

    def _rates(self) -> None:
        single = (("rate_per_s", self.rate_per_s), ("rate_to_per_s", self.rate_to_per_s))
        for name, rate in (*single, *(("rates_per_s", one) for one in self.rates_per_s)):
            if rate is not None and not SLOWEST_PER_S <= Fraction(rate) <= FASTEST_PER_S:
                raise ValueError(f"{name} must be between 0.001 and {FASTEST_PER_S} (got {rate[:40]})")
        needs = {
            "gamma_shape": self.process == "gamma",
            "rate_to_per_s": self.process in RAMPS,
            "trace_sha256": self.process == "trace",
            "trace_scale": self.process == "trace",
        }
        for name, needed in needs.items():
            if (getattr(self, name) is not None) != needed:
                raise ValueError(f"{name}: {'needed' if needed else 'not used'} by the process {self.process}")
        for name in ("gamma_shape", "trace_scale"):
            if (number := getattr(self, name)) is not None and not Fraction(1, 1000) <= Fraction(number) <= 1000:
                raise ValueError(f"{name} must be between 0.001 and 1000 (got {number[:40]})")

    @property
    def points(self) -> tuple[Load, ...]:
        """The load of each operating point: itself, or one for each rate or concurrency of a sweep; none for a search, which finds them."""
        if self.search is not None:
            return ()
        if self.rates_per_s:
            return tuple(self.at_rate(rate) for rate in self.rates_per_s)
        if self.concurrencies:
            return tuple(self.at_concurrency(concurrency) for concurrency in self.concurrencies)
        return (self,)

    def at_rate(self, rate_per_s: str) -> Load:
        """This load at one rate."""
        return self.model_copy(update={"rate_per_s": rate_per_s, "rates_per_s": (), "search": None})

    def at_concurrency(self, concurrency: int) -> Load:
        """This load at one concurrency."""
        process = "single_stream" if concurrency == 1 else "concurrent_streams"
        return self.model_copy(update={"concurrency": concurrency, "concurrencies": (), "process": process})
