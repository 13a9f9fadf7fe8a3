"""What pip would download and how large it is, before it does. Standard library only."""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ASK_TIMEOUT_S = 8
ASKED_AT_ONCE = 12
SHOWN = 8


@dataclass(frozen=True)
class Download:
    """One file that pip would fetch; `size_bytes` is None where nobody would say."""

    name: str
    version: str
    address: str
    size_bytes: int | None


def planned(report: Mapping[str, Any]) -> list[Download]:
    """The downloads in a report of `pip install --dry-run --report`, largest first, with their sizes asked from where they lie."""
    found = [(each["metadata"]["name"], each["metadata"]["version"], each["download_info"]["url"]) for each in report["install"]]
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        sizes = pool.map(size_bytes, [address for _, _, address in found])
        downloads = [Download(*each, size) for each, size in zip(found, sizes, strict=True)]
    return sorted(downloads, key=lambda each: -(each.size_bytes or 0))


def size_bytes(address: str) -> int | None:
    """The size of the file at `address` (file: by stat, http: by a HEAD request), or None."""
    parts = urlsplit(address)
    try:
        if parts.scheme == "file":
            return Path(unquote(parts.path)).stat().st_size
        context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=ASK_TIMEOUT_S, context=context) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        return None


def megabytes(size: int | None) -> str:
    """A size people read: `12.3 MB`, or `unknown`."""
    return "unknown" if size is None else f"{size / 1e6:,.1f} MB"


def table(downloads: Iterable[Download]) -> str:
    """Total and the largest of the downloads as text."""
    listed = list(downloads)
    unknown = sum(each.size_bytes is None for each in listed)
    total = megabytes(sum(each.size_bytes or 0 for each in listed))
    lines = [f"{len(listed)} packages to install, {total} to fetch" + (f" and {unknown} of unknown size" if unknown else "")]
    lines += [f"  {each.name:<24} {each.version:<16} {megabytes(each.size_bytes):>12}" for each in listed[:SHOWN]]
    rest = listed[SHOWN:]
    if rest:
        lines.append(f"  {f'and {len(rest)} smaller ones':<41} {megabytes(sum(each.size_bytes or 0 for each in rest)):>12}")
    return "\n".join(lines)
