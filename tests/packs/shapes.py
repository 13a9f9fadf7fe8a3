"""Three shapes of packs: one run; several runs under governance with the two-person rule on; a decision with what was redacted and opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lynxweb.audit.actions import Action
from runner.contract.canonical import sha256
from tests.packs.assembling import Assembled, Shown, assembled
from tests.packs.ledger import Name
from tests.packs.story import ADMINISTRATOR, ENGINEER, Story, nonce_of

HELD = (1, 3, 4)


def one_run() -> Assembled:
    """One declared run that somebody reviewed and published."""
    story, run, objects = _declared_run()
    story.review(run)
    story.publish(run)
    return assembled(story, Shown([*objects, ("review", "rev_1")]), HELD)


def governed() -> Assembled:
    """Three runs, of which one was withdrawn by two people, one came undeclared from a person; notices, rulings, a key revoked later."""
    story, first, objects = _declared_run("on")
    second, third = story.submit(2, who=ENGINEER), story.submit(3)
    for number, run in enumerate((first, second), 1):
        story.review(run, name=f"rev_{number}")
        story.publish(run)
    story.notice(second)
    story.withdraw(first)
    story.rule(1, [second])
    story.rule(2, [second, third])
    story.ledger.act(Action.KEY_REVOKE, ("key", story.key.key_id), who=ADMINISTRATOR)
    shown = [*objects, ("run", second), ("run", third), ("review", "rev_1"), ("review", "rev_2")]
    return assembled(story, Shown(shown), HELD)


def decided() -> Assembled:
    """A requirement and a decision on a run; the second run's samples are redacted, the third's left out, an address was opened."""
    story, first, objects = _declared_run("on")
    story.review(first)
    second, third = story.submit(2), story.submit(3)
    redacted, left_out = (sha256(story.bundles[run].members["samples.parquet"]) for run in (second, third))
    reason = {"v": 1, "payload": redacted, "reason_code": "routine", "reason": "a test wants it so"}
    story.agreed(Action.PAYLOAD_REDACT, ("payload", redacted), reason)
    decision = story.decide([first, second])
    shown = [*objects, ("review", "rev_1"), ("run", second), ("run", third), ("payload", redacted), *decision]
    submitted = next(seq for seq in story.ledger.openings)
    why = {redacted: ("samples.parquet", "redacted by two people"), left_out: ("samples.parquet", "left out to keep this pack small")}
    return assembled(story, Shown(shown, {submitted: ("address",)}, why), HELD)


def _declared_run(two_person_rule: str = "off") -> tuple[Story, str, list[Name]]:
    story = Story()
    story.begin(two_person_rule)
    story.declare(nonce_of(1))
    run = story.submit(nonce=nonce_of(1))
    return (
        story,
        run,
        [("run", run), ("declaration", nonce_of(1)), ("methodology", story.how.sha256), ("node", story.node), ("key", story.key.key_id)],
    )


SHAPES: Mapping[str, Callable[[], Assembled]] = {"one run": one_run, "governed": governed, "decided": decided}
