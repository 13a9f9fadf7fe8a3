"""HTML made into a PDF: tagged for people who cannot see it, the same bytes for the same page, and nobody is asked for anything.

The one module that knows WeasyPrint, which needs Pango on the machine and at least one font; both are looked for when a page is printed first.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders

BASE = "https://static.invalid/"  # a host that no network knows (RFC 6761), for addresses within the site
VARIANT = "pdf/ua-1"
REMEDY = "install Pango (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core), then restart the site"


class CannotPrint(RuntimeError):
    """This machine lacks what makes a PDF; the text says what to install."""


def pdf(html: str, *, identifier: bytes, of: datetime) -> bytes:
    """The page as PDF/UA-1, dated `of` in whatever time it is printed; raises `CannotPrint` where Pango is missing.

    The same `html` gives the same bytes with the same versions of WeasyPrint, Pango and fonts.
    """
    weasyprint = _weasyprint()
    dated = html.replace("</head>", f'<meta name="dcterms.created" content="{of:%Y-%m-%dT%H:%M:%SZ}"></head>', 1)
    page = weasyprint.HTML(string=dated, base_url=BASE, url_fetcher=_our_own(weasyprint))
    made: bytes = page.write_pdf(pdf_variant=VARIANT, pdf_identifier=identifier)
    return made


def _weasyprint() -> Any:
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # a line for every step of every page otherwise
    try:
        import weasyprint
        import weasyprint.urls
    except (ImportError, OSError) as error:  # OSError: the library is here, Pango is not
        raise CannotPrint(f"{str(error).splitlines()[0][:200] if str(error) else 'WeasyPrint is missing'}; {REMEDY}") from error
    return weasyprint


def _our_own(weasyprint: Any) -> Any:
    """A fetcher that opens the site's static files and refuses every other address."""

    class OurOwn(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            return weasyprint.urls.URLFetcherResponse(url, static_file(url), {"Content-Type": _media_type(url)})

    return OurOwn(allowed_protocols=())


def static_file(url: str) -> bytes:
    """The bytes of a static file by its address within the site; ValueError for every other address."""
    place, ours, under = urlsplit(url), urlsplit(BASE), settings.STATIC_URL
    path = unquote(place.path)
    if (place.scheme, place.netloc) != (ours.scheme, ours.netloc) or not path.startswith(under) or ".." in path.split("/"):
        raise ValueError(f"{url[:200]}: only the site's own static files are printed")
    name = path.removeprefix(under)
    found = finders.find(name) or _collected(name)
    if not found:
        raise ValueError(f"{url[:200]}: no such static file")
    return Path(str(found)).read_bytes()


def _collected(name: str) -> Path | None:
    """A file with a hashed name, which `collectstatic` wrote."""
    root = Path(settings.STATIC_ROOT).resolve()
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _media_type(url: str) -> str:
    return {"css": "text/css", "svg": "image/svg+xml"}.get(urlsplit(url).path.rpartition(".")[2], "application/octet-stream")
