"""A gunicorn worker that does not wait for ever: a client that sends nothing for half a minute loses its connection, and the thread is free."""

from __future__ import annotations

import socket
import struct
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

SILENCE_S = 30


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads whose reads of headers and bodies end with EAGAIN after `SILENCE_S` without a byte.

    The kernel's own timeout (SO_RCVTIMEO) is used, because gunicorn sets the socket back to blocking before each request, which clears Python's.
    """

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection."""
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENCE_S, 0))
        return super().handle(conn)
