"""What the log says must hold together: histories are whole, keys counted, runs were declared, two people acted, nobody judged an own run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason
from runner.contract import pack
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey
from tests import builders
from tests.packs.assembling import Assembled, Shown, assembled, contents, export, sealed
from tests.packs.judging import faults
from tests.packs.ledger import Name
from tests.packs.shapes import HELD
from tests.packs.story import ADMINISTRATOR, ENGINEER, PUBLISHER, REVIEWER, Story, nonce_of

EARLIER = "2026-01-01T00:00:00.000000Z"


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


# -- Histories ---------------------------------------------------------------------------------------------------------------------------------


def without(story: Story, seq: int, heads: dict[Name, tuple[int, int | None]] | None = None) -> Assembled:
    """A pack made by an operator who leaves one event out, with the real key, and says `heads` of it."""
    what = shown(story)
    what.heads = heads or {}
    files = contents(story, what)
    del files[at(seq)]
    return export(story, files)


def published() -> tuple[Story, str, int]:
    """A reviewed and published run, and the position of the publication, its newest event."""
    story = begun()
    run = story.submit()
    story.review(run)
    return story, run, story.publish(run)


def test_a_pack_without_the_newest_event_of_a_run_is_refused_by_name() -> None:
    story, _, newest = published()
    (run,) = story.bundles
    told = f"{at(newest)} is the newest of run {run} by heads.json, revision 5; the pack ends at revision 4"
    assert faults(without(story, newest)) == {9: told}


def test_a_pack_without_an_event_in_between_is_refused_at_the_one_after() -> None:
    story, _, newest = published()
    assert faults(without(story, newest - 3))[9].startswith(f"{at(newest - 1)} does not follow on revision 2 of run")


@pytest.mark.parametrize("head", [(4, 8), (5, 8), (4, 9), (6, 9), (0, None)])
def test_a_false_head_is_refused(head: tuple[int, int | None]) -> None:
    story, run, newest = published()
    assert (story.ledger.heads["run", run], newest) == ((5, 9), 9)
    what = shown(story)
    what.heads = {("run", run): head}
    assert 9 in faults(assembled(story, what))


def test_an_operator_who_hides_an_event_and_lies_in_the_head_leaves_a_signed_lie() -> None:
    story, run, newest = published()
    lied = without(story, newest, {("run", run): (4, newest - 1)})
    assert faults(lied) == {}
    bound = json.loads(lied.files[at(lied.export)])["payload"]
    whole = [named for named in lied.files if not named.startswith(pack.AFTER_EXPORT) and named != at(lied.export)]
    assert sha256(pack.content_list({name: lied.files[name] for name in whole})) == bound


def test_an_object_that_heads_leave_out_is_refused() -> None:
    story, run, _ = published()
    files = contents(story, shown(story))
    heads = {name: head for name, head in story.ledger.heads.items() if name[0] in ("log", "methodology", "node", "key", "review")}
    files[pack.HEADS] = pack.heads(heads)
    assert f"('run', '{run}')" in faults(export(story, files))[9]


def ruled() -> Story:
    """A run with two rulings on it."""
    story = begun()
    run = story.submit()
    story.rule(1, [run])
    story.rule(2, [run])
    return story


@pytest.mark.parametrize("number", [1, 2])
def test_a_pack_without_one_ruling_is_refused(number: int) -> None:
    story = ruled()
    positions = [seq for seq, leaf in enumerate(story.ledger.leaves) if json.loads(leaf)["action"] == "ruling.issue"]
    assert "ruling register" in faults(without(story, positions[number - 1]))[9]


def test_a_pack_without_the_register_of_rulings_is_refused() -> None:
    story = begun()
    story.submit()
    files = contents(story, shown(story))
    rows = json.loads(files[pack.HEADS])["heads"]
    files[pack.HEADS] = encode({"v": 1, "heads": [row for row in rows if row["type"] != "ruling"]})
    assert "register" in faults(export(story, files))[9]


def test_a_review_whose_report_is_hidden_is_refused() -> None:
    story, _, _ = published()
    what = shown(story)
    what.objects = [name for name in what.objects if name[0] != "review"]
    assert "rev_1" in faults(assembled(story, what))[9]


def test_an_object_listed_twice_is_refused() -> None:
    story, _, _ = published()
    files = contents(story, shown(story))
    rows = json.loads(files[pack.HEADS])["heads"]
    files[pack.HEADS] = encode({"v": 1, "heads": [*rows, rows[0]]})
    assert "twice" in faults(export(story, files))[9]


def test_an_export_on_another_object_excuses_nothing() -> None:
    story, run, _ = published()
    files = contents(story, shown(story))
    story.ledger.act(Action.PACK_EXPORT, ("run", run), payload=sha256(pack.content_list(files)))
    assert set(faults(sealed(story.ledger, files, len(story.ledger.leaves) - 1))) == {9, 12}


# -- Events ------------------------------------------------------------------------------------------------------------------------------------


def altered(story: Story, change: Callable[[dict[str, Any]], object]) -> Assembled:
    """A pack with one more event of the log object, as `change` makes it; the log itself is sound."""
    leaf = json.loads(story.ledger.leaves[0])
    seq = len(story.ledger.leaves)
    leaf |= {"seq": seq, "action": "checkpoint.note", "prev": 0, "request_id": "odd"}
    leaf["object"]["rev"] = 2
    changed = change(leaf)
    story.ledger.append(changed if isinstance(changed, bytes) else encode(leaf))
    story.ledger.heads["log", story.ledger.origin] = (2, seq)
    files = contents(story, shown(story))
    return export(story, files)


def test_the_event_that_the_next_tests_change_is_accepted_as_it_is() -> None:
    assert faults(altered(begun(), lambda leaf: None)) == {}


def test_an_unknown_action_is_refused_with_the_advice_to_take_a_newer_verifier() -> None:
    told = faults(altered(begun(), lambda leaf: leaf.update(action="log.bless")))[7]
    assert told.startswith(at(4)) and "log.bless" in told and "newer" in told


@pytest.mark.parametrize(
    "change",
    [
        lambda leaf: leaf.update(v=2),
        lambda leaf: leaf.update(seq=3),
        lambda leaf: leaf.pop("anchor"),
        lambda leaf: leaf.update(more=1),
        lambda leaf: encode(leaf) + b"\n",
        lambda leaf: json.dumps(leaf).encode(),
        lambda leaf: encode(leaf).replace(b'"v":1}', b'"v":1,"v":1}'),
    ],
)
def test_an_event_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    assert faults(altered(begun(), change))[7].startswith(at(4))


# -- Keys and declarations -----------------------------------------------------------------------------------------------------------------------


def test_a_run_signed_with_a_key_that_was_registered_later_is_refused() -> None:
    story, late = begun(), SigningKey(b"\x09" * 32)
    run = story.submit(key=late)
    story.register(late)
    told = judged(story)
    assert set(told) == {10} and told[10].startswith(f"bundles/{sha256(story.bundles[run].envelope_bytes)}") and late.key_id in told[10]


def test_a_run_signed_with_a_key_that_nobody_registered_is_refused() -> None:
    story = begun()
    story.submit(key=SigningKey(b"\x09" * 32))
    assert "not registered" in judged(story)[10]


def test_a_run_submitted_after_its_key_was_revoked_is_refused_and_one_before_is_not() -> None:
    story = begun()
    story.submit(1)
    revoked = story.ledger.act(Action.KEY_REVOKE, ("key", story.key.key_id), who=ADMINISTRATOR)
    assert judged(story) == {}
    story.submit(2)
    assert judged(story)[10].startswith(f"{at(revoked)} revokes the key")


def test_a_revocation_that_reaches_back_takes_the_runs_behind_it_with_it() -> None:
    for last_good, refused in ((4, False), (3, True)):
        story = begun()
        story.submit()
        story.agreed(Action.KEY_REVOKE, ("key", story.key.key_id), {"v": 1, "key": story.key.key_id, "last_good_seq": last_good})
        assert (10 in judged(story)) == refused


def test_a_rotated_key_counts_on_until_it_is_revoked() -> None:
    story = begun()
    story.register(SigningKey(b"\x09" * 32))
    rotation = story.ledger.keep({"v": 1, "old": story.key.key_id, "new": SigningKey(b"\x09" * 32).key_id, "node": story.node, "approval": "00"})
    story.ledger.act(Action.KEY_ROTATE, ("key", story.key.key_id), who=ADMINISTRATOR, payload=rotation)
    story.submit()
    assert judged(story) == {}


def test_a_nonce_must_have_been_declared_before_by_the_same_node() -> None:
    undeclared, late, foreign = begun(), begun(), begun()
    undeclared.submit(nonce=nonce_of(1))
    late.submit(nonce=nonce_of(1))
    late.declare(nonce_of(1))
    foreign.declare(nonce_of(1), Actor("node", "node_of_somebody_else", "token:tok_9"))
    foreign.submit(nonce=nonce_of(1))
    assert "no declaration made before" in judged(undeclared)[10]
    assert "no declaration made before" in judged(late)[10]
    assert "another node" in judged(foreign)[10]


def test_a_person_may_declare_for_a_node() -> None:
    story = begun()
    story.declare(nonce_of(1), ENGINEER)
    story.submit(nonce=nonce_of(1))
    assert judged(story) == {}


def test_one_declaration_is_answered_by_one_run() -> None:
    story = begun()
    story.declare(nonce_of(1))
    story.submit(1, nonce=nonce_of(1))
    story.submit(2, nonce=nonce_of(1))
    assert "of another run" in judged(story)[10]


def test_a_bundle_under_another_name_is_refused() -> None:
    story = begun()
    run = story.submit()
    bundle = story.bundles.pop(run)
    false = "f" * 64
    story.bundles[false] = bundle
    story.ledger.act(Action.RUN_SUBMIT, ("run", false), who=story.node_actor, payload=sha256(bundle.envelope_bytes))
    what = shown(story)
    what.objects = [name for name in what.objects if name != ("run", run)]
    assert f"does not hold run {false}" in faults(assembled(story, what))[10]


def test_another_signature_on_a_bundle_is_refused() -> None:
    story = begun()
    run = story.submit()
    bundle = story.bundles[run]
    envelope = json.loads(bundle.envelope_bytes)
    envelope["signatures"][0]["sig"] = json.loads(builders_envelope(SigningKey(b"\x09" * 32)))["signatures"][0]["sig"]
    other = encode(envelope)
    story.ledger.act(Action.RUN_SUBMIT, ("run", "0" * 64), who=story.node_actor, payload=sha256(other))
    files = contents(story, Shown([name for name in shown(story).objects if name != ("run", "0" * 64)]))
    position = len(story.ledger.leaves) - 1
    files |= {at(position): story.ledger.leaves[position], pack.bundle_name(sha256(other)): other}
    files[pack.HEADS] = pack.heads({name: head for name, head in story.ledger.heads.items() if name[0] != "pack"})
    assert 10 in faults(export(story, files))


def builders_envelope(key: SigningKey) -> bytes:
    """The envelope of some bundle signed by `key`."""
    story = begun()
    return story.bundles[story.submit(key=key)].envelope_bytes


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

WITHDRAWAL = {"v": 1, "reason_code": "measurement_error", "reason": "the clock was wrong", "replacement": None}
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
    for named in (0, 7):
        story, action, thing, terms = governed("withdrawal")
        done = story.ledger.act(action, thing, who=PUBLISHER, payload=story.ledger.keep(terms), proposal=named)
        assert story.propose(action, thing, terms) == 8 and done == 7
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
