#!/usr/bin/env python
"""The site's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run one command; nonsense in the environment is one line on stderr and exit status 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is missing: run `make run` or `make test` once, they make .venv, and use .venv/bin/python manage.py")
    from lynxweb.env import Nonsense

    try:
        execute_from_command_line(sys.argv)
    except Nonsense as error:
        print(f"lynxweb: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
