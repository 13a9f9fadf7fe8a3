"""The addresses of the machines' door, all under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated

from lynxweb.api import bundles, comparisons, declarations, nodes, nowhere, runs, versions
from lynxweb.api.deciding_urls import deciding_addresses
from lynxweb.api.governance_urls import governance_addresses
from lynxweb.api.log_urls import LOG
from lynxweb.api.people_urls import people_addresses


class DigestConverter:
    """64 lower-case hex digits in an address."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(DigestConverter, "api_digest")

urlpatterns: list[URLPattern | URLResolver] = [
    path("nodes", nodes.Nodes.as_view(), name="api-nodes"),
    path("declarations", declarations.Declarations.as_view(), name="api-declarations"),
    path("bundles", bundles.Bundles.as_view(), name="api-bundles"),
    path("runs", runs.Runs.as_view(), name="api-runs"),
    path("runs/<api_digest:digest>", runs.OneRun.as_view(), name="api-run"),
    path("runs/<api_digest:digest>/bundle", bundles.RunBundle.as_view(), name="api-run-bundle"),
    path("runs/<api_digest:digest>/files/<str:name>", bundles.RunFile.as_view(), name="api-run-file"),
    path("executors", versions.Executors.as_view(), name="api-executors"),
    path("executors/<api_digest:digest>", versions.OneExecutor.as_view(), name="api-executor"),
    path("methodologies", versions.Methodologies.as_view(), name="api-methodologies"),
    path("methodologies/<api_digest:digest>", versions.OneMethodology.as_view(), name="api-methodology"),
    path("comparisons", comparisons.Comparisons.as_view(), name="api-comparisons"),
    path("comparisons/<api_digest:digest>", comparisons.OneComparison.as_view(), name="api-comparison"),
    *LOG,
    *deciding_addresses(),
    *people_addresses(),
    *governance_addresses(),
    path("schema", SpectacularAPIView.as_view(permission_classes=[IsAuthenticated]), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema", permission_classes=[IsAuthenticated]), name="api-docs"),
    re_path("", nowhere.Nowhere.as_view(), name="api-nowhere"),
]
