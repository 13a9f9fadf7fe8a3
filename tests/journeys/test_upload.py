"""Uploads to a real server, in parallel and through kill -9: a run is accepted whole or not at all, and exactly once."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import builders
from tests.journeys.site import JourneySite, running, upload_headers, wait_for

ROUNDS = 12
CLIENTS = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneySite]:
    """One running site for all journeys of this file."""
    with running(tmp_path_factory.mktemp("site")) as started:
        yield started


def bundle(seed: int) -> bytes:
    """A valid bundle; another seed is another run."""
    return builders.sealed(builders.members(table=builders.samples(seed=seed)))


def test_one_bundle_uploaded_by_many_at_once_is_one_run_with_equal_receipts(site: JourneySite) -> None:
    before, content = site.inside("state"), bundle(1)
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda _: site.upload(content), range(CLIENTS)))
    after = site.inside("state")
    assert sorted(status for status, _ in answers) == [200] * (CLIENTS - 1) + [201]
    assert len({str(answer["receipt"]) for _, answer in answers}) == 1
    assert len(after["runs"]) == len(before["runs"]) + 1 and len(after["submitted"]) == len(after["runs"])
    assert after["rejected"] == before["rejected"] and after["incoming"] == 0


def test_a_transfer_that_is_cut_leaves_nothing(site: JourneySite) -> None:
    before, content = site.inside("state"), bundle(2)
    head = "".join(f"{name}: {value}\r\n" for name, value in upload_headers(site.token, content).items())
    for part in (0, 1, len(content) // 2, len(content) - 1):
        with socket.create_connection(("127.0.0.1", site.port)) as wire:
            wire.sendall(f"POST /api/v1/bundles HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(content)}\r\n\r\n".encode())
            wire.sendall(content[:part])
            wire.shutdown(socket.SHUT_WR)
            answer = wire.recv(4096)
            assert not answer or answer.startswith(b"HTTP/1.1 400"), answer[:200]
    after = site.inside("state")
    assert (after["runs"], after["files"], after["incoming"]) == (before["runs"], before["files"], 0)


def test_kill_9_at_any_point_of_intake_loses_no_accepted_run_and_leaves_no_half(site: JourneySite) -> None:
    moment, acknowledged = random.Random(7), set()
    for number in range(ROUNDS):
        content = bundle(100 + number)
        killer = threading.Timer(moment.uniform(0.0, 0.25), site.kill_worker)
        killer.start()
        try:
            status, answer = site.upload(content)
            assert status in (200, 201), answer
            acknowledged.add(answer["run"])
        except (OSError, http.client.HTTPException):
            pass
        killer.join()
        time.sleep(0.05)
        wait_for(site.port)
    site.inside("sweep")
    found = site.inside("state")
    assert acknowledged <= set(found["runs"]), "an acknowledged run is lost"
    assert found["runs"] == found["submitted"] and found["clean"] and found["changed"] == []
    assert found["files"] == found["owned"] and found["incoming"] == 0
    for number in range(ROUNDS):
        status, _ = site.upload(bundle(100 + number))
        assert status in (200, 201)
