"""The two-person rule is switched off by two people and on where there is a second one; who may take over whose sign-in follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.binding import propose_reset, reset_sign_in
from lynxweb.accounts.people import set_active
from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.accounts.switching import propose_switching_off, switch_two_person_rule
from lynxweb.audit import opening
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.proposals import proposal
from lynxweb.audit.replay import replay_audit
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE, PASSWORD, Clock, elsewhere, hire


def switch(actor: Actor, on: bool, request_id: str = "switch", proposed: str | None = None, clock: Clock | None = None) -> None:
    more = {} if clock is None else {"clock": clock}
    switch_two_person_rule(actor, on, proposal=proposed, reason=BECAUSE, request_id=request_id, **more)


def codes(error: pytest.ExceptionInfo[Problems]) -> set[str]:
    return set(error.value.codes)


@pytest.fixture
def eve(ada: Actor) -> Actor:
    """A second person, who may propose."""
    return actor_of(hire(ada, "eve", Role.ENGINEER))


def test_it_is_switched_on_where_somebody_else_may_propose(ada: Actor, eve: Actor) -> None:
    switch(ada, True)
    assert log_settings().two_person_rule and Event.objects.newest().first().action == "checkpoint.note"  # type: ignore[union-attr]


def test_alone_nobody_switches_it_on(ada: Actor) -> None:
    hire(ada, "manager", Role.MANAGER)
    with pytest.raises(Problems) as refused:
        switch(ada, True)
    assert codes(refused) == {"second-person-missing"} and not log_settings().two_person_rule


def test_somebody_who_cannot_sign_in_is_no_second_person(ada: Actor, eve: Actor) -> None:
    set_active(ada, eve.id, False, reason=BECAUSE, request_id="stop")
    with pytest.raises(Problems) as refused:
        switch(ada, True)
    assert codes(refused) == {"second-person-missing"}


def test_one_person_does_not_switch_it_off(ada: Actor, eve: Actor) -> None:
    switch(ada, True)
    own = propose_switching_off(ada, reason=BECAUSE, request_id="own")
    for proposed in (None, own.id):
        with pytest.raises(Problems) as refused:
            switch(ada, False, "off", proposed)
        assert codes(refused) == {"two-persons"} and log_settings().two_person_rule


def test_two_people_switch_it_off_and_the_event_holds_what_was_proposed(ada: Actor, eve: Actor) -> None:
    switch(ada, True)
    proposed = propose_switching_off(eve, reason=BECAUSE, request_id="propose")
    switch(ada, False, "off", proposed.id)
    leaf = leaf_fields(Event.objects.get(request_id="off").leaf)
    assert not log_settings().two_person_rule
    assert (leaf["proposal"], leaf["payload"]) == (proposed.seq, proposed.terms_digest)


def test_an_expired_proposal_switches_nothing(ada: Actor, eve: Actor, clock: Clock) -> None:
    switch(ada, True)
    proposed = propose_switching_off(eve, reason=BECAUSE, request_id="propose", clock=clock)
    clock.forward(timedelta(days=15))
    with pytest.raises(Problems) as refused:
        switch(ada, False, "off", proposed.id, clock)
    assert codes(refused) == {"two-persons"}


def test_the_same_setting_again_is_no_act(ada: Actor, eve: Actor) -> None:
    with pytest.raises(Problems) as refused:
        switch(ada, False)
    assert codes(refused) == {"no-change"}
    with pytest.raises(Problems):
        propose_switching_off(eve, reason=BECAUSE, request_id="propose")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_switches_it(ada: Actor, role: Role) -> None:
    with pytest.raises(Forbidden):
        switch(elsewhere("somebody", role), True)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.PUBLISHER, Role.AUDITOR, Role.COMMITTEE, Role.ADMINISTRATOR])
def test_under_the_rule_one_administrator_takes_over_nobody_with_power(ada: Actor, eve: Actor, role: Role) -> None:
    target = hire(ada, "target", role)
    switch(ada, True)
    with pytest.raises(Problems) as refused:
        reset_sign_in(ada, target.actor_id, PASSWORD + "!", reason=BECAUSE, request_id="reset")
    target.refresh_from_db()
    assert codes(refused) == {"two-persons"} and target.check_password(PASSWORD)


def test_two_people_reset_a_sign_in(ada: Actor, eve: Actor) -> None:
    target = hire(ada, "target", Role.AUDITOR)
    switch(ada, True)
    proposed = propose_reset(eve, target.actor_id, reason=BECAUSE, request_id="propose")
    recorded = reset_sign_in(ada, target.actor_id, PASSWORD + "!", proposal=proposed.id, reason=BECAUSE, request_id="reset")
    target.refresh_from_db()
    assert target.check_password(PASSWORD + "!") and leaf_fields(Event.objects.get(seq=recorded.seq).leaf)["proposal"] == proposed.seq
    assert proposal(proposed.id).used_by == "reset" and replay_audit() == ()


def test_a_proposal_to_reset_one_person_resets_no_other(ada: Actor, eve: Actor) -> None:
    target, other = hire(ada, "target", Role.AUDITOR), hire(ada, "other", Role.AUDITOR)
    switch(ada, True)
    proposed = propose_reset(eve, other.actor_id, reason=BECAUSE, request_id="propose")
    with pytest.raises(Problems) as refused:
        reset_sign_in(ada, target.actor_id, PASSWORD + "!", proposal=proposed.id, reason=BECAUSE, request_id="reset")
    assert codes(refused) == {"two-persons"}


def test_an_engineer_is_helped_by_one_administrator(ada: Actor, eve: Actor) -> None:
    switch(ada, True)
    assert reset_sign_in(ada, eve.id, PASSWORD + "!", reason=BECAUSE, request_id="reset").rev > 1


def test_the_setting_of_the_log_is_what_the_opening_says_until_a_note(ada: Actor) -> None:
    assert opening.log_settings().two_person_rule is False
