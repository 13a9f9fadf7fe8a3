"""What the verifier says of a pack, in the words that tests ask with."""

from __future__ import annotations

from collections.abc import Iterable

from runner import verify
from runner.contract import pack
from tests.packs.assembling import Assembled, Shown, assembled
from tests.packs.ledger import Name
from tests.packs.story import Story


def failures(content: bytes, policy: bytes | None, remembered: Iterable[bytes] = ()) -> dict[int, str]:
    """What failed: for each failed check what it says; empty for an accepted pack."""
    report = verify.verify(content, policy, list(remembered))
    failed = {one["number"]: one["said"] for one in report["checks"] if one["outcome"] == "FAIL"}
    assert bool(failed) != report["accepted"]
    return failed


def faults(made: Assembled, remembered: Iterable[bytes] = ()) -> dict[int, str]:
    """What failed in a pack whose reader knows its log."""
    return failures(made.content, made.ledger.policy, remembered)


def begun(two_person_rule: str = "off") -> Story:
    """A site with a methodology, a node and a key."""
    story = Story()
    story.begin(two_person_rule)
    return story


def shown(story: Story, *more: Name) -> Shown:
    """Everything of every object in the log but exports and proposals, which come along by themselves."""
    kinds = ("run", "declaration", "methodology", "node", "key", "review", "payload", "role", "actor")
    return Shown([*(name for name in story.ledger.heads if name[0] in kinds), *more])


def judged(story: Story) -> dict[int, str]:
    """What fails in a pack of the whole story."""
    return faults(assembled(story, shown(story)))


def at(seq: int) -> str:
    """The file of an event."""
    return pack.event_name(seq)


def published() -> tuple[Story, str, int]:
    """A reviewed and published run, and the position of the publication, its newest event."""
    story = begun()
    run = story.submit()
    story.review(run)
    return story, run, story.publish(run)
