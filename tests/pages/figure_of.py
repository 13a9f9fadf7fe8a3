"""A figure of a page, read back from the JSON that travels with it."""

from __future__ import annotations

import json
import re
from typing import Any


def drawn(html: str, name: str) -> dict[str, Any]:
    """The figure called `name`."""
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None, name
    tree: dict[str, Any] = json.loads(found[1])
    return tree
