"""The cast: alice owns, bob shares nothing, mallory must never see, operator is staff."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from generations.models import Generation
from generations.tests.clients import JsonClient, client_of
from generations.tests.factories import GenerationFactory, UserFactory


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(username="alice")


@pytest.fixture
def bob(db: None) -> User:
    return UserFactory(username="bob")


@pytest.fixture
def mallory(db: None) -> User:
    return UserFactory(username="mallory")


@pytest.fixture
def operator(db: None) -> User:
    return UserFactory(username="operator", is_staff=True)


@pytest.fixture
def api(alice: User) -> JsonClient:
    """Alice, with a real key."""
    return client_of(alice)


@pytest.fixture
def mallory_api(mallory: User) -> JsonClient:
    return client_of(mallory)


@pytest.fixture
def generation(alice: User) -> Generation:
    return GenerationFactory(owner=alice)


@pytest.fixture
def desk(operator: User) -> Client:
    """The browser of an operator who may do everything."""
    operator.is_superuser = True
    operator.save()
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def staff_with(mallory: User) -> Callable[..., Client]:
    """A staff user's browser, with these permissions and no others."""

    def login(*codenames: str) -> Client:
        mallory.is_staff = True
        mallory.save()
        mallory.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(mallory)
        return client

    return login
