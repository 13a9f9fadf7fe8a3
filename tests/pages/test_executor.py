"""The page of one executor version."""

from __future__ import annotations

import re

from django.test import Client

from runner.contract.executor import Executor
from runner.contract.fields import facts
from tests.builders import absent, seen
from tests.pages.shelf import Shelf, accepted, executor, text_of
from tests.registry.world import World


def page_of(reader: Client, run: str) -> str:
    """The HTML of the executor of a run."""
    address = re.search(r"/executors/[0-9a-f]{64}", reader.get(f"/runs/{run}").content.decode())
    assert address
    return reader.get(address.group()).content.decode()


def test_every_field_of_the_schema_has_its_row(reader: Client, shelf: Shelf) -> None:
    html = page_of(reader, shelf.ort)
    assert re.findall(r'<tr role="row" id="([^"]+)">', html) and set(re.findall(r'<tr role="row" id="([^"]+)">', html)) == {
        path for path, _, _ in facts(Executor())
    }


def test_a_field_shows_value_status_source_and_role(reader: Client, shelf: Shelf) -> None:
    row = page_of(reader, shelf.ort).split('id="host.cpu.model"')[1].split("</tr>")[0]
    assert text_of(f"<tr{row}").endswith("cpu.model Test Processor 9 ● observed test fingerprint · mandatory infrastructure ")


def test_an_absent_field_shows_a_dash_and_why_never_zero(reader: Client, shelf: Shelf) -> None:
    row = page_of(reader, shelf.ort).split('id="host.cpu_governor"')[1].split("</tr>")[0]
    assert "– ! unreadable: no cpufreq" in text_of(f"<tr{row}")


def test_unreadable_mandatory_fields_are_listed_first(reader: Client, shelf: Shelf) -> None:
    html = page_of(reader, shelf.ort)
    assert "1 mandatory fact could not be read Each with its reason." in text_of(html) and 'href="#host.cpu_governor"' in html
    assert "without an answer" not in html and "declared.json" not in html


def test_a_fact_that_its_owner_has_not_declared_is_a_question_to_the_owner(reader: Client, site: World) -> None:
    html = page_of(reader, accepted(site, executor("onnxruntime", env__cooling=absent("unreadable:not-declared")), 1_000_000, 5))
    page = text_of(html)
    assert "env.cooling unreadable: not declared by the node’s owner" in page
    assert "state it in declared.json in the node’s home (see docs/cli.md)" in page
    assert "would not say" not in page


def test_fingerprint_and_block_digests_are_shown(reader: Client, shelf: Shelf) -> None:
    html = page_of(reader, shelf.ort)
    assert "Fingerprint" in html and len(re.findall(r">block [0-9a-f]{12}<", html)) == 9


def test_runs_of_the_same_fingerprint_stand_together_and_the_page_says_so(reader: Client, site: World, shelf: Shelf) -> None:
    later = accepted(site, executor("onnxruntime", env__cotenancy__cpu_steal_ppm=seen(70)), 870_000, 15)
    html = page_of(reader, later)
    assert f"/runs/{later}" in html and f"/runs/{shelf.ort}" in html and f"/runs/{shelf.int8}" not in html
    page = text_of(html)
    assert "Runs on this configuration Every run whose executor has the fingerprint" in page
    assert "this configuration has 2 documents, and this page shows one of them" in page


def test_runs_and_other_configurations_are_linked(reader: Client, shelf: Shelf) -> None:
    html = page_of(reader, shelf.ort)
    assert f"/runs/{shelf.ort}" in html and f"/runs/{shelf.int8}" not in html
    assert len(set(re.findall(r'href="/executors/[0-9a-f]{64}"', html))) == 2


def test_an_unknown_executor_is_not_found(reader: Client, shelf: Shelf) -> None:
    assert reader.get(f"/executors/{'0' * 64}").status_code == 404
