"""What an operator who owns the log and its key could try: every event true to the log, every digest right, and yet a misleading pack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor
from runner import verify
from runner.contract import pack
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey, prove_possession
from tests import builders
from tests.packs.assembling import Shown, assembled, contents, export
from tests.packs.judging import at, begun, failures, faults, judged, published, shown
from tests.packs.ledger import Name
from tests.packs.story import ADMINISTRATOR, AUDITOR, ENGINEER, MEMBER, NEVER, REVIEWER, Story, nonce_of

# -- The frame -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"v": 2}, {"note": "this log was audited"}])
def test_a_manifest_that_says_more_than_its_files_is_refused(change: dict[str, Any]) -> None:
    story, _, _ = published()
    made = assembled(story, shown(story))
    whole = {**made.files, pack.CHECKPOINT: made.checkpoint}
    altered = encode(json.loads(pack.manifest(whole)) | change)
    assert set(failures(pack.archive({**whole, pack.MANIFEST: altered}), made.ledger.policy)) == {2}


def test_what_omissions_leave_out_is_not_here_and_is_told_once() -> None:
    story = begun()
    digest = sha256(story.bundles[story.submit()].members["run.json"])
    row = {"sha256": digest, "what": "run.json", "reason": "left out"}
    for rows in ([row], [row | {"sha256": "f" * 64}] * 2):
        files = contents(story, shown(story)) | {pack.OMITTED: encode({"v": 1, "omitted": rows})}
        assert set(faults(export(story, files))) == {11}


def test_a_file_that_nothing_rests_on_is_refused() -> None:
    story = begun()
    story.submit()
    for name in ("documents/{}.json", "payload/{}", "bundles/{}.dsse.json"):
        better = encode({"latency_p99_ns": 1})
        made = export(story, contents(story, shown(story)) | {name.format(sha256(better)): better})
        assert faults(made) == {11: f"{name.format(sha256(better))} is here, and nothing in this pack rests on it"}


def test_an_outsiders_pack_is_not_looked_into_any_further() -> None:
    story, _, _ = published()
    stranger = SigningKey(b"\x0a" * 32)
    policy = verify_policy(story, stranger)
    told = failures(assembled(story, shown(story)).content, policy)
    assert set(told) == {3, *range(6, 13)} and all("check 3" in told[number] for number in range(6, 13))


def verify_policy(story: Story, key: SigningKey) -> bytes:
    """The policy of a reader who trusts another key for this log."""
    key_before, story.ledger.key = story.ledger.key, key
    policy = story.ledger.policy
    story.ledger.key = key_before
    return policy


def test_every_remembered_checkpoint_that_the_pack_speaks_of_must_lead_to_it() -> None:
    other = begun()
    other.ledger.act(Action.DOCUMENT_PUBLISH, ("document", "0" * 64), payload=other.ledger.keep({"text": "another history"}))
    story, _, _ = published()
    newest = story.ledger.checkpoint()
    size = len(story.ledger.leaves)
    made = assembled(story, shown(story), held=[5, size])
    assert faults(made, [newest]) == {}
    assert "history was rewritten" in faults(made, [other.ledger.checkpoint(), newest])[6]


# -- Events --------------------------------------------------------------------------------------------------------------------------------------


def with_leaf(change: Callable[[dict[str, Any]], object], *, after: Callable[[Story], object] = lambda story: None) -> dict[int, str]:
    """What fails where one more event, a note of the log as `change` makes it, stands in a sound log."""
    story = begun()
    after(story)
    leaf, seq = json.loads(story.ledger.leaves[0]), len(story.ledger.leaves)
    leaf |= {"seq": seq, "action": "checkpoint.note", "prev": 0, "request_id": "odd"}
    leaf["object"]["rev"] = 2
    change(leaf)
    story.ledger.append(encode(leaf))
    thing = (leaf["object"]["type"], leaf["object"]["id"])
    story.ledger.heads[thing] = (leaf["object"]["rev"], seq)
    return faults(assembled(story, shown(story, thing)))


@pytest.mark.parametrize(
    "change",
    [
        {"v": True},
        {"time": "yesterday"},
        {"time": 5},
        {"reason": ["a", "b"] * 10},
        {"reason_code": "because"},
        {"payload": "F" * 64},
        {"anchor": "none"},
        {"commit": []},
        {"basis": "sound"},
        {"proposal": True},
        {"request_id": None},
        {"on_behalf_of": {"id": "act_a"}},
        {"actor": {"auth": "process", "id": "act_system", "kind": "robot", "role": None}},
        {"actor": {"auth": "process", "id": "act_system", "kind": "system", "role": None, "name": "the director"}},
    ],
)
def test_a_field_of_another_form_is_refused(change: dict[str, Any]) -> None:
    assert with_leaf(lambda leaf: leaf.update(change))[7].startswith(at(4))


def test_an_act_on_a_thing_that_it_does_not_concern_is_refused() -> None:
    def publishing(leaf: dict[str, Any]) -> None:
        leaf.update(action="run.publish", prev=None, payload=None)
        leaf["object"] = {"id": "node_1", "rev": 1, "type": "node"}

    told = with_leaf(publishing)
    assert told[7] == f"{at(4)} is run.publish of a node"


def test_a_log_is_opened_once_and_at_its_first_position() -> None:
    assert "log.open" in with_leaf(lambda leaf: leaf.update(action="log.open"))[9]
    late = Story()
    late.ledger.act(Action.METHODOLOGY_PUBLISH, ("methodology", "0" * 64), payload=late.ledger.keep(settings_of(begun())))
    late.begin()
    assert 3 in faults(assembled(late, shown(late)))


def settings_of(story: Story) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(story.ledger.documents[json.loads(story.ledger.leaves[0])["payload"]])
    return settings


def test_settings_of_another_log_switch_nothing() -> None:
    story = begun("on")
    note = story.ledger.keep(settings_of(story) | {"two_person_rule": "off"})
    story.ledger.act(Action.CHECKPOINT_NOTE, ("log", "another"), payload=note)
    assert "log.open" in faults(assembled(story, shown(story, ("log", "another"))))[9]


# -- Runs ----------------------------------------------------------------------------------------------------------------------------------------


def test_a_run_that_nobody_submitted_is_refused() -> None:
    story = begun()
    what = shown(story)
    seq = story.ledger.act(Action.RUN_CHECK, ("run", "f" * 64))
    what.heads = {("run", "f" * 64): (1, seq)}
    files = contents(story, what) | {at(seq): story.ledger.leaves[seq]}
    assert "run.submit alone begins" in faults(export(story, files))[9]


def test_a_run_that_was_submitted_twice_is_refused() -> None:
    story = begun()
    run = story.submit()
    story.ledger.act(Action.RUN_SUBMIT, ("run", run), who=story.node_actor, payload=sha256(story.bundles[run].envelope_bytes))
    assert "run.submit" in judged(story)[9]


def hiding(story: Story, digest: str, reason: str = "redacted by event 7: a name stood in it") -> dict[int, str]:
    """What fails where the bytes of this digest are not in the pack and omitted.json alone says why."""
    what = shown(story)
    what.left_out = {digest: ("a file", reason)}
    return faults(assembled(story, what))


def test_a_bundle_is_not_explained_away() -> None:
    story = begun()
    run = story.submit(key=SigningKey(b"\x09" * 32))
    assert {10, 11} == set(hiding(story, sha256(story.bundles[run].envelope_bytes)))


def test_what_an_act_attached_is_not_explained_away() -> None:
    story = begun()
    story.review(story.submit(), by=ADMINISTRATOR)  # who enrolled the node
    reports = [json.loads(leaf)["payload"] for leaf in story.ledger.leaves if json.loads(leaf)["action"] == "review.report"]
    assert 11 in hiding(story, reports[0])


def test_what_two_people_redacted_is_named_as_redacted_and_what_was_left_out_as_left_out() -> None:
    story = begun()
    run = story.submit()
    samples, document = (sha256(story.bundles[run].members[name]) for name in ("samples.parquet", "run.json"))
    done = story.agreed(Action.PAYLOAD_REDACT, ("payload", samples), {"v": 1, "payload": samples})
    what = shown(story)
    what.left_out = dict.fromkeys((samples, document), ("a file", "redacted by event 1: it is private"))
    report = verify.verify(assembled(story, what).content, story.ledger.policy)
    assert report["absent"][samples].startswith(f"redacted by event {done}")
    assert report["absent"][document].startswith("left out by whoever made this pack")


def test_the_node_of_a_run_is_part_of_its_pack() -> None:
    story = begun()
    story.review(story.submit(), by=ADMINISTRATOR)  # who enrolled the node, which this pack does not show
    what = Shown([name for name in shown(story).objects if name[0] != "node"])
    assert "node" in faults(assembled(story, what))[10]


def test_a_methodology_is_published_before_the_run_that_follows_it() -> None:
    story = begun()
    story.submit()
    what = Shown([name for name in shown(story).objects if name[0] != "methodology"])
    assert "methodology" in faults(assembled(story, what))[10]
    late = Story()
    late.ledger.open()
    late.ledger.act(Action.NODE_ENROL, ("node", late.node), who=ADMINISTRATOR)
    late.register(late.key)
    late.submit()
    late.ledger.act(Action.METHODOLOGY_PUBLISH, ("methodology", late.how.sha256), payload=late.ledger.keep(late.how.canonical()))
    assert "methodology" in judged(late)[10]


def test_a_methodology_is_the_document_that_it_is_named_by() -> None:
    story = begun()
    story.ledger.act(Action.METHODOLOGY_PUBLISH, ("methodology", "0" * 64), payload=story.ledger.keep({"v": 1}))
    assert 12 in judged(story)


def test_a_node_hands_in_what_its_own_key_signed() -> None:
    story = begun()
    story.ledger.act(Action.NODE_ENROL, ("node", "node_of_somebody_else"), who=ADMINISTRATOR)
    story.submit(who=Actor("node", "node_of_somebody_else", "token:tok_9"))
    assert "another node" in judged(story)[10]


@pytest.mark.parametrize("change", [{"proof": "00" * 64}, {"challenge": "tok_2"}, {"subject": "node-b"}])
def test_a_key_that_did_not_prove_who_holds_it_is_refused(change: dict[str, str]) -> None:
    story, key = begun(), SigningKey(b"\x09" * 32)
    claim = {"purpose": "node-enrolment", "challenge": "tok_1", "subject": "node-a"}
    said = {**claim, "public_key": key.public.hex(), "proof": prove_possession(key, **claim).hex(), "node": story.node}
    made = story.ledger.act(Action.KEY_REGISTER, ("key", key.key_id), who=ADMINISTRATOR, payload=story.ledger.keep(said))
    assert judged(story) == {}
    again = begun()
    again.ledger.act(Action.KEY_REGISTER, ("key", key.key_id), who=ADMINISTRATOR, payload=again.ledger.keep(said | change))
    assert judged(again)[10].startswith(at(made))


def test_a_revocation_cannot_name_a_last_good_position_after_itself() -> None:
    story = begun()
    story.ledger.act(
        Action.KEY_REVOKE, ("key", story.key.key_id), who=ADMINISTRATOR,
        payload=story.ledger.keep({"v": 1, "key": story.key.key_id, "last_good_seq": 10**9}),
    )  # fmt: skip
    story.submit()
    assert "revokes the key" in judged(story)[10]


def test_a_declaration_under_another_methodology_is_not_answered() -> None:
    story = begun()
    said = {"v": 1, "nonce": nonce_of(1), "node": story.node, "methodology": "0" * 64, "expires_at": NEVER}
    story.ledger.act(Action.RUN_DECLARE, ("declaration", nonce_of(1)), who=story.node_actor, payload=story.ledger.keep(said))
    story.submit(nonce=nonce_of(1))
    assert "methodology" in judged(story)[10]


def test_a_declaration_that_was_given_up_is_not_answered() -> None:
    for first, refused in (("abandon", True), ("submit", False)):
        story = begun()
        story.declare(nonce_of(1))
        for step in ("abandon", "submit") if first == "abandon" else ("submit", "abandon"):
            if step == "submit":
                story.submit(nonce=nonce_of(1))
            else:
                story.ledger.act(Action.RUN_ABANDON, ("declaration", nonce_of(1)), who=story.node_actor)
        assert (10 in judged(story)) == refused


def test_an_undeclared_run_is_refused_where_its_methodology_takes_none() -> None:
    story = Story(how=builders.methodology(undeclared_allowed=False))
    story.begin()
    story.submit()
    assert "undeclared" in judged(story)[10]
    story = Story(how=builders.methodology(undeclared_allowed=False))
    story.begin()
    story.declare(nonce_of(1))
    story.submit(nonce=nonce_of(1))
    assert judged(story) == {}


# -- Acts ----------------------------------------------------------------------------------------------------------------------------------------


def test_a_run_is_not_published_without_a_review() -> None:
    story = begun()
    done = story.publish(story.submit())
    assert judged(story) == {12: f"{at(done)} publishes a run without a review, or is by somebody who brought or reviewed it"}


@pytest.mark.parametrize("who", [REVIEWER, ENGINEER])
def test_a_publisher_neither_brought_nor_reviewed_the_run(who: Actor) -> None:
    story = begun()
    run = story.submit(who=ENGINEER)
    story.review(run)
    story.publish(run, who)
    assert "brought or reviewed" in judged(story)[12]


def reviewed(report: Mapping[str, Any], closing: Mapping[str, Any], by: Actor = REVIEWER) -> dict[int, str]:
    """What fails where a review was reported and closed with these words."""
    story = begun()
    run = story.submit()
    said = {"v": 1, "review": "rev_1", "run": run}
    story.ledger.act(Action.REVIEW_OPEN, ("run", run), who=REVIEWER, payload=story.ledger.keep(said))
    filed = story.ledger.keep({**said, "outcome": "accepted", **report})
    story.ledger.act(Action.REVIEW_REPORT, ("review", "rev_1"), who=by, payload=filed)
    closed = story.ledger.keep({**said, "outcome": "accepted", "report": filed, **closing})
    story.ledger.act(Action.REVIEW_CLOSE, ("run", run), who=REVIEWER, payload=closed)
    return judged(story)


def test_a_review_is_closed_with_the_outcome_of_its_report_and_reported_by_whoever_opened_it() -> None:
    assert reviewed({}, {}) == {}
    assert "newest report" in reviewed({"outcome": "not_accepted"}, {})[12]
    assert "newest report" in reviewed({}, {"report": "0" * 64})[12]
    assert "somebody else reported" in reviewed({}, {}, by=AUDITOR)[12]
    assert 12 in reviewed({"run": "0" * 64}, {})


def test_words_of_another_act_are_refused() -> None:
    for change in ({"run": "0" * 64}, {"reason": "it was too slow for us"}, {"reason_code": "privacy"}):
        story = begun()
        run = story.submit()
        terms = {"v": 1, "run": run, "reason_code": "routine", "reason": "a test wants it so", "replacement": None}
        story.ledger.act(Action.RUN_WITHDRAW, ("run", run), who=ENGINEER, payload=story.ledger.keep(terms))
        assert judged(story) == {}
        again = begun()
        again.submit()
        done = again.ledger.act(Action.RUN_WITHDRAW, ("run", run), who=ENGINEER, payload=again.ledger.keep(terms | change))
        assert judged(again)[12].startswith(at(done))


def test_one_person_does_not_switch_the_two_person_rule_off() -> None:
    for agreed in (False, True):
        story = begun("on")
        off, log = settings_of(story) | {"two_person_rule": "off"}, ("log", story.ledger.origin)
        if agreed:
            story.agreed(Action.CHECKPOINT_NOTE, log, off)
        else:
            story.ledger.act(Action.CHECKPOINT_NOTE, log, who=ADMINISTRATOR, payload=story.ledger.keep(off))
        assert ("takes two people" in judged(story).get(12, "")) != agreed


@pytest.mark.parametrize("setting", ["On", "ON", None, True])
def test_a_two_person_setting_is_on_or_off(setting: object) -> None:
    assert 12 in judged_setting(setting)


def judged_setting(setting: object) -> dict[int, str]:
    story = begun()
    note = story.ledger.keep(settings_of(story) | {"two_person_rule": setting})
    story.ledger.act(Action.CHECKPOINT_NOTE, ("log", story.ledger.origin), payload=note)
    return judged(story)


def test_power_is_taken_back_by_one_person() -> None:
    story = begun("on")
    terms = {"v": 1, "actor": "act_a", "organisation": "org_a", "role": "reviewer"}
    thing = ("role", "act_a:org_a:reviewer")
    story.agreed(Action.ROLE_GRANT, thing, terms)
    story.ledger.act(Action.ROLE_REVOKE, thing, who=ADMINISTRATOR, payload=story.ledger.keep(terms))
    assert judged(story) == {}


@pytest.mark.parametrize("kind", ["system", "node"])
def test_the_site_and_a_node_are_no_second_person(kind: str) -> None:
    story = begun("on")
    terms = {"v": 1, "number": 1, "kind": "runs", "rule": "clause 4", "outcome": "noted", "runs": [], "text": "noted"}
    thing: Name = ("ruling", "register")
    second = SYSTEM if kind == "system" else story.node_actor
    proposal = story.propose(Action.RULING_ISSUE, thing, terms)
    story.ledger.act(Action.RULING_ISSUE, thing, who=second, payload=story.ledger.keep(terms), proposal=proposal)
    assert "person" in judged(story)[12]


# -- Decisions -----------------------------------------------------------------------------------------------------------------------------------


def decided(change: Mapping[str, Any], hide: Name | None = None, by: Actor = MEMBER) -> dict[int, str]:
    """What fails in a pack of a decision on one run; `hide` is an object that the pack does not show."""
    story = begun()
    run = story.submit()
    requirement, decision = story.decide([run], by=by, **change)
    names = [*shown(story).objects, requirement, decision]
    return faults(assembled(story, Shown([name for name in names if hide is None or name[0] != hide[0]])))


def test_a_decision_rests_on_a_requirement_and_runs_that_its_pack_shows_and_is_signed_by_its_members() -> None:
    assert decided({}) == {}
    assert "run" in decided({}, hide=("run", ""))[10]
    assert "requirement" in decided({}, hide=("requirement", ""))[10]
    assert "member" in decided({}, by=ENGINEER)[10]
    assert "run" in decided({"candidates": [{"runs": ["f" * 64]}]})[10]
