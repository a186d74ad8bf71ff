"""What operators see of keys and budgets, and the one thing that they can change."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from videogen.accounts.budgets import budget_reserve, budget_spend
from videogen.accounts.models import ApiKey, Budget
from videogen.accounts.services import api_key_create, api_key_limit, api_key_revoke

pytestmark = pytest.mark.django_db

KEYS, BUDGETS = "admin:accounts_apikey_changelist", "admin:accounts_budget_changelist"


def page_of(key: ApiKey) -> str:
    return reverse("admin:accounts_apikey_change", args=[key.pk])


def cells(desk: Client, url: str) -> list[list[str]]:
    """The text of each cell, row by row."""
    html = desk.get(url).content.decode()
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in body.split("</tr>")[:-1]]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows]


# Keys


def test_the_list_of_keys_shows_limit_spent_and_reserved(desk: Client, key: ApiKey) -> None:
    api_key_limit(key=key, monthly_limit_usd=Decimal(50))
    budget_spend(key_id=key.pk, amount_usd=Decimal("12.5"), on=timezone.now().date())
    budget_reserve(key=key, amount_usd=Decimal(2), on=timezone.now().date())
    (row,) = cells(desk, reverse(KEYS))
    assert [cell for cell in row if cell.startswith("$")] == ["$50.00", "$12.50", "$2.00"]


def test_what_was_spent_in_another_month_is_not_shown(desk: Client, key: ApiKey) -> None:
    budget_spend(key_id=key.pk, amount_usd=Decimal(9), on=timezone.now().date() - timedelta(days=40))
    (row,) = cells(desk, reverse(KEYS))
    assert "$9.00" not in row


def test_the_list_of_keys_costs_the_same_for_one_and_for_ten(
    desk: Client, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        api_key_create(user_name=f"user-{number}")
    with django_assert_max_num_queries(6):
        assert len(cells(desk, reverse(KEYS))) == 11


@pytest.mark.parametrize("text, limit", [("25", Decimal(25)), ("0", Decimal(0)), ("", None)])
def test_the_limit_of_a_key_can_be_set(desk: Client, key: ApiKey, text: str, limit: Decimal | None) -> None:
    api_key_limit(key=key, monthly_limit_usd=Decimal(7))
    assert desk.post(page_of(key), {"monthly_limit_usd": text}).status_code == 302
    key.refresh_from_db()
    assert key.monthly_limit_usd == limit


@pytest.mark.parametrize("text", ["-1", "many", "NaN", "1e12", "0.000000001"])
def test_a_limit_that_is_none_is_refused(desk: Client, key: ApiKey, text: str) -> None:
    assert b"errorlist" in desk.post(page_of(key), {"monthly_limit_usd": text}).content
    key.refresh_from_db()
    assert key.monthly_limit_usd is None


def test_nothing_else_of_a_key_can_be_changed(desk: Client, key: ApiKey) -> None:
    desk.post(page_of(key), {"monthly_limit_usd": "5", "name": "mine", "scopes": "[]", "secret_hash": "x"})
    changed = ApiKey.objects.get()
    assert (changed.name, changed.scopes, changed.secret_hash) == (key.name, key.scopes, key.secret_hash)


def test_setting_a_limit_does_not_undo_what_happened_meanwhile(
    desk: Client, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(**change: object) -> None:
        api_key_revoke(key=ApiKey.objects.get())
        api_key_limit(**change)  # type: ignore[arg-type]

    monkeypatch.setattr("videogen.accounts.admin.api_key.api_key_limit", meanwhile)
    desk.post(page_of(key), {"monthly_limit_usd": "5"})
    key.refresh_from_db()
    assert (key.monthly_limit_usd, key.revoked_at is None) == (5, False)


def test_who_may_only_look_sets_no_limit(client: Client, key: ApiKey) -> None:
    mallory = User.objects.create_user("mallory", is_staff=True)
    mallory.user_permissions.set(Permission.objects.filter(codename__in=["view_apikey", "view_budget"]))
    client.force_login(mallory)
    assert client.get(page_of(key)).status_code == 200
    assert client.post(page_of(key), {"monthly_limit_usd": "5"}).status_code == 403


def test_keys_are_revoked_in_bulk(desk: Client, key: ApiKey) -> None:
    desk.post(reverse(KEYS), {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at is not None


# Budgets


def test_days_and_months_are_listed_with_limit_and_what_is_left(
    desk: Client, key: ApiKey, settings: Settings
) -> None:
    settings.DAILY_BUDGET_USD, today = Decimal(20), timezone.now().date()
    api_key_limit(key=key, monthly_limit_usd=Decimal(100))
    budget_spend(key_id=key.pk, amount_usd=Decimal(3), on=today)
    budget_reserve(key=key, amount_usd=Decimal(1), on=today)
    shown = cells(desk, reverse(BUDGETS))
    assert [f"{today}", "everybody", "$3.00", "$1.00", "$20.00", "$16.00"] in shown
    assert [f"{today:%Y-%m}", "alice", "$3.00", "$1.00", "$100.00", "$96.00"] in shown


def test_nothing_is_left_of_a_day_that_is_over(desk: Client, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = Decimal(20)
    budget_spend(key_id=None, amount_usd=Decimal(3), on=timezone.now().date() - timedelta(days=1))
    (row,) = cells(desk, reverse(BUDGETS))
    assert row[2:] == ["$3.00", "$0.00", "$20.00", "—"]


def test_what_a_deleted_key_has_spent_stays(desk: Client, key: ApiKey) -> None:
    budget_spend(key_id=key.pk, amount_usd=Decimal(3), on=timezone.now().date())
    number = key.pk
    key.delete()
    assert f"key {number}, deleted" in [row[1] for row in cells(desk, reverse(BUDGETS))]


def test_nobody_adds_edits_or_deletes_a_budget(desk: Client, key: ApiKey) -> None:
    budget_spend(key_id=key.pk, amount_usd=Decimal(3), on=timezone.now().date())
    row = Budget.objects.first()
    assert row is not None
    urls = [reverse(f"admin:accounts_budget_{page}", args=[row.pk]) for page in ("change", "delete")]
    assert desk.get(urls[0]).status_code == 200
    assert [desk.post(url, {"spent_usd": "0"}).status_code for url in urls] == [403, 403]
    assert desk.get(reverse("admin:accounts_budget_add")).status_code == 403
