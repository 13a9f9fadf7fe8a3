"""Who may act: people, organisations and roles; and what acts for them: nodes, their keys, service tokens."""

from __future__ import annotations

from typing import Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from lynxweb.accounts.roles import Role, Scope
from lynxweb.audit.actors import Actor

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[Row_co]):
    """Rows that belong to an organisation; every door starts at `for_actor`."""

    organisation_path = "organisation"

    def for_actor(self, actor: Actor) -> Self:
        """The rows of the actor's own organisation; the site itself sees all."""
        if actor.kind == "system":
            return self
        return self.filter(**{self.organisation_path: actor.organisation}) if actor.organisation else self.none()


class Organisation(models.Model):
    """A group of people and nodes that shares its runs; `secret` keys the pseudonyms of its devices."""

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=200, unique=True)
    secret = models.BinaryField()

    def __str__(self) -> str:
        return self.name


class PersonQuerySet(OwnedQuerySet["Person"]):
    """People, by organisation."""

    def known_as(self, name_or_email: str) -> Self:
        """The person with this name or e-mail address, whatever the case."""
        return self.filter(models.Q(name__iexact=name_or_email) | models.Q(email__iexact=name_or_email))


class PersonManager(BaseUserManager["Person"].from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """People, as Django's sign-in wants them."""


class Person(AbstractBaseUser):
    """Somebody who signs in; `actor_id` is the pseudonym that the log knows, name and address live here only."""

    actor_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80, unique=True)
    email = models.EmailField(unique=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    rev = models.BigIntegerField(default=1)

    USERNAME_FIELD = "name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    objects = PersonManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("name"), name="person_name_any_case"),
            models.UniqueConstraint(Lower("email"), name="person_email_any_case"),
        )

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(OwnedQuerySet["Membership"]):
    """Roles, by organisation."""

    def held(self) -> Self:
        """The roles that nobody has taken back."""
        return self.filter(revoked=False)

    def of_others(self, actor: Actor) -> Self:
        """The roles of other people of the actor's organisation who can sign in."""
        return self.for_actor(actor).filter(person__is_active=True).exclude(person__actor_id=actor.id)


class Membership(models.Model):
    """One role of one person in one organisation; taking it back keeps the row. `object_id` is its name in the log, `rev` counts its events."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    object_id = models.CharField(max_length=110, default="", editable=False)
    revoked = models.BooleanField(default=False)
    rev = models.BigIntegerField(default=1)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "organisation", "role"), name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} {self.role}"

    @classmethod
    def of(cls, person: Person, organisation_id: str, role: Role) -> Self:
        """A new, unsaved row with its name in the log."""
        name = f"{organisation_id}:{person.actor_id}:{role.value}"
        return cls(person=person, organisation_id=organisation_id, role=role.value, object_id=name)


class NodeQuerySet(OwnedQuerySet["Node"]):
    """Nodes, by organisation."""


class Node(models.Model):
    """A machine with a runner; `rev` counts its events."""

    id = models.CharField(max_length=40, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="nodes")
    name = models.CharField(max_length=80)
    retired = models.BooleanField(default=False)
    rev = models.BigIntegerField()

    objects = NodeQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organisation", "name"), name="node_name_once"),)

    def __str__(self) -> str:
        return self.name


class NodeKeyQuerySet(OwnedQuerySet["NodeKey"]):
    """Node keys, by the organisation of their node."""

    organisation_path = "node__organisation"

    def unrevoked(self) -> Self:
        """The keys that nobody has revoked."""
        return self.filter(revoked_from=None)


class NodeKey(models.Model):
    """A public key of a node, registered after proof of possession; revocation counts by position in the log, never by time.

    `revoked_from` is the first position at which it no longer counts; `last_good_seq` is the one before it where two people reached back.
    """

    key_id = models.CharField(max_length=64, primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="keys")
    public = models.BinaryField()
    registration = models.BinaryField()
    registered_at = models.BigIntegerField()
    revoked_from = models.BigIntegerField(null=True)
    last_good_seq = models.BigIntegerField(null=True)
    rev = models.BigIntegerField()

    objects = NodeKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key_id

    def valid_at(self, position: int) -> bool:
        """Whether a signature recorded at this position of the log counts."""
        return self.registered_at < position and (self.revoked_from is None or position < self.revoked_from)


class ServiceTokenQuerySet(OwnedQuerySet["ServiceToken"]):
    """Service tokens, by organisation."""


class ServiceToken(models.Model):
    """A secret for machines, kept as a keyed hash; it acts for a person or for a node, never for both."""

    id = models.CharField(max_length=40, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tokens")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="tokens")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, related_name="tokens")
    digest = models.CharField(max_length=64)
    pepper_id = models.CharField(max_length=16)
    scope = models.CharField(max_length=20, choices=[(scope.value, scope.value) for scope in Scope])
    expires = models.DateTimeField()
    revoked = models.BooleanField(default=False)
    rev = models.BigIntegerField()

    objects = ServiceTokenQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(person=None, node__isnull=False) | models.Q(person__isnull=False, node=None), name="token_has_one_owner"
            ),
        )

    def __str__(self) -> str:
        return self.id


class TokenUse(models.Model):
    """When a token was last used, to the minute; beside the token, because it is no change of standing."""

    token = models.OneToOneField(ServiceToken, on_delete=models.CASCADE, primary_key=True, related_name="use")
    last_used = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.token_id} {self.last_used}"
