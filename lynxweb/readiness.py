"""What the site needs to do its work: each part answers `ok`, or what is wrong with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from lynxweb.celery import app

LEAST_FREE_BYTES = 256 * 1024 * 1024


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return "ok" if not waiting else f"{waiting} migrations wait: run manage.py migrate"


def _broker() -> str:
    if str(settings.CELERY_BROKER_URL).startswith("filesystem"):
        return "ok" if os.access(settings.BROKER_FOLDER, os.W_OK | os.X_OK) else "the broker folder is not writable"
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "ok"


def _disk() -> str:
    free = shutil.disk_usage(settings.ENVIRONMENT.home).free
    return "ok" if free >= LEAST_FREE_BYTES else f"{free // 2**20} MiB free, {LEAST_FREE_BYTES // 2**20} needed"


def _storage() -> str:
    settings.LYNXWEB_STORAGE.mkdir(parents=True, exist_ok=True)
    return "ok" if os.access(settings.LYNXWEB_STORAGE, os.W_OK | os.X_OK) else "the storage folder is not writable"


PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "disk": _disk,
    "storage": _storage,
}
