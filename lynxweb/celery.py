"""The site's Celery application: tasks take an id, do one act, and are sent after the commit of what caused them."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
app = Celery("lynxweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
