"""The node's home: secrets of mode 0600, pseudonyms that say nothing, and an enrolment that is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.contract.problems import Problems
from runner.node import NodeHome, Site, home

SITE = Site("http://127.0.0.1:8000", "node_1", "bench", "org_1", "lynxweb_0123.secret")


def test_the_key_is_made_once(tmp_path: Path) -> None:
    assert NodeHome(tmp_path).key().key_id == NodeHome(tmp_path).key().key_id


def test_a_renewed_key_leaves_the_old_one_aside(tmp_path: Path) -> None:
    node = NodeHome(tmp_path)
    before = node.key().key_id
    node.renew_key()
    assert node.key().key_id != before
    assert (tmp_path / f"node.key.{before[:12]}.pem").exists()


def test_every_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    node = NodeHome(tmp_path / "home")
    node.identity()
    node.enrol(SITE, b"s" * 32)
    modes = {path.name: path.stat().st_mode & 0o777 for path in node.folder.iterdir()}
    assert set(modes) >= {"node.key.pem", "local.salt", "organisation.secret", "token"}
    assert set(modes.values()) == {0o600}


def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    NodeHome(tmp_path).key()
    (tmp_path / "node.key.pem").chmod(0o644)
    with pytest.raises(Problems, match="chmod 600"):
        NodeHome(tmp_path).key()


def test_before_enrolment_pseudonyms_are_local(tmp_path: Path) -> None:
    assert NodeHome(tmp_path).identity().scope == "local"


def test_after_enrolment_pseudonyms_rest_on_the_organisations_secret(tmp_path: Path) -> None:
    one, other = NodeHome(tmp_path / "one"), NodeHome(tmp_path / "other")
    for node in (one, other):
        node.enrol(SITE, b"s" * 32)
    assert one.identity().scope == "organisation"
    assert one.identity().pseudonym("machine", "board") == other.identity().pseudonym("machine", "board")


def test_two_nodes_before_enrolment_give_one_machine_two_pseudonyms(tmp_path: Path) -> None:
    one, other = NodeHome(tmp_path / "one").identity(), NodeHome(tmp_path / "other").identity()
    assert one.pseudonym("machine") != other.pseudonym("machine")


def test_a_pseudonym_tells_its_parts_apart(tmp_path: Path) -> None:
    node = NodeHome(tmp_path).identity()
    assert node.pseudonym("ab", "c") != node.pseudonym("a", "bc")


def test_an_enrolment_cut_before_its_last_file_is_none(tmp_path: Path) -> None:
    node = NodeHome(tmp_path)
    node.enrol(SITE, b"s" * 32)
    (tmp_path / "site.json").unlink()
    assert node.site() is None


def test_an_enrolment_is_read_back_whole(tmp_path: Path) -> None:
    NodeHome(tmp_path).enrol(SITE, b"s" * 32)
    assert NodeHome(tmp_path).site() == SITE


def test_no_representation_shows_a_secret(tmp_path: Path) -> None:
    node = NodeHome(tmp_path)
    node.enrol(SITE, b"s" * 32)
    assert "secret" not in repr(node.site())
    assert repr(b"s" * 32) not in repr(node.identity())


def test_a_declaration_that_is_not_text_names_its_place(tmp_path: Path) -> None:
    (tmp_path / "declared.json").write_text('{"env.cooling": 3}')
    with pytest.raises(Problems, match=r"declared\.json\.env\.cooling"):
        NodeHome(tmp_path).declared()


def test_the_environment_names_the_home() -> None:
    assert home({"LYNXWEB_NODE_HOME": "/tmp/elsewhere"}).folder == Path("/tmp/elsewhere")
