"""What acts must show: bytes are here or explained, openings fit, two people acted, reasons are given, nobody judged an own run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason
from runner.contract import pack
from runner.contract.canonical import encode, sha256
from tests import builders
from tests.packs.assembling import Assembled, assembled, contents, export
from tests.packs.judging import at, begun, faults, judged, published, shown
from tests.packs.ledger import Name
from tests.packs.shapes import HELD
from tests.packs.story import ADMINISTRATOR, ENGINEER, PUBLISHER, REVIEWER, Story

EARLIER = "2026-01-01T00:00:00.000000Z"


# -- Contents ------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["samples.parquet", "run.json", "executor.before.json"])
def test_a_member_that_is_not_here_and_not_explained_is_refused(name: str) -> None:
    story = begun()
    digest = sha256(story.bundles[story.submit()].members[name])
    files = contents(story, shown(story))
    files = {one: content for one, content in files.items() if digest not in one}
    told = faults(export(story, files))
    assert set(told) == {11} and digest in told[11] and told[11].startswith("bundles/")


def test_a_member_explained_as_left_out_or_redacted_is_accepted() -> None:
    story = begun()
    digest = sha256(story.bundles[story.submit()].members["samples.parquet"])
    what = shown(story)
    what.left_out = {digest: ("samples.parquet", "left out to keep this pack small")}
    assert faults(assembled(story, what)) == {}
    story.agreed(Action.PAYLOAD_REDACT, ("payload", digest), {"v": 1, "payload": digest})
    files = {one: content for one, content in contents(story, shown(story)).items() if digest not in one}
    assert faults(export(story, files)) == {}


def test_a_document_that_an_act_attached_and_nobody_explains_is_refused() -> None:
    story = begun()
    run = story.submit()
    posted = story.notice(run)
    files = contents(story, shown(story))
    del files[pack.document_name(json.loads(story.ledger.leaves[posted])["payload"])]
    assert faults(export(story, files))[11].startswith(at(posted))


@pytest.mark.parametrize("change", [lambda o: o.update(value="192.0.2.8"), lambda o: o.update(salt="A" * 43 + "="), lambda o: o.update(salt="AAAA")])
def test_an_opening_that_does_not_fit_its_commitment_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    story = begun()
    story.submit()
    seq = next(iter(story.ledger.openings))
    what = shown(story)
    what.opened = {seq: ("address",)}
    files = contents(story, what)
    assert faults(export(story, files)) == {}
    opened = json.loads(files[pack.opening_name(seq)])
    change(opened["address"])
    assert faults(export(story, files | {pack.opening_name(seq): encode(opened)}))[11].startswith(pack.opening_name(seq))


# -- Acts ----------------------------------------------------------------------------------------------------------------------------------------

WITHDRAWAL = {"v": 1, "reason_code": "routine", "reason": "a test wants it so", "replacement": None}
TWO_PERSON_ACTS: dict[str, tuple[Action, Name, dict[str, Any]]] = {
    "ruling": (Action.RULING_ISSUE, ("ruling", "register"), {"v": 1, "number": 1}),
    "redaction": (Action.PAYLOAD_REDACT, ("payload", "0" * 64), {"v": 1, "payload": "0" * 64}),
    "erasure": (Action.ACTOR_ERASE, ("actor", "act_gone"), {"v": 1, "actor": "act_gone"}),
    "revocation reaching back": (Action.KEY_REVOKE, ("key", builders.KEY.key_id), {"v": 1, "key": builders.KEY.key_id, "last_good_seq": 4}),
    "grant": (Action.ROLE_GRANT, ("role", "act_a:org_a:reviewer"), {"v": 1, "actor": "act_a", "organisation": "org_a", "role": "reviewer"}),
    "withdrawal": (Action.RUN_WITHDRAW, ("run", ""), WITHDRAWAL),
    "supersession": (Action.RUN_SUPERSEDE, ("run", ""), {"v": 1, "successor": "0" * 64}),
}


def governed(kind: str, two_person_rule: str = "on") -> tuple[Story, Action, Name, dict[str, Any]]:
    """A site with one published run, and the act of two people to be done there."""
    story = begun(two_person_rule)
    run = story.submit()
    story.review(run)
    story.publish(run)
    action, thing, terms = TWO_PERSON_ACTS[kind]
    return story, action, (thing[0], thing[1] or run), terms


@pytest.mark.parametrize("kind", TWO_PERSON_ACTS)
def test_an_act_of_two_people_done_by_two_is_accepted(kind: str) -> None:
    story, action, thing, terms = governed(kind)
    story.agreed(action, thing, terms)
    assert judged(story) == {}


@pytest.mark.parametrize("kind", TWO_PERSON_ACTS)
def test_an_act_of_two_people_without_a_proposal_is_refused_where_the_rule_is_on(kind: str) -> None:
    for rule in ("on", "off"):
        story, action, thing, terms = governed(kind, rule)
        done = story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms))
        assert judged(story) == ({12: f"{at(done)} takes two people, and names no proposal"} if rule == "on" else {})


@pytest.mark.parametrize("kind", TWO_PERSON_ACTS)
def test_an_act_proposed_and_done_by_the_same_person_is_refused(kind: str) -> None:
    story, action, thing, terms = governed(kind)
    proposal = story.propose(action, thing, terms, PUBLISHER)
    done = story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms), proposal=proposal)
    assert judged(story) == {12: f"{at(done)} was proposed and done by the same person"}


def test_somebody_who_acts_through_the_site_is_still_the_same_person() -> None:
    story, action, thing, terms = governed("withdrawal")
    proposal = story.propose(action, thing, terms, PUBLISHER)
    story.ledger.act(action, thing, payload=story.ledger.keep(terms), proposal=proposal, on_behalf_of=PUBLISHER.id)
    assert "same person" in judged(story)[12]


@pytest.mark.parametrize(
    ("proposed", "said"),
    [
        ({"terms": {"v": 1, "reason": "another"}}, "is not what was proposed"),
        ({"thing": ("run", "0" * 64)}, "is not what was proposed"),
        ({"action": Action.RUN_SUPERSEDE}, "is not what was proposed"),
        ({"expires": EARLIER}, "expired"),
    ],
)
def test_an_altered_or_expired_proposal_is_refused(proposed: dict[str, Any], said: str) -> None:
    story, action, thing, terms = governed("withdrawal")
    proposal = story.propose(**({"action": action, "thing": thing, "terms": terms} | proposed))
    story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms), proposal=proposal)
    assert said in judged(story)[12]


def test_a_proposal_that_is_later_or_no_proposal_is_refused() -> None:
    for named in (0, 11):
        story, action, thing, terms = governed("withdrawal")
        done = story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms), proposal=named)
        assert story.propose(action, thing, terms) == 11 and done == 10
        assert "no earlier proposal" in judged(story)[12]


def test_a_proposal_is_used_once() -> None:
    story, action, thing, terms = governed("withdrawal")
    proposal = story.propose(action, thing, terms)
    for _ in range(2):
        story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms), proposal=proposal)
    assert "had been used" in judged(story)[12]


def test_withdrawing_an_unpublished_run_takes_one() -> None:
    story = begun("on")
    run = story.submit()
    story.ledger.act(Action.RUN_WITHDRAW, ("run", run), who=ENGINEER, payload=story.ledger.keep(WITHDRAWAL))
    assert judged(story) == {}


def test_a_note_in_the_log_switches_the_rule_from_there_on() -> None:
    story, action, thing, terms = governed("withdrawal", "off")
    settings = json.loads(story.ledger.documents[json.loads(story.ledger.leaves[0])["payload"]])
    note = story.ledger.keep(settings | {"two_person_rule": "on"})
    story.ledger.act(Action.CHECKPOINT_NOTE, ("log", story.ledger.origin), who=ADMINISTRATOR, payload=note)
    story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms))
    assert "takes two people" in judged(story)[12]


def test_a_person_who_acts_without_a_reason_is_refused() -> None:
    story = begun()
    run = story.submit()
    leaf = json.loads(story.ledger.leaves[story.publish(run)])
    leaf |= {"seq": leaf["seq"] + 1, "prev": leaf["seq"], "reason": None, "request_id": "odd"}
    leaf["object"]["rev"] += 1
    for reason in (None, "short"):
        again = begun()
        again.publish(again.submit())
        again.ledger.append(encode(leaf | {"reason": reason}))
        again.ledger.heads["run", run] = (leaf["object"]["rev"], leaf["seq"])
        assert faults(assembled(again, shown(again)))[12].startswith(at(leaf["seq"]))


@pytest.mark.parametrize("who", [ENGINEER, ADMINISTRATOR])
def test_somebody_who_brought_a_run_may_not_judge_it(who: Actor) -> None:
    story = begun()  # the administrator enrolled the node
    story.review(story.submit(who=who if who is ENGINEER else None), by=who)
    assert "brought the run" in judged(story)[12]


def test_somebody_may_judge_the_run_of_another() -> None:
    story = begun()
    story.submit(1, who=REVIEWER)
    story.review(story.submit(2), by=REVIEWER)
    assert judged(story) == {}


def test_an_event_after_the_export_is_refused() -> None:
    story, _, _ = published()
    made = assembled(story, shown(story), HELD)
    story.ledger.act(Action.NODE_RETIRE, ("node", story.node), who=ADMINISTRATOR, reason=Reason(text="it was sold to somebody"))
    last = len(story.ledger.leaves) - 1
    size = len(story.ledger.leaves)
    files = {name: content for name, content in made.files.items() if not name.startswith(("proofs/", "consistency/"))}
    files[at(last)] = story.ledger.leaves[last]
    files |= {pack.proof_name(int(name[7:19])): story.ledger.proof(int(name[7:19]), size) for name in files if name.startswith("events/")}
    later = Assembled(files, story.ledger.checkpoint(), story.ledger, made.export)
    assert "no pack.export" in faults(later)[12]


def test_a_proof_of_another_event_or_checkpoint_is_refused() -> None:
    story, _, newest = published()
    made = assembled(story, shown(story))
    made.files[pack.proof_name(2)] = made.files[pack.proof_name(3)]
    assert faults(made)[7].startswith(pack.proof_name(2))
    made = assembled(story, shown(story))
    made.files[pack.proof_name(2)] = story.ledger.proof(2, newest)
    assert "checkpoint" in faults(made)[7]


def test_an_event_that_the_log_does_not_hold_is_refused_at_its_proof() -> None:
    story, run, _ = published()
    made = assembled(story, shown(story))
    leaf = json.loads(made.files[at(0)])
    made.files[at(0)] = encode(leaf | {"reason": "another reason than the one in the log"})
    assert faults(made)[8].startswith(pack.proof_name(0))
