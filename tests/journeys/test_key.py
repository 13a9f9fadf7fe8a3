"""A node's key from the command line to the log: rotated, used, its predecessor ended, each at a position that the site keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from lynxweb.accounts.models import NodeKey
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from lynxweb.audit.replay import replay_audit
from runner.node import NodeHome, Site
from tests.registry.conftest import own_folders
from tests.registry.world import World, world
from tests.runner.test_cli import lynxweb

__all__ = ["own_folders"]


@pytest.fixture
def site(transactional_db: None) -> World:
    """A site with an enrolled node, committed, so that the server's threads see it."""
    return world()


@pytest.fixture
def home(site: World, live_server: LiveServer, tmp_path: Path) -> NodeHome:
    """The home of the site's node, as enrolment left it."""
    node = NodeHome(tmp_path / "node")
    node.enrol(Site(live_server.url, site.node.id, site.node.name, str(site.actor.organisation), site.token), bytes(32))
    (node.folder / "node.key.pem").write_bytes(site.key.to_pem())
    (node.folder / "node.key.pem").chmod(0o600)
    return node


def test_a_key_is_rotated_and_its_predecessor_ended(site: World, home: NodeHome) -> None:
    rotated = lynxweb(home.folder, "key", "rotate", "--json")
    told = json.loads(rotated.stdout)
    assert (rotated.returncode, told["old_key_id"], told["key_id"]) == (0, site.key.key_id, home.key().key_id)
    assert NodeKey.objects.get(key_id=told["key_id"]).registered_at == told["position"]
    ended = json.loads(lynxweb(home.folder, "key", "revoke", "--reason", "the old disk left the house", "--json").stdout)
    assert NodeKey.objects.get(key_id=site.key.key_id).revoked_from == ended["position"]
    event = Event.objects.get(seq=ended["position"])
    assert (event.action, event.actor, event.object_id) == ("key.revoke", site.node.id, site.key.key_id)
    assert replay_audit() == () and full_audit().clean


def test_a_rotation_whose_answer_was_lost_is_one_rotation(site: World, home: NodeHome) -> None:
    assert lynxweb(home.folder, "key", "rotate").returncode == 0
    after = home.key()
    (home.folder / "node.key.next.pem").write_bytes(after.to_pem())  # as a node that never heard the answer: the old key is in use
    (home.folder / "node.key.next.pem").chmod(0o600)
    (home.folder / "node.key.pem").write_bytes(site.key.to_pem())
    assert lynxweb(home.folder, "key", "rotate").returncode == 0
    assert home.key().key_id == after.key_id
    assert (Event.objects.filter(action="key.rotate").count(), NodeKey.objects.count()) == (1, 2)


def test_a_revocation_whose_answer_was_lost_is_one_revocation(site: World, home: NodeHome) -> None:
    lynxweb(home.folder, "key", "rotate")
    first = json.loads(lynxweb(home.folder, "key", "revoke", "--json").stdout)
    aside = next(home.folder.glob("node.key.*.revoked.pem"))
    aside.rename(home.folder / aside.name.replace(".revoked", ""))
    second = json.loads(lynxweb(home.folder, "key", "revoke", "--json").stdout)
    assert first == second and Event.objects.filter(action="key.revoke").count() == 1


def test_a_revoked_key_rotates_nothing_and_nothing_changes_here(site: World, home: NodeHome) -> None:
    lynxweb(home.folder, "key", "revoke", site.key.key_id)
    (home.folder / "node.key.pem").write_bytes(site.key.to_pem())
    (home.folder / "node.key.pem").chmod(0o600)
    done = lynxweb(home.folder, "key", "rotate", "--json")
    assert (done.returncode, json.loads(done.stdout)["problem"]["status"], home.key().key_id) == (3, 404, site.key.key_id)
