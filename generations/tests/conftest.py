"""The cast: alice owns, mallory must never see, operator is staff."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from generations.tests.factories import UserFactory


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(username="alice")


@pytest.fixture
def mallory(db: None) -> User:
    return UserFactory(username="mallory")


@pytest.fixture
def operator(db: None) -> User:
    return UserFactory(username="olivia", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(operator: User) -> Client:
    """The operator's browser."""
    client = Client()
    client.force_login(operator)
    return client
