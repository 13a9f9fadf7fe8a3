"""`manage.py create_organisation`: a further organisation with its first person, whose password is printed once."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lynxweb.accounts.people import create_organisation, generated_password
from lynxweb.accounts.roles import Role
from runner.contract.problems import Problems


class Command(BaseCommand):
    """Creates an organisation as the site's operator; its first person is administrator there, or holds every role."""

    help = "Creates an organisation with its first person and prints that person's password once."

    def add_arguments(self, parser: CommandParser) -> None:
        """The organisation and its first person."""
        parser.add_argument("name", help="the organisation's name")
        parser.add_argument("--person", required=True, help="the name that its first person signs in with")
        parser.add_argument("--email", required=True, help="that person's e-mail address")
        parser.add_argument("--all-roles", action="store_true", help="every role instead of administrator alone: for an organisation of one person")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Create and print."""
        password = generated_password()
        try:
            made = create_organisation(
                name=options["name"],
                person=options["person"],
                email=options["email"],
                password=password,
                roles=tuple(Role) if options["all_roles"] else (Role.ADMINISTRATOR,),
                request_id=f"create-organisation:{secrets.token_hex(10)}",
            )
        except Problems as error:
            raise CommandError("\n".join(str(problem) for problem in error.problems)) from error
        self.stdout.write(f"organisation {made.organisation.id}\nname {made.person.name}\npassword {password} (shown this once)")
