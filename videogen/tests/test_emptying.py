"""The tables after a test that has committed: as migrating left them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection

from videogen.testing import emptying
from videogen.testing.emptying import tables_empty

pytestmark = pytest.mark.django_db(transaction=True)


def statements(capture: Any) -> str:
    return "\n".join(query["sql"] for query in capture)


@pytest.mark.parametrize(("large_bytes", "way"), [(2**30, "DELETE FROM"), (0, "TRUNCATE")])
def test_nothing_is_left_but_what_migrating_makes(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any, large_bytes: int, way: str
) -> None:
    monkeypatch.setattr(emptying, "LARGE_BYTES", large_bytes)
    permissions = set(Permission.objects.values_list("pk", flat=True))
    user = User.objects.create(username="alice")
    user.user_permissions.add(*Permission.objects.all()[:3])
    with django_assert_max_num_queries(10) as asked:
        tables_empty()
    assert way in statements(asked)
    tables = set(connection.introspection.django_table_names(only_existing=True)) - emptying.KEPT
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            assert cursor.fetchone() == (0,)
    assert set(Permission.objects.values_list("pk", flat=True)) == permissions


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_test_that_commits_finds_no_row_of_another(attempt: int) -> None:
    assert not User.objects.exists()
    User.objects.create(username="alice")
