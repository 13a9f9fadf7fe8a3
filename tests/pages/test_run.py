"""The page of one run."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from lynxweb.audit.models import Event
from lynxweb.registry.abandoning import abandon_declaration
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Run
from tests import builders
from tests.builders import seen
from tests.pages.laboratories import Laboratories, page, send
from tests.pages.shelf import Shelf, accepted, executor, text_of
from tests.registry.world import BECAUSE, World, bundle_of, upload, world


def test_the_headline_states_metric_interval_trials_and_operating_point(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    headline = text_of(html.split('<header class="headline card">')[1].split("</header>")[0])
    assert re.search(r"Latency p50 [\d.]+ ms \[[\d.]+, [\d.]+\] @ closed loop, concurrency 1, batch 1 n = 5 trials, [\d ]+ requests", headline)


def test_a_throughput_stands_at_its_operating_point_everywhere(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    shown = re.findall(r'<span class="unit">req/s</span>(.*?)</td>', html, re.DOTALL)
    assert shown and all('class="at">@&nbsp;closed loop' in rest for rest in shown)


def test_grade_and_what_keeps_it_down_are_told(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get(f"/runs/{shelf.ort}").content.decode())
    assert "measured" in page and "Why not a higher grade: a finding caps the grade at measured" in page


def test_findings_name_gate_place_and_what_was_seen(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get(f"/runs/{shelf.ort}").content.decode())
    assert "G-01 unreadable-mandatory executor 1 unreadable: host.cpu_governor" in page


def test_every_trial_has_its_row(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    table = html.split("Each trial is a fresh process")[1].split("</table>")[0]
    assert re.findall(r'<tr><th scope="row">(\d)</th>', table) == ["1", "2", "3", "4", "5"]
    around = html.split("What surrounded each trial:")[1].split("</table>")[0]
    assert re.findall(r'<tr><th scope="row">(\d)</th>', around) == ["1", "2", "3", "4", "5"]
    assert "200\u00a0ns" in around and "not measured: not applicable" in around


def test_findings_of_one_code_share_a_row_with_every_place(reader: Client, site: World) -> None:
    run = accepted(site, executor("onnxruntime"), 1_000_000, 5, requests=50)
    html = reader.get(f"/runs/{run}").content.decode()
    rows = [text_of(row) for row in re.findall(r'<tr role="row"><td role="cell" data-label="Effect">.*?</tr>', html, re.DOTALL)]
    found = [row for row in rows if "too-few-requests" in row]
    assert len(found) == 1 and all(f"run.trials[{number}] 50 of 64" in found[0] for number in range(5))


def test_the_page_says_what_value_and_interval_are(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get(f"/runs/{shelf.ort}").content.decode())
    assert "Each value is the median over trials; in brackets the 95 % t interval on logarithms of the trials" in page


def test_energy_is_said_not_to_be_measured_and_why(reader: Client, shelf: Shelf) -> None:
    assert "Energy: not measured (not applicable)" in text_of(reader.get(f"/runs/{shelf.ort}").content.decode())


def test_quality_is_a_matrix_with_counts_and_intervals(reader: Client, shelf: Shelf) -> None:
    page = text_of(reader.get(f"/runs/{shelf.int8}").content.decode())
    assert "97.50 % 39 of 40 [87.12 %, 99.56 %]" in page and "class-3" in page and "Agreement with the reference" in page


def test_a_percentile_without_enough_requests_is_withheld_with_the_reason(reader: Client) -> None:
    site = world("b")
    reader.force_login(site.person, backend="lynxweb.accounts.passwords.EmailOrName")
    run = accepted(site, executor("onnxruntime"), 1_000_000, 5, requests=500)
    assert "Latency p99 – withheld too few requests for this percentile: 500 of 662 a trial" in text_of(reader.get(f"/runs/{run}").content.decode())


def test_a_quick_look_is_watermarked_and_says_what_it_is_not(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    assert '<body class="is-quick">' in html and "no decision may cite it (R-07)" in text_of(html)


def test_an_undeclared_run_says_so(reader: Client, shelf: Shelf) -> None:
    assert "was not announced before it was measured" in text_of(reader.get(f"/runs/{shelf.ort}").content.decode())


def test_evidence_lists_files_receipt_position_and_history(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    page = text_of(html)
    assert "samples.parquet" in page and "run.submit" in page and "leaf_digest" in page and "Audit position" in page
    assert f'href="/api/v1/runs/{shelf.ort}/bundle"' in html and f"/runs/{shelf.ort}</code>" in html


def test_the_distribution_travels_as_json_and_is_light(reader: Client, shelf: Shelf) -> None:
    html = reader.get(f"/runs/{shelf.ort}").content.decode()
    figure = json.loads(re.search(r'<script id="figure-ecdf" type="application/json">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    assert len([trace for trace in figure["data"] if trace["mode"] == "lines"]) == 5
    assert len(html.encode()) < 300_000


def test_latencies_that_a_finding_withholds_are_nowhere_on_the_page(reader: Client, site: World) -> None:
    table = builders.samples(seed=4)
    table.status[::10] = 1
    run = upload(site, bundle_of(site, what=executor("onnxruntime"), table=table)).run_digest
    html = reader.get(f"/runs/{run}").content.decode()
    page = text_of(html)
    assert "Latency p50 – withheld a finding withholds latencies" in page
    assert "figure-ecdf" not in html and " ms [" not in page and "req/s" in page


def test_a_hostile_label_is_text_on_the_page_and_in_the_figure(reader: Client, site: World) -> None:
    nasty = "\"><script>alert(1)</script><a href=javascript:alert(1)>'x'</a>"
    run = accepted(site, executor("onnxruntime", host__cpu__model=seen(nasty), sw__runtime__version=seen(nasty)), 1_000_000, 5)
    for address in (f"/runs/{run}", "/", "/runs"):
        html = reader.get(address).content.decode()
        assert "<script>alert" not in html and "<a href=javascript" not in html
        assert "&lt;script&gt;alert(1)" in html
    drawn = json.loads(re.search(r'<script id="figure-ecdf" type="application/json">(.*?)</script>', reader.get(f"/runs/{run}").content.decode())[1])  # type: ignore[index]
    assert "<" not in drawn["data"][0]["name"] and "&lt;script&gt;" in drawn["data"][0]["name"]


def test_a_foreign_run_is_not_there(reader: Client, shelf: Shelf) -> None:
    stranger = Client()
    stranger.force_login(world("b").person, backend="lynxweb.accounts.passwords.EmailOrName")
    assert stranger.get(f"/runs/{shelf.ort}").status_code == 404


def test_a_digest_is_written_in_full_or_not_found(reader: Client, shelf: Shelf) -> None:
    assert [reader.get(f"/runs/{name}").status_code for name in (shelf.ort[:12], shelf.ort.upper(), "0" * 64)] == [404, 404, 404]


def test_the_page_tells_where_the_run_stands(labs: Laboratories) -> None:
    digest = labs.published()
    card = text_of(page(labs.stranger, f"/runs/{digest}").split('aria-labelledby="standing-head"')[1].split("</section>")[0])
    assert "standing" in card and "published" in card and "public" in card and "validated not higher: no independent party" in card
    assert "beside it 0 open, 0 abandoned" in card and "intake review by Laboratory b" in card and "accepted" in card


def test_declarations_that_were_given_up_are_counted_beside_open_ones(labs: Laboratories) -> None:
    digest = labs.run()
    methodology = Run.objects.get(digest=digest).methodology_id
    nonces = [declare(labs.site.node_actor, methodology, request_id=f"declare:{number}").nonce for number in range(3)]
    abandon_declaration(labs.site.node_actor, nonces[0], reason=BECAUSE, request_id="abandon")
    told = text_of(page(labs.engineer, f"/runs/{digest}"))
    assert "2 declared runs of this node under this methodology never arrived, 1 was given up." in told and "beside it 2 open, 1 abandoned" in told


@pytest.mark.parametrize(
    ("who", "offered", "kept"),
    [
        ("engineer", {"request-review", "disclose", "withdraw"}, {"publish", "supersede", "post-notice"}),
        ("publisher", {"request-review", "disclose", "withdraw", "supersede", "post-notice"}, {"publish", "open-dispute"}),
    ],
)
def test_the_page_offers_what_its_reader_may_do(labs: Laboratories, who: str, offered: set[str], kept: set[str]) -> None:
    digest = labs.run()
    html = page(getattr(labs, who), f"/runs/{digest}")
    found = set(re.findall(rf'action="/runs/{digest}/acts/([a-z-]+)"', html))
    assert offered <= found and not kept & found


def test_a_published_run_offers_a_stranger_nothing_but_a_pack(labs: Laboratories) -> None:
    digest = labs.published()
    html = page(labs.stranger, f"/runs/{digest}")
    assert f'action="/runs/{digest}/' not in html and "/redact" not in html


def test_each_form_has_a_request_of_its_own(labs: Laboratories) -> None:
    ids = re.findall(r'name="request_id" value="([^"]+)"', page(labs.publisher, f"/runs/{labs.run()}"))
    assert len(ids) > 3 and len(set(ids)) == len(ids)


def test_an_act_sent_twice_acts_once(labs: Laboratories) -> None:
    digest = labs.run()
    for _ in range(2):
        answer = send(labs.engineer, f"/runs/{digest}/acts/request-review", request_id="page:once")
        assert (answer.status_code, answer["Location"]) == (303, f"/runs/{digest}")
    assert Event.objects.filter(action="run.disclose").count() == 1


def test_a_refused_act_shows_its_problem_in_its_form(labs: Laboratories) -> None:
    digest = labs.run()
    answer = send(labs.engineer, f"/runs/{digest}/acts/request-review", reason="short")
    html = answer.content.decode()
    form = html.split(f'action="/runs/{digest}/acts/request-review"')[1].split("</form>")[0]
    assert answer.status_code == 422 and "Not done" in form and ">short</textarea>" in form
    assert "Not done" not in html.replace(form, "") and not Event.objects.filter(action="run.disclose").exists()


def test_an_act_that_the_role_forbids_is_answered_403_on_the_page(labs: Laboratories) -> None:
    digest = labs.run()
    answer = send(labs.engineer, f"/runs/{digest}/acts/publish", visibility="public")
    assert answer.status_code == 403 and "run.publish is not permitted to engineer" in text_of(answer.content.decode()).lower()
