"""Who sees a run: its organisation unless it is private, others what was disclosed to them, and nobody anything else."""

from __future__ import annotations

import pytest

from lynxweb.accounts.roles import Role
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import VISIBILITIES, ExecutorVersion, Run
from lynxweb.registry.reading import executors_for, groups_for, run_for, runs_for
from tests.registry.world import World, bundle_of, changed, upload

OWN_PRIVATE = {Role.ENGINEER, Role.PUBLISHER, Role.AUDITOR, Role.ADMINISTRATOR}
FOREIGN_REVIEW = {Role.REVIEWER, Role.AUDITOR}


def _somebody(role: Role | None, organisation: str | None) -> Actor:
    return Actor("user", "act_somebody", "login", frozenset({role.value} if role else ()), organisation)


@pytest.fixture(params=VISIBILITIES)
def run(site: World, request: pytest.FixtureRequest) -> Run:
    """A run of each visibility."""
    digest = upload(site, bundle_of(site)).run_digest
    if request.param != "organisation":
        changed(digest, Action.RUN_DISCLOSE, visibility=request.param)
    return Run.objects.get(digest=digest)


@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_who_sees_what(site: World, run: Run, role: Role) -> None:
    own, foreign = _somebody(role, site.actor.organisation), _somebody(role, "org_elsewhere")
    sees_own = run.visibility != "private" or role in OWN_PRIVATE
    sees_foreign = run.visibility == "public" or (run.visibility == "review" and role in FOREIGN_REVIEW)
    for actor, sees in ((own, sees_own), (foreign, sees_foreign)):
        assert list(Run.objects.for_actor(actor)) == [run] * sees
        assert [card.digest for card in runs_for(actor).runs] == [run.digest] * sees
        assert len(executors_for(actor)) == len(groups_for(actor)) == int(sees)


def test_without_a_role_or_an_organisation_only_public_runs_are_there(run: Run) -> None:
    for actor in (_somebody(None, None), _somebody(None, "org_elsewhere")):
        assert Run.objects.for_actor(actor).count() == int(run.visibility == "public")
        assert ExecutorVersion.objects.seen_by(actor).count() == int(run.visibility == "public")
    assert Run.objects.for_actor(SYSTEM).count() == 1


def test_the_node_that_measured_sees_its_run_whatever_its_visibility(site: World, run: Run) -> None:
    assert run_for(site.node_actor, run.digest).digest == run.digest


def test_what_is_not_seen_cannot_be_locked_for_an_act(site: World, run: Run) -> None:
    manager = _somebody(Role.MANAGER, "org_elsewhere")
    if run.visibility == "public":
        assert standing.locked(manager, run.digest) == run
        return
    with pytest.raises(NotFound):
        standing.locked(manager, run.digest)
