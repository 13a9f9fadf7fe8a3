"""The client repeats what may pass, stops at what is final, and says which of the two it met."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from runner.client import LONGEST_WAIT_S, Client, SiteError
from runner.contract import keys
from runner.contract.keys import SigningKey
from runner.contract.problems import Problems
from tests.runner.site_stub import Said, StubSite, site

ACCEPTED = Said(201, {"run": "r", "receipt": {"seq": 1}})
KEY = SigningKey(b"\x05" * 32)


def client(stub: StubSite, waited: list[float] | None = None, tries: int = 4) -> Client:
    return Client(stub.url, "lynxweb_00ff.secret", sleep=(waited if waited is not None else []).append, jitter=lambda: 1.0, tries=tries)


def test_an_upload_carries_the_exact_bytes_with_their_digest_and_length() -> None:
    with site(ACCEPTED) as stub:
        client(stub).upload(b"sealed" * 100_000)
    asked = stub.asked[0]
    checksum = base64.b64encode(hashlib.sha256(b"sealed" * 100_000).digest()).decode()
    assert asked.body == b"sealed" * 100_000
    assert asked.headers["Content-Digest"] == f"sha-256=:{checksum}:"
    assert asked.headers["Content-Length"] == "600000"
    assert asked.headers["Authorization"] == "Bearer lynxweb_00ff.secret"


def test_a_new_run_and_a_known_one_are_told_apart() -> None:
    with site(ACCEPTED, Said(200, {"run": "r"})) as stub:
        assert [client(stub).upload(b"x").created for _ in range(2)] == [True, False]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    waited: list[float] = []
    with site(Said(status, {"code": "busy"}), ACCEPTED) as stub:
        assert client(stub, waited).upload(b"x").created
    assert len(stub.asked) == 2
    assert len(waited) == 1


def test_waits_grow_and_stay_below_their_bound() -> None:
    waited: list[float] = []
    with site(Said(503, {})) as stub, pytest.raises(SiteError):
        client(stub, waited, tries=10).upload(b"x")
    assert waited == sorted(waited)
    assert waited[:3] == [0.5, 1.0, 2.0]
    assert max(waited) == LONGEST_WAIT_S


def test_a_wait_that_the_site_asks_for_is_kept() -> None:
    waited: list[float] = []
    with site(Said(429, {}, {"Retry-After": "7"}), ACCEPTED) as stub:
        client(stub, waited).upload(b"x")
    assert waited == [7.0]


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_a_refusal_is_final_and_keeps_the_sites_words(status: int) -> None:
    problem = {"code": "numbers-differ", "title": "No", "errors": [{"path": "run.json"}]}
    with site(Said(status, problem)) as stub, pytest.raises(SiteError) as caught:
        client(stub).upload(b"x")
    assert (caught.value.kind, len(stub.asked)) == ("refused", 1)
    assert caught.value.problem == {**problem, "status": status}


def test_a_token_that_is_not_taken_is_not_the_bundles_fault() -> None:
    with site(Said(401, {"code": "not-authenticated"})) as stub, pytest.raises(SiteError) as caught:
        client(stub).upload(b"x")
    assert (caught.value.kind, len(stub.asked)) == ("not_taken", 1)


def test_an_address_without_a_site_of_ours_is_not_the_bundles_fault() -> None:
    for said in (Said(404, {"code": "not-found"}), Said(400, b"<html>what?</html>")):
        with site(said) as stub, pytest.raises(SiteError) as caught:
            client(stub).upload(b"x")
        assert caught.value.kind == "not_taken"


def test_a_wait_longer_than_reason_is_left_to_the_next_push() -> None:
    waited: list[float] = []
    with site(Said(429, {}, {"Retry-After": "3600"})) as stub, pytest.raises(SiteError) as caught:
        client(stub, waited).upload(b"x")
    assert (caught.value.kind, waited, len(stub.asked)) == ("unavailable", [], 1)


def test_a_signature_that_the_site_forbids_is_the_bundles_fault() -> None:
    with site(Said(403, {"code": "bad-signature"})) as stub, pytest.raises(SiteError) as caught:
        client(stub).upload(b"x")
    assert caught.value.kind == "refused"


def test_an_answer_that_is_no_problem_document_still_becomes_one() -> None:
    with site(Said(404, b"<html>not here</html>")) as stub, pytest.raises(SiteError) as caught:
        client(stub).upload(b"x")
    assert (caught.value.problem["code"], caught.value.problem["status"]) == ("http-error", 404)


def test_a_site_that_is_not_there_is_unavailable_and_named() -> None:
    waited: list[float] = []
    with site(ACCEPTED) as stub:
        gone = stub
    with pytest.raises(SiteError, match="cannot be reached") as caught:
        client(gone, waited, tries=3).upload(b"x")
    assert (caught.value.kind, len(waited)) == ("unavailable", 2)


def test_an_address_that_is_none_is_an_error_with_its_remedy() -> None:
    with pytest.raises(Problems, match="http or https"):
        Client("ftp://somewhere", "t").upload(b"x")


def test_enrolment_proves_possession_of_the_key_to_this_token() -> None:
    with site(Said(201, {"node": "n"})) as stub:
        client(stub).enrol("bench", KEY)
    asked = json.loads(stub.asked[0].body)
    message = keys.possession_message(purpose="node-enrolment", challenge="00ff", subject="bench", public=KEY.public)
    assert stub.asked[0].path == "/api/v1/nodes"
    assert keys.verify(bytes.fromhex(asked["public_key"]), bytes.fromhex(asked["proof"]), message)


def test_a_declaration_gives_the_nonce() -> None:
    with site(Said(201, {"nonce": "f" * 64, "expires_at": "t"})) as stub:
        assert client(stub).declare("e" * 64) == "f" * 64
    assert json.loads(stub.asked[0].body) == {"methodology": "e" * 64}


def test_no_representation_shows_the_token() -> None:
    assert "secret" not in repr(Client("http://x", "lynxweb_1.secret"))
