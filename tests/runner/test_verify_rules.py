"""What the log says must hold together: histories are whole, keys counted, runs were declared, two people acted, nobody judged an own run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from runner.contract import pack
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey
from tests.packs.assembling import Assembled, Shown, assembled, contents, export, sealed
from tests.packs.judging import at, begun, faults, judged, published, shown
from tests.packs.ledger import Name
from tests.packs.story import ADMINISTRATOR, ENGINEER, Story, nonce_of

# -- Histories ---------------------------------------------------------------------------------------------------------------------------------


def without(story: Story, seq: int, heads: dict[Name, tuple[int, int | None]] | None = None) -> Assembled:
    """A pack made by an operator who leaves one event out, with the real key, and says `heads` of it."""
    what = shown(story)
    what.heads = heads or {}
    files = contents(story, what)
    del files[at(seq)]
    return export(story, files)


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
    assert faults(sealed(story.ledger, files, len(story.ledger.leaves) - 1))[7].endswith("is pack.export of a run")


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
    assert "nothing before position 4" in judged(story)[10]


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
    assert "rests on declaration" in judged(undeclared)[10]
    assert "rests on declaration" in judged(late)[10]
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
