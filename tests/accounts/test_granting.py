"""Roles are given and taken back by administrators, and power over evidence needs a second person."""

from __future__ import annotations

from typing import Any

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.granting import grant_role, propose_role, revoke_role
from lynxweb.accounts.models import Membership, Person
from lynxweb.accounts.people import FirstAccount, create_organisation, create_person, set_active
from lynxweb.accounts.roles import STRONG_SIGN_IN_ROLES, TWO_PERSON_ROLES, Forbidden, Role
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument, PrivateValue
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.audit.record import Recorded
from runner.contract.canonical import encode
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE, PASSWORD, elsewhere, hire

SINGLE_ROLES = sorted(set(Role) - TWO_PERSON_ROLES)


@pytest.fixture
def boss(db: None) -> Actor:
    """An administrator and nothing else."""
    made = create_organisation(name="Lab", person="boss", email="boss@example.org", password=PASSWORD, request_id="lab")
    return actor_of(made.person)


@pytest.fixture
def two_persons(boss: Actor) -> None:
    """The two-person rule is on."""
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule-on")


def _grant(by: Actor, whom: Person | Actor, role: Role, **changed: Any) -> Recorded:
    named = whom.actor_id if isinstance(whom, Person) else whom.id
    return grant_role(by, named, role, **{"reason": BECAUSE, "request_id": f"grant:{role}:{Event.objects.count()}", **changed})


def _propose(by: Actor, whom: Person | Actor, role: Role) -> str:
    named = whom.actor_id if isinstance(whom, Person) else whom.id
    return propose_role(by, named, role, reason=BECAUSE, request_id=f"propose:{role}:{Event.objects.count()}").id


def test_a_new_person_has_no_role_and_their_name_is_only_committed_to(boss: Actor) -> None:
    made = create_person(boss, name="Grace H", email="grace@example.org", password=PASSWORD, reason=BECAUSE, request_id="grace")
    event = Event.objects.get(seq=made.recorded.seq)
    leaf = leaf_fields(event.leaf)
    assert actor_of(made.person).roles == frozenset()
    assert set(leaf["commit"]) == {"name", "email"} and leaf["actor"]["role"] == "administrator"
    opened = {one.name: bytes(one.value) for one in PrivateValue.objects.filter(seq=event.seq)}
    assert opened == {"name": encode("Grace H"), "email": encode("grace@example.org")}
    kept = b"".join(bytes(one.leaf) for one in Event.objects.all()) + b"".join(bytes(one.content) for one in LogDocument.objects.all())
    assert b"Grace" not in kept and b"grace@" not in kept


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": "BOSS"}, "not-acceptable"),
        ({"email": "Boss@example.org"}, "not-acceptable"),
        ({"email": "no address"}, "not-acceptable"),
        ({"name": ""}, "not-acceptable"),
        ({"password": "short"}, "weak-password"),
        ({"password": "password1234"}, "weak-password"),
    ],
)
def test_a_faulty_person_is_refused_with_every_reason_and_leaves_nothing(boss: Actor, changed: dict[str, str], code: str) -> None:
    events = Event.objects.count()
    with pytest.raises(Problems) as refused:
        create_person(boss, **{"name": "eve", "email": "eve@example.org", "password": PASSWORD, "reason": BECAUSE, "request_id": "eve", **changed})  # type: ignore[arg-type]
    assert code in refused.value.codes
    assert Person.objects.count() == 1 and Event.objects.count() == events


def test_a_person_without_a_password_cannot_sign_in_with_one(boss: Actor) -> None:
    made = create_person(boss, name="eve", email="eve@example.org", password=None, reason=BECAUSE, request_id="eve")
    assert not made.person.has_usable_password() and not made.person.check_password("")


@pytest.mark.parametrize("role", list(Role))
def test_without_the_rule_an_administrator_gives_every_role_to_others(boss: Actor, role: Role) -> None:
    eve = hire(boss, "eve")
    recorded = _grant(boss, eve, role)
    event = leaf_fields(Event.objects.get(seq=recorded.seq).leaf)
    assert actor_of(eve).roles == {role.value}
    document = leaf_fields(LogDocument.objects.get(digest=event["payload"]).content)
    assert document == {"v": 1, "actor": eve.actor_id, "organisation": boss.organisation, "role": role.value}
    assert event["object"] == {"type": "role", "id": f"{boss.organisation}:{eve.actor_id}:{role.value}", "rev": 1}


@pytest.mark.parametrize("role", sorted(STRONG_SIGN_IN_ROLES - {Role.ADMINISTRATOR}))
def test_nobody_gives_himself_power_over_evidence_alone_even_without_the_rule(boss: Actor, role: Role) -> None:
    with pytest.raises(Problems) as refused:
        _grant(boss, boss, role)
    assert refused.value.codes == ("two-persons",) and actor_of(Person.objects.get()).roles == {"administrator"}
    other = actor_of(hire(boss, "eve", Role.ENGINEER))
    _grant(boss, boss, role, proposal=_propose(other, boss, role))
    assert role.value in actor_of(Person.objects.get(name="boss")).roles


