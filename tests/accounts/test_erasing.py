"""An erased person can no longer be found in the database, signs in no more, and every proof of what they did stays valid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.erasing import erase_actor, erasure_terms, propose_erasure
from lynxweb.accounts.granting import grant_role
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Forbidden, Role, Scope
from lynxweb.accounts.tokens import actor_for, issue_token
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import SYSTEM, Actor, Reason
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, PrivateValue
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.audit.replay import replay_audit
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE, PASSWORD, Clock, elsewhere, hire

NAME, ADDRESS = "gwendolyn", "gwendolyn@example.org"
PRIVACY = Reason(ReasonCode.PRIVACY, "the person asked to be forgotten")


def erased(by: Actor, who: Person, **changes: Any) -> int:
    """Erase a person; the position of the event."""
    return erase_actor(by, who.actor_id, **{"reason": PRIVACY, "request_id": "erase:1", **changes}).seq


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of every problem."""
    return [problem.code for problem in refused.value.problems]


def dump() -> bytes:
    """Every value of every table; on SQLite every byte of the database file, freed pages included."""
    if connection.vendor == "sqlite":
        return bytes(connection.connection.serialize())
    values: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            values += [bytes(one) if isinstance(one, memoryview) else str(one).encode() for row in cursor.fetchall() for one in row]
    return b"\n".join(values)


def lived(ada: Actor) -> Person:
    """A person with a role, a token, a second factor, an account at a provider and an open session."""
    person = create_person(ada, name=NAME, email=ADDRESS, password=PASSWORD, reason=BECAUSE, request_id="person:1").person
    grant_role(ada, person.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="person:1:engineer")
    SocialAccount.objects.create(user=person, provider="oidc", uid=ADDRESS, extra_data={"name": NAME})
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
    Client().force_login(person)
    return person


def test_no_byte_of_name_and_address_is_left_in_the_database(ada: Actor) -> None:
    person = lived(ada)
    before = dump()
    assert NAME.encode() in before and ADDRESS.encode() in before
    erased(ada, person)
    after = dump().lower()
    assert NAME.encode() not in after and ADDRESS.encode() not in after


def test_the_openings_go_and_every_proof_stays(ada: Actor) -> None:
    person = lived(ada)
    created = Event.objects.get(object_type="actor", object_id=person.actor_id, object_rev=1)
    assert PrivateValue.objects.filter(seq=created.seq).count() == 2
    others = PrivateValue.objects.exclude(seq=created.seq).count()
    position = erased(ada, person)
    assert not PrivateValue.objects.filter(seq=created.seq).exists() and PrivateValue.objects.count() == others
    assert set(leaf_fields(Event.objects.get(seq=created.seq).leaf)["commit"]) == {"name", "email"}
    event = Event.objects.get(seq=position)
    assert (event.action, event.object_type, event.object_id) == ("actor.erase", "actor", person.actor_id)
    assert full_audit().clean and replay_audit() == ()


def test_an_erased_person_is_signed_out_and_signs_in_no_more(ada: Actor, clock: Clock) -> None:
    person = hire(ada, NAME, Role.ENGINEER)
    token = issue_token(actor_of(person), scope=Scope.READ, owner=person, reason=BECAUSE, request_id="token:1", clock=clock).text
    client = Client()
    client.force_login(person)
    assert actor_for(token, clock=clock) is not None and client.get("/").status_code == 200
    erased(ada, person)
    assert actor_for(token, clock=clock) is None and client.get("/").status_code == 302
    assert not Session.objects.exists() and not Person.objects.known_as(ADDRESS).exists()
    row = Person.objects.get(actor_id=person.actor_id)
    assert not row.is_active and not row.has_usable_password() and row.last_login is None


def test_nothing_that_other_apps_keep_about_the_person_is_left(ada: Actor) -> None:
    person = lived(ada)
    erased(ada, person)
    for relation in Person._meta.related_objects:
        model: Any = relation.related_model
        if model._meta.app_label not in ("accounts", "audit", "registry", "review"):
            assert not model._base_manager.filter(**{relation.field.name: person}).exists(), model
    assert {"socialaccount", "mfa"} <= {config.label for config in apps.get_app_configs()}


def test_with_the_rule_on_one_person_proposes_and_another_erases(ada: Actor) -> None:
    person, second = hire(ada, NAME), actor_of(hire(ada, "second", Role.ADMINISTRATOR))
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    proposal = propose_erasure(second, person.actor_id, reason=PRIVACY, request_id="propose:1")
    assert proposal.terms == erasure_terms(person.actor_id, PRIVACY)
    assert leaf_fields(Event.objects.get(seq=erased(ada, person, proposal=proposal.id)).leaf)["proposal"] == proposal.seq


@pytest.mark.parametrize("why", ["missing", "own", "altered", "expired"])
def test_an_erasure_without_a_second_person_is_refused(ada: Actor, clock: Clock, why: str) -> None:
    person, second = hire(ada, NAME), actor_of(hire(ada, "second", Role.ADMINISTRATOR))
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    by = ada if why == "own" else second
    proposal = propose_erasure(by, person.actor_id, reason=PRIVACY, request_id="propose:1", clock=clock).id
    if why == "expired":
        clock.forward(timedelta(days=15))
    changed = {"missing": {"proposal": None}, "altered": {"reason": BECAUSE}}.get(why, {})
    with pytest.raises(Problems) as refused:
        erased(ada, person, **{"proposal": proposal, "clock": clock, **changed})
    assert set(codes(refused)) == {"two-persons"} and Person.objects.known_as(NAME).exists()


def test_a_person_is_erased_once_and_a_repeated_request_is_answered(ada: Actor) -> None:
    person = hire(ada, NAME)
    assert erased(ada, person) == erased(ada, person)
    with pytest.raises(Problems) as refused:
        erased(ada, person, request_id="erase:2")
    assert codes(refused) == ["erased"]


def test_the_reason_must_not_name_whom_it_erases(ada: Actor) -> None:
    person = hire(ada, NAME)
    with pytest.raises(Problems) as refused:
        erased(ada, person, reason=Reason(ReasonCode.PRIVACY, f"{NAME.title()} asked to be forgotten"))
    assert codes(refused) == ["names-the-person"]


def test_the_last_administrator_stays_and_strangers_erase_nobody(ada: Actor) -> None:
    person = hire(ada, NAME, Role.ENGINEER)
    with pytest.raises(Problems) as refused:
        erased(ada, Person.objects.get(actor_id=ada.id))
    assert codes(refused) == ["last-administrator"]
    with pytest.raises(Person.DoesNotExist):
        erased(elsewhere("eve", Role.ADMINISTRATOR), person)
    with pytest.raises(Forbidden):
        erased(actor_of(person), person)
