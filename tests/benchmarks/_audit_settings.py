"""The site's settings with a second database beside the first: the same log on SQLite (`default`) and on PostgreSQL (`postgresql`)."""

import os

from lynxweb import env, settings
from lynxweb.settings import *  # noqa: F403

DATABASES = {"default": settings.DATABASES["default"], "postgresql": settings._database(env.database(os.environ["AUDIT_LOG_POSTGRESQL"]))}
