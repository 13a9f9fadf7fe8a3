"""The site's own settings with one more address: a bare multipart upload that keeps the file and nothing else."""

from __future__ import annotations

from lynxweb.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks._intake_urls"
