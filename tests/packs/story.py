"""What happens at a small site, act by act: people, nodes and keys, declared and submitted runs, reviews, notices, withdrawals, decisions."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from runner.contract import bundle as bundles
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey, prove_possession
from runner.contract.methodology import Methodology
from tests import builders
from tests.packs.ledger import Ledger, Name

ADMINISTRATOR, ENGINEER, REVIEWER = (Actor("user", f"act_{name}", "login+totp") for name in ("administrator", "engineer", "reviewer"))
PUBLISHER, AUDITOR, MEMBER = (Actor("user", f"act_{name}", "login+totp") for name in ("publisher", "auditor", "member"))
NEVER = "2099-01-01T00:00:00.000000Z"


@dataclass
class Story:
    """A log with the bundles whose submission it records."""

    ledger: Ledger = field(default_factory=Ledger)
    bundles: dict[str, bundles.Bundle] = field(default_factory=dict)
    how: Methodology = field(default_factory=builders.methodology)
    key: SigningKey = builders.KEY
    node: str = "node_00112233445566778899"

    def begin(self, two_person_rule: str = "off") -> None:
        """Open the log, publish the methodology, enrol the node with its key."""
        self.ledger.open(two_person_rule)
        digest = self.ledger.keep(self.how.canonical())
        self.ledger.act(Action.METHODOLOGY_PUBLISH, ("methodology", digest), payload=digest)
        self.ledger.act(Action.NODE_ENROL, ("node", self.node), who=ADMINISTRATOR)
        self.register(self.key)

    def register(self, key: SigningKey) -> int:
        """Register a key of the node."""
        claim = {"purpose": "node-enrolment", "challenge": "tok_1", "subject": "node-a"}
        proof = prove_possession(key, **claim)
        said = {**claim, "public_key": key.public.hex(), "proof": proof.hex(), "node": self.node}
        return self.ledger.act(Action.KEY_REGISTER, ("key", key.key_id), who=ADMINISTRATOR, payload=self.ledger.keep(said))

    @property
    def node_actor(self) -> Actor:
        """The node as an actor."""
        return Actor("node", self.node, "token:tok_2")

    def declare(self, nonce: str, who: Actor | None = None) -> int:
        """Declare a run of the node."""
        said = {"v": 1, "nonce": nonce, "node": self.node, "methodology": self.how.sha256, "expires_at": NEVER}
        return self.ledger.act(Action.RUN_DECLARE, ("declaration", nonce), who=who or self.node_actor, payload=self.ledger.keep(said))

    def submit(self, seed: int = 1, *, nonce: str | None = None, who: Actor | None = None, key: SigningKey | None = None) -> str:
        """Submit a bundle, declared where a nonce is given, and check it again; the run's digest."""
        changes = {} if nonce is None else {"nonce": nonce}
        table = builders.samples(trials=3, scale_ppm=12_500_000, requests=72, seed=seed)
        return self.accept(builders.sealed(builders.members(table, self.how, **changes), key=key or self.key), who)

    def accept(self, sealed: bytes, who: Actor | None = None) -> str:
        """Take a sealed bundle in, whatever it states; the run's digest."""
        opened = bundles.read(io.BytesIO(sealed))
        self.bundles[opened.digest] = opened
        submitter = who or self.node_actor
        self.ledger.act(
            Action.RUN_SUBMIT, ("run", opened.digest), who=submitter, payload=sha256(opened.envelope_bytes), private={"address": "192.0.2.7"}
        )
        self.ledger.act(Action.RUN_CHECK, ("run", opened.digest), basis={"checker": "a@1", "codes": []})
        return opened.digest

    def review(self, run: str, by: Actor = REVIEWER, name: str = "rev_1") -> None:
        """Open, report and close a review of a run."""
        said = {"v": 1, "review": name, "run": run, "kind": "intake", "checklist": {"id": "intake", "version": 1}}
        opened = self.ledger.keep({**said, "conflicts": "none"})
        self.ledger.act(Action.REVIEW_OPEN, ("run", run), who=by, payload=opened)
        report = self.ledger.keep({**said, "conflicts": "none", "answers": [], "outcome": "accepted", "summary": "everything follows from the rows"})
        self.ledger.act(Action.REVIEW_REPORT, ("review", name), who=by, payload=report)
        closed = self.ledger.keep({"v": 1, "review": name, "run": run, "outcome": "accepted", "report": report})
        self.ledger.act(Action.REVIEW_CLOSE, ("run", run), who=by, payload=closed)

    def publish(self, run: str, by: Actor = PUBLISHER) -> int:
        """Publish a run."""
        return self.ledger.act(Action.RUN_PUBLISH, ("run", run), who=by)

    def notice(self, run: str) -> int:
        """Post a notice on a run."""
        said = {"v": 1, "notice": "not_1", "run": run, "text": "the fan was replaced", "effective": NEVER, "expires": None, "source": "notice"}
        return self.ledger.act(Action.NOTICE_POST, ("run", run), who=PUBLISHER, payload=self.ledger.keep(said))

    def propose(self, action: Action, thing: Name, terms: object, by: Actor = AUDITOR, expires: str = NEVER) -> int:
        """Propose an act of two people."""
        said = {"v": 1, "action": str(action), "object": {"type": thing[0], "id": thing[1]}, "terms": self.ledger.keep(terms), "expires": expires}
        name = f"prop_{len(self.ledger.leaves):020x}"
        return self.ledger.act(Action.ACT_PROPOSE, ("proposal", name), who=by, payload=self.ledger.keep(said))

    def agreed(self, action: Action, thing: Name, terms: object, by: Actor = PUBLISHER) -> int:
        """Propose an act and do it as somebody else."""
        proposal = self.propose(action, thing, terms)
        return self.ledger.act(action, thing, who=by, payload=self.ledger.keep(terms), proposal=proposal)

    def withdraw(self, run: str) -> int:
        """Withdraw a published run, which takes two."""
        terms = {"v": 1, "run": run, "reason_code": "routine", "reason": "a test wants it so", "replacement": None}
        return self.agreed(Action.RUN_WITHDRAW, ("run", run), terms)

    def rule(self, number: int, runs: list[str]) -> int:
        """Issue a ruling on runs."""
        terms = {"v": 1, "number": number, "kind": "runs", "rule": "clause 4", "outcome": "noted", "runs": sorted(runs), "text": "noted, not deleted"}
        return self.agreed(Action.RULING_ISSUE, ("ruling", "register"), terms)

    def decide(self, runs: list[str], by: Actor = MEMBER, **changes: Any) -> tuple[Name, Name]:
        """Publish a requirement and sign a decision on these runs; the two objects."""
        requirement: dict[str, Any] = {"schema_id": "requirement/v1", "title": "200 requests a second", "methodologies": [self.how.sha256]}
        wanted = self.ledger.keep(requirement)
        self.ledger.act(Action.REQUIREMENT_PUBLISH, ("requirement", wanted), who=MEMBER, payload=wanted)
        said: dict[str, Any] = {"schema_id": "decision/v1", "requirement_sha256": wanted, "members": [MEMBER.id]}
        said |= {"candidates": [{"name": "one", "runs": sorted(runs)}]}
        decision = self.ledger.keep({**said, "rationale": "it meets what was asked", **changes})
        self.ledger.act(Action.DECISION_SIGN, ("decision", decision), who=by, payload=decision)
        return ("requirement", wanted), ("decision", decision)


def nonce_of(number: int) -> str:
    """A nonce."""
    return sha256(encode(number))
