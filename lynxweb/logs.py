"""Log lines: one JSON object a line for machines, or plain text for people."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """One JSON object a line with UTC time, level, logger and text; a traceback becomes one string."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        line = {"time": time, "level": record.levelname.lower(), "logger": record.name, "text": record.getMessage()}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configuration(log_format: str) -> dict[str, Any]:
    """The logging settings: everything to standard output, in the form asked for (`text` or `json`)."""
    formatters = {"json": {"()": "lynxweb.logs.JsonLines"}, "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}}
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": log_format}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "handlers": {"stdout": handler},
        "root": {"handlers": ["stdout"], "level": "INFO"},
    }
