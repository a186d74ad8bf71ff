"""Pages of a large table, without counting all of it."""

from typing import cast

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

#: Nobody turns pages beyond this; whoever looks for something older filters or searches.
MOST_ROWS = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # Generic for the stubs alone.
    """Counts up to `MOST_ROWS` and no further, so that the list costs the same however large the table."""

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Model], self.object_list)
        return rows.order_by()[:MOST_ROWS].count()
