"""What the forms of a committee offer: the methodologies that may answer a requirement, and who sits in the committee."""

from __future__ import annotations

from dataclasses import dataclass

from lynxweb.accounts.roles import READ, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.registry import gathering
from lynxweb.registry.models import MethodologyVersion
from lynxweb.registry.redacting import content_of
from lynxweb.review.deciding import members_of
from runner.contract.methodology import Methodology
from runner.contract.requirement import asked_levels


@dataclass(frozen=True)
class AnsweringMethodology:
    """A published methodology version whose runs may answer a requirement; `levels` are the latencies from schedule that it reports."""

    digest: str
    methodology: Methodology
    levels: tuple[str, ...]

    @property
    def name(self) -> str:
        """How a form calls it."""
        return f"{self.methodology.name} version {self.methodology.version}"


@dataclass(frozen=True)
class Committee:
    """Who asks and signs: the organisation, its members now, and whether this actor may publish a requirement."""

    organisation: str
    members: tuple[str, ...]
    may_ask: bool


def answering_methodologies(actor: Actor) -> tuple[AnsweringMethodology, ...]:
    """Every published methodology that may be evidence, newest first."""
    require(actor, READ)
    versions = MethodologyVersion.objects.newest()
    known = ((version.digest, gathering.methodology(content_of(version.document))) for version in versions)
    return tuple(AnsweringMethodology(digest, how, levels) for digest, how in known if (levels := asked_levels(how)))


def committee_for(actor: Actor) -> Committee:
    """The committee of the actor's organisation."""
    acting = require(actor, READ)
    organisation = acting.organisation or ""
    return Committee(organisation, members_of(organisation), may(acting, Action.REQUIREMENT_PUBLISH))
