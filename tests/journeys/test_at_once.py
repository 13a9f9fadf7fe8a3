"""What several try at the same moment happens once, and what an hour allows is not passed by asking for it in parallel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lynxweb.registry.refusing import MOST_REJECTIONS
from tests.journeys.site import JourneySite, running

CLIENTS = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneySite]:
    """One running site with two administrators, a member of its committee, and something for them to do."""
    with running(tmp_path_factory.mktemp("site"), verb="rivals") as started:
        yield started


def at_once(site: JourneySite, act: str, who: list[dict[str, str]]) -> Counter[int]:
    """How often each status was answered when all of them did an act twelve times in all, at the same moment."""
    path, body = site.made[act]
    with ThreadPoolExecutor(12) as clients:
        return Counter(clients.map(lambda number: site.post(who[number % len(who)], path, body), range(12)))


def events(site: JourneySite) -> dict[str, Any]:
    """How many events of each action there are; the log is clean."""
    found = site.inside("actions")
    assert found["clean"]
    return dict(found["events"])


@pytest.mark.parametrize(
    ("act", "action", "named"),
    [("grant", "role.grant", "rivals"), ("withdraw", "run.withdraw", "rivals"), ("sign", "decision.sign", "member")],
)
def test_what_two_people_do_at_once_is_one_event(site: JourneySite, act: str, action: str, named: str) -> None:
    before, who = events(site), site.made[named]
    answers = at_once(site, act, who if isinstance(who, list) else [who])
    assert answers[201] == 1 and set(answers) <= {201, 409, 422} and answers.total() == 12, answers
    assert events(site)[action] == before.get(action, 0) + 1


def test_refused_bundles_sent_in_parallel_leave_as_many_events_as_an_hour_allows_and_no_more(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        with ThreadPoolExecutor(CLIENTS) as clients:
            answers = Counter(clients.map(lambda number: site.upload(b"x" * (number + 1))[0], range(MOST_REJECTIONS + 2 * CLIENTS)))
        assert answers == {422: MOST_REJECTIONS, 429: 2 * CLIENTS}
        assert site.inside("actions")["events"]["bundle.reject"] == MOST_REJECTIONS
