"""Pages of a large table, without counting all of it."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

#: Nobody turns pages beyond this; whoever looks for something older filters or searches.
MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts up to `MOST_ROWS` and no further, so that the list costs the same however large the table."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:MOST_ROWS].count()  # type: ignore[union-attr]
