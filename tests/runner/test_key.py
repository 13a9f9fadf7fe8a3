"""A node changes and ends its own keys: nothing changes before the site has confirmed, and a cut anywhere leaves a key that signs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runner.contract import keys
from runner.contract.problems import Problems
from runner.node import NodeHome, Site
from tests.runner.site_stub import Said, StubSite, site
from tests.runner.test_cli import Done, lynxweb

ROTATED, REVOKED = Said(201, {"key_id": "k", "node": "node_1", "position": 7}), Said(201, {"position": 9})


def enrolled(home: Path, stub: StubSite) -> NodeHome:
    node = NodeHome(home)
    node.enrol(Site(stub.url, "node_1", "bench", "org_1", "lynxweb_00ff.secret"), bytes(32))
    return node


def names(home: Path) -> set[str]:
    return {path.name for path in home.glob("node.key*")}


def rotated(home: Path, stub: StubSite) -> Done:
    return lynxweb(home, "key", "rotate", "--json")


def test_a_rotation_is_signed_by_both_keys_and_the_new_one_signs_afterwards(tmp_path: Path) -> None:
    with site(ROTATED) as stub:
        node = enrolled(tmp_path, stub)
        old = node.key()
        done = rotated(tmp_path, stub)
    told, asked = json.loads(done.stdout), json.loads(stub.asked[0].body)
    public = bytes.fromhex(asked["public_key"])
    message = keys.possession_message(purpose="key-rotation", challenge=old.key_id, subject="node_1", public=public)
    assert stub.asked[0].path == f"/api/v1/keys/{old.key_id}/rotations"
    assert keys.verify(public, bytes.fromhex(asked["proof"]), message) and keys.verify(old.public, bytes.fromhex(asked["approval"]), message)
    assert (done.returncode, told["key_id"], told["old_key_id"]) == (0, node.key().key_id, old.key_id) and node.key().public == public
    assert names(tmp_path) == {"node.key.pem", f"node.key.{old.key_id[:12]}.pem"}


@pytest.mark.parametrize(("said", "code"), [(Said(422, {"code": "bad-proof", "title": "No"}), 3), (Said(404, {"code": "not-found"}), 3)])
def test_a_refused_rotation_leaves_the_old_key_in_use(tmp_path: Path, said: Said, code: int) -> None:
    with site(said) as stub:
        node = enrolled(tmp_path, stub)
        old = node.key().key_id
        done = rotated(tmp_path, stub)
    assert (done.returncode, node.key().key_id, json.loads(done.stdout)["done"]) == (code, old, False)


def test_after_a_lost_answer_the_same_new_key_is_handed_in_again(tmp_path: Path) -> None:
    with site(Said(422, {"code": "busy"}), ROTATED) as stub:
        node = enrolled(tmp_path, stub)
        assert (rotated(tmp_path, stub).returncode, rotated(tmp_path, stub).returncode) == (3, 0)
    first, second = (json.loads(asked.body) for asked in stub.asked)
    assert first == second and node.key().public.hex() == first["public_key"]
    assert stub.asked[0].headers["Idempotency-Key"] == stub.asked[1].headers["Idempotency-Key"]


@pytest.mark.parametrize("cut", ["next.pem made", "old one put aside", "new one in place"])
def test_a_rotation_that_is_cut_goes_on_where_it_was(tmp_path: Path, cut: str) -> None:
    with site(ROTATED) as stub:
        node = enrolled(tmp_path, stub)
        old, new = node.key(), node.next_key()
        if cut != "next.pem made":
            (tmp_path / f"node.key.{old.key_id[:12]}.pem").write_bytes(old.to_pem())
            os.chmod(tmp_path / f"node.key.{old.key_id[:12]}.pem", 0o600)
        if cut == "new one in place":
            (tmp_path / "node.key.pem").write_bytes(new.to_pem())
        assert rotated(tmp_path, stub).returncode == 0
    assert node.key().key_id == new.key_id and names(tmp_path) == {"node.key.pem", f"node.key.{old.key_id[:12]}.pem"}
    assert len(stub.asked) == (0 if cut == "new one in place" else 1)


def test_every_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with site(ROTATED) as stub:
        node = enrolled(tmp_path, stub)
        node.key()
        rotated(tmp_path, stub)
        node.next_key()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("node.key*")} == {0o600}


def test_the_key_put_aside_is_ended_by_its_own_signature(tmp_path: Path) -> None:
    with site(ROTATED, REVOKED) as stub:
        node = enrolled(tmp_path, stub)
        old = node.key()
        rotated(tmp_path, stub)
        done = lynxweb(tmp_path, "key", "revoke", "--reason", "the disk left the house", "--json")
    asked = json.loads(stub.asked[1].body)
    message = keys.possession_message(purpose="key-revocation", challenge=old.key_id, subject="node_1", public=old.public)
    assert stub.asked[1].path == f"/api/v1/keys/{old.key_id}/revocations" and asked["reason"] == "the disk left the house"
    assert keys.verify(old.public, bytes.fromhex(asked["proof"]), message)
    assert (done.returncode, json.loads(done.stdout)["key_id"]) == (0, old.key_id)
    assert names(tmp_path) == {"node.key.pem", f"node.key.{old.key_id[:12]}.revoked.pem"}


def test_the_key_in_use_is_ended_only_by_its_name(tmp_path: Path) -> None:
    with site(REVOKED) as stub:
        node = enrolled(tmp_path, stub)
        current = node.key().key_id
        assert lynxweb(tmp_path, "key", "revoke").returncode == 2 and stub.asked == []
        done = lynxweb(tmp_path, "key", "revoke", current[:8])
    assert done.returncode == 0 and "administrator" in done.stdout and not (tmp_path / "node.key.pem").exists()


@pytest.mark.parametrize("start", ["abc", "zzzzzz", "0" * 64, "../../etc"])
def test_a_name_that_fits_no_key_lists_those_that_there_are(tmp_path: Path, start: str) -> None:
    current = NodeHome(tmp_path).key().key_id
    with pytest.raises(Problems, match=current[:12]):
        NodeHome(tmp_path).key_named(start)


def test_a_refused_revocation_keeps_the_key(tmp_path: Path) -> None:
    with site(Said(404, {"code": "not-found"})) as stub:
        node = enrolled(tmp_path, stub)
        current = node.key().key_id
        assert lynxweb(tmp_path, "key", "revoke", current).returncode == 3
    assert node.key().key_id == current


@pytest.mark.parametrize("arguments", [("key", "rotate"), ("key", "burn"), ("key",)])
def test_a_node_that_is_not_enrolled_or_asks_for_nothing_known_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert lynxweb(tmp_path, *arguments).returncode == 2


def test_a_bundle_signed_before_a_rotation_is_still_known(tmp_path: Path) -> None:
    node = NodeHome(tmp_path)
    old = node.key()
    node.next_key()
    node.take_over()
    assert {one.key.key_id: one.in_use for one in node.kept_keys()} == {node.key().key_id: True, old.key_id: False}
