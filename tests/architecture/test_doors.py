"""The two doors, API and pages, build no queries: they call named QuerySet methods and hold no transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import hand_written, imported, is_under, place

DOORS = ("lynxweb/api", "lynxweb/pages")
BUILDS_A_QUERY = {
    *("filter", "exclude", "annotate", "aggregate", "alias", "extra", "raw", "order_by", "values", "values_list", "distinct", "only", "defer"),
    *("select_related", "prefetch_related", "select_for_update", "bulk_create", "get_or_create", "update_or_create", "cursor"),
}
OF_A_DICTIONARY_TOO = {"values"}  # dict.values() takes no argument, a query's values() says which columns
ON_THE_MANAGER = {"all", "get", "create", "update", "delete", "count", "first", "last", "exists", "in_bulk", "iterator", "none"}


def queries(name: str, source: str) -> Iterator[str]:
    """What in a module of a door builds a query, with its place."""
    tree = ast.parse(source)
    yield from (f"{name}:{line} imports {module}" for line, module in imported(tree) if is_under(module, "django.db"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _builds(node, node.func):
            yield f"{name}:{node.lineno} calls .{node.func.attr}(); name the question as a QuerySet method in its app"


def _builds(call: ast.Call, function: ast.Attribute) -> bool:
    if function.attr in OF_A_DICTIONARY_TOO:
        return bool(call.args or call.keywords)
    on_manager = isinstance(function.value, ast.Attribute) and function.value.attr == "objects"
    return function.attr in BUILDS_A_QUERY or (on_manager and function.attr in ON_THE_MANAGER)


def test_doors_build_no_queries() -> None:
    assert [line for path in hand_written(*DOORS) for line in queries(place(path), path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "Run.objects.filter(valid=True)",
        "Run.objects.standing().exclude(pk=1)",
        "Run.objects.standing().values('digest')",
        "Run.objects.get(pk=1)",
        "Run.objects.raw('select 1')",
        "from django.db.models import Q",
        "from django.db import connection",
        "import django.db",
    ],
)
def test_a_planted_query_is_found(source: str) -> None:
    assert len(list(queries("view.py", source))) == 1


def test_a_named_question_and_a_dictionary_pass() -> None:
    assert list(queries("view.py", "Run.objects.standing().comparable_groups()[:50]; POLICIES.values(); request.GET.get('q')")) == []
