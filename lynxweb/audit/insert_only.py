"""Models whose rows are inserted and never changed: the code half of what `guards` enforces in the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.core.checks import CheckMessage, Error
from django.db import models

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class AppendOnly(TypeError):
    """Somebody tried to change or remove a row of an insert-only table."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: rows of this table are never changed; insert a new version instead")


class InsertOnlyQuerySet(models.QuerySet[Row_co]):
    """A QuerySet that reads and inserts, and has no way to change or remove."""

    def update(self, **_values: Any) -> NoReturn:
        """Always refuses."""
        raise AppendOnly("update")

    def delete(self) -> NoReturn:
        """Always refuses."""
        raise AppendOnly("delete")

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise AppendOnly("delete")

    def bulk_create(self, *_rows: Any, **_options: Any) -> NoReturn:
        """Always refuses: rows enter one at a time, through their act."""
        raise AppendOnly("bulk_create")

    def bulk_update(self, *_rows: Any, **_options: Any) -> NoReturn:
        """Always refuses."""
        raise AppendOnly("bulk_update")

    def update_or_create(self, *_defaults: Any, **_values: Any) -> NoReturn:
        """Always refuses."""
        raise AppendOnly("update_or_create")


class InsertOnly(models.Model):
    """A row that is saved once; a second save and every delete are refused. Each model names its own `InsertOnlyQuerySet`."""

    class Meta:
        abstract = True

    def save(
        self, *, force_insert: Any = True, force_update: bool = False, using: str | None = None, update_fields: Iterable[str] | None = None
    ) -> None:
        """Insert this row; refuses a second time."""
        if not self._state.adding or force_update or update_fields is not None:
            raise AppendOnly("save")
        super().save(force_insert=True, using=using)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        """Always refuses."""
        raise AppendOnly("delete")

    @classmethod
    def check(cls, **options: Any) -> list[CheckMessage]:
        """Django's own checks, and audit.E005 for a model whose manager could change rows."""
        found = super().check(**options)
        if not isinstance(cls._default_manager.get_queryset(), InsertOnlyQuerySet):
            found.append(Error("an insert-only model needs an InsertOnlyQuerySet as its manager", obj=cls, id="audit.E005"))
        return found
