"""What requests about people, nodes, keys, tokens and proposals must look like."""

from __future__ import annotations

from rest_framework import serializers

from lynxweb.accounts.roles import Role, Scope
from lynxweb.api.requests import HEX_DIGEST, Reasoned, Strict
from lynxweb.audit.actions import ReasonCode

SIGNATURE = r"^[0-9a-f]{128}$"
PROPOSAL = r"^prop_[0-9a-f]{20}$"
OBJECT_ID = r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$"


class Coded(Reasoned):
    """A reason with its code."""

    reason_code = serializers.ChoiceField([code.value for code in ReasonCode], required=False, help_text="Why, in one word; `routine` if absent.")


class MakePerson(Coded):
    """A new person of the organisation."""

    name = serializers.CharField(max_length=80)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(
        max_length=256, required=False, write_only=True, help_text="The first password; without it the person signs in at the provider alone."
    )


class GrantRole(Coded):
    """A role for a person."""

    role = serializers.ChoiceField([role.value for role in Role])
    proposal = serializers.RegexField(PROPOSAL, required=False, help_text="The proposal of another person that this carries out.")


class AddKey(Coded):
    """A further key of a node."""

    public_key = serializers.RegexField(HEX_DIGEST, help_text="The raw Ed25519 public key, 32 bytes in hex.")
    proof = serializers.RegexField(
        SIGNATURE, help_text="The key's signature over purpose `key-registration`, the token's id (or your actor id), the node's id and the key."
    )


class RotateKey(Coded):
    """A new key in the place of an old one."""

    public_key = serializers.RegexField(HEX_DIGEST, help_text="The new raw Ed25519 public key, 32 bytes in hex.")
    proof = serializers.RegexField(
        SIGNATURE, help_text="The new key's signature over purpose `key-rotation`, the old key's id, the node's id and the new key."
    )
    approval = serializers.RegexField(SIGNATURE, help_text="The old key's signature over the same message.")


class RevokeKey(Coded):
    """The end of a key."""

    proof = serializers.RegexField(
        SIGNATURE, required=False, help_text="A node's own: the key's signature over purpose `key-revocation`, its id, the node's id and itself."
    )
    last_good_seq = serializers.IntegerField(min_value=0, required=False, help_text="Reach back: the last position at which the key counted.")
    proposal = serializers.RegexField(PROPOSAL, required=False, help_text="The proposal of another person; for reaching back only.")


class IssueToken(Coded):
    """A new service token."""

    scope = serializers.ChoiceField([scope.value for scope in Scope])
    node = serializers.CharField(max_length=40, required=False, help_text="The node it acts for; without it, yourself.")
    days = serializers.IntegerField(min_value=1, max_value=365, required=False, help_text="How long it lives; 90 if absent.")


class ProposedObject(Strict):
    """What a proposal is about."""

    type = serializers.RegexField(r"^[a-z]{1,40}$")
    id = serializers.RegexField(OBJECT_ID)


class ProposeAct(Coded):
    """An act that takes two people, word for word."""

    action = serializers.CharField(max_length=40, help_text="Such as `run.withdraw`, `role.grant` or `key.revoke`.")
    object = ProposedObject()
    terms = serializers.DictField(help_text="The whole document that the act will attach.")


class Ending(Coded):
    """An act that ends something and needs a reason alone."""
