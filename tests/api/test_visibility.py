"""What belongs to another organisation does not exist: 404, never 403, on every address that names an object."""

from __future__ import annotations

import pytest

from lynxweb.registry.models import Run
from tests import builders
from tests.api.calling import client, get, post, post_bundle, run_of
from tests.registry.world import World, bundle_of, world


@pytest.fixture
def stranger(site: World) -> World:
    """Another organisation on the same site."""
    return world("b")


@pytest.fixture
def compared(site: World) -> dict[str, str]:
    """Digests of everything the first organisation has."""
    a, b = run_of(site, bundle_of(site, 1)), run_of(site, bundle_of(site, 2))
    comparison = post(site.token, "comparisons", {"a": a, "b": b, "policy": "iso-precision"}).json()["digest"]
    return {"run": a, "other": b, "executor": Run.objects.get(digest=a).executor_id, "comparison": comparison}


ADDRESSES = ("runs/{run}", "runs/{run}/bundle", "runs/{run}/files/samples.parquet", "executors/{executor}", "comparisons/{comparison}")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_owner_sees_it_and_a_stranger_gets_404(site: World, stranger: World, compared: dict[str, str], address: str) -> None:
    path = address.format(**compared)
    assert get(site.token, path).status_code == 200
    foreign, unknown = get(stranger.token, path), get(stranger.token, path.replace(path.split("/")[1], "e" * 64))
    assert foreign.status_code == unknown.status_code == 404
    assert {**foreign.json(), **dict.fromkeys(("detail", "instance", "request_id"))} == {
        **unknown.json(), **dict.fromkeys(("detail", "instance", "request_id"))
    }  # fmt: skip


def test_a_stranger_compares_nothing_with_a_foreign_run(site: World, stranger: World, compared: dict[str, str]) -> None:
    mine = run_of(stranger, bundle_of(stranger, 5))
    response = post(stranger.token, "comparisons", {"a": mine, "b": compared["run"], "policy": "iso-precision"})
    assert response.status_code == 404


def test_lists_hold_what_is_ones_own(site: World, stranger: World, compared: dict[str, str]) -> None:
    assert {run["digest"] for run in get(site.token, "runs").json()["results"]} == {compared["run"], compared["other"]}
    assert get(stranger.token, "runs").json()["results"] == [] and get(stranger.token, "executors").json()["results"] == []


def test_a_bundle_signed_by_a_foreign_node_is_refused(site: World, stranger: World) -> None:
    response = post_bundle(stranger.token, bundle_of(site))
    assert response.status_code == 403 and response.json()["code"] == "unknown-key"


def test_a_refusal_names_no_run_of_another_organisation(site: World, stranger: World, compared: dict[str, str]) -> None:
    int8 = builders.executor(precision__weights=builders.seen("int8"))
    a, b = run_of(stranger, bundle_of(stranger, 5)), run_of(stranger, bundle_of(stranger, 6, what=int8))
    response = post(stranger.token, "comparisons", {"a": a, "b": b, "policy": "iso-precision"})
    assert response.status_code == 422
    assert compared["run"] not in response.content.decode() and compared["other"] not in response.content.decode()


@pytest.mark.parametrize("address", ("nodes", "people", "tokens", "proposals", "packs", "runs/" + "0" * 64, "schema"))
def test_nobody_reads_what_is_not_public_without_a_login(db: None, address: str) -> None:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 401 and response["WWW-Authenticate"] == "Bearer"