@pytest.mark.parametrize("role", sorted(TWO_PERSON_ROLES))
def test_with_the_rule_power_takes_a_proposal_by_another_person(boss: Actor, two_persons: None, role: Role) -> None:
    eve, bob = hire(boss, "eve"), actor_of(hire(boss, "bob", Role.ENGINEER))
    for proposal in (None, _propose(boss, eve, role)):
        with pytest.raises(Problems) as refused:
            _grant(boss, eve, role, proposal=proposal)
        assert refused.value.codes == ("two-persons",)
    assert actor_of(eve).roles == frozenset()
    recorded = _grant(boss, eve, role, proposal=_propose(bob, eve, role))
    leaf = leaf_fields(Event.objects.get(seq=recorded.seq).leaf)
    proposed = leaf_fields(Event.objects.get(seq=leaf["proposal"]).leaf)
    document = leaf_fields(LogDocument.objects.get(digest=proposed["payload"]).content)
    assert proposed["actor"]["id"] == bob.id != leaf["actor"]["id"] and document["terms"] == leaf["payload"]
    assert actor_of(eve).roles == {role.value}


def test_a_proposal_for_one_person_or_role_serves_no_other(boss: Actor, two_persons: None) -> None:
    eve, bob = hire(boss, "eve"), hire(boss, "bob", Role.ENGINEER)
    named = _propose(actor_of(bob), eve, Role.REVIEWER)
    for whom, role in ((bob, Role.REVIEWER), (eve, Role.PUBLISHER)):
        with pytest.raises(Problems) as refused:
            _grant(boss, whom, role, proposal=named)
        assert set(refused.value.codes) == {"two-persons"}


@pytest.mark.parametrize("role", SINGLE_ROLES)
def test_with_the_rule_other_roles_take_one_person(boss: Actor, two_persons: None, role: Role) -> None:
    eve = hire(boss, "eve")
    _grant(boss, eve, role)
    assert actor_of(eve).roles == {role.value}


def test_a_role_taken_back_ends_at_once_and_its_history_stays(boss: Actor) -> None:
    eve = hire(boss, "eve", Role.ENGINEER)
    revoke_role(boss, eve.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="back")
    assert actor_of(eve).roles == frozenset()
    _grant(boss, eve, Role.ENGINEER)
    held = Membership.objects.get(person=eve)
    assert actor_of(eve).roles == {"engineer"} and held.rev == 3
    events = [leaf_fields(event.leaf) for event in Event.objects.on("role", held.object_id)]
    assert [event["action"] for event in events] == ["role.grant", "role.revoke", "role.grant"]
    assert [event["before"] for event in events] == [None, events[0]["after"], events[1]["after"]]


def test_a_role_is_not_given_or_taken_twice(boss: Actor) -> None:
    eve = hire(boss, "eve", Role.ENGINEER)
    with pytest.raises(Problems) as refused:
        _grant(boss, eve, Role.ENGINEER)
    assert refused.value.codes == ("role-held",)
    revoke_role(boss, eve.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="back")
    with pytest.raises(Membership.DoesNotExist):
        revoke_role(boss, eve.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="again")


def test_an_organisation_keeps_an_administrator_who_can_sign_in(boss: Actor) -> None:
    for act in (
        lambda: revoke_role(boss, boss.id, Role.ADMINISTRATOR, reason=BECAUSE, request_id="last"),
        lambda: set_active(boss, boss.id, False, reason=BECAUSE, request_id="last-too"),
    ):
        with pytest.raises(Problems) as refused:
            act()
        assert refused.value.codes == ("last-administrator",)
    eve = hire(boss, "eve", Role.ADMINISTRATOR)
    set_active(boss, eve.actor_id, False, reason=BECAUSE, request_id="eve-off")
    with pytest.raises(Problems):
        revoke_role(boss, boss.id, Role.ADMINISTRATOR, reason=BECAUSE, request_id="last-again")
    set_active(boss, eve.actor_id, True, reason=BECAUSE, request_id="eve-on")
    revoke_role(boss, boss.id, Role.ADMINISTRATOR, reason=BECAUSE, request_id="leave")
    assert Person.objects.get(pk=eve.pk).rev == 3


def test_a_second_stop_is_no_event(boss: Actor) -> None:
    eve = hire(boss, "eve")
    with pytest.raises(Problems) as refused:
        set_active(boss, eve.actor_id, True, reason=BECAUSE, request_id="on")
    assert refused.value.codes == ("no-change",)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_else_gives_roles_or_makes_people(boss: Actor, role: Role) -> None:
    other = actor_of(hire(boss, "eve", role))
    with pytest.raises(Forbidden):
        _grant(other, boss, Role.MANAGER)
    with pytest.raises(Forbidden):
        create_person(other, name="bob", email="bob@example.org", password=PASSWORD, reason=BECAUSE, request_id="bob")


def test_people_of_another_organisation_are_not_there(boss: Actor) -> None:
    stranger = elsewhere("mallory", *Role)
    acts = (
        lambda: _grant(stranger, boss, Role.MANAGER),
        lambda: _propose(stranger, boss, Role.REVIEWER),
        lambda: revoke_role(stranger, boss.id, Role.ADMINISTRATOR, reason=BECAUSE, request_id="x"),
        lambda: set_active(stranger, boss.id, False, reason=BECAUSE, request_id="x"),
    )
    for act in acts:
        with pytest.raises(Person.DoesNotExist):
            act()


def test_the_first_account_and_its_organisation_are_covered_by_events(first: FirstAccount) -> None:
    assert Event.objects.on("organisation", first.organisation.id).count() == 1
    assert Event.objects.on("actor", first.person.actor_id).count() == 1
    assert all(Event.objects.on("role", held.object_id).count() == 1 for held in Membership.objects.all())
