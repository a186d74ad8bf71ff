"""The cast: alice owns, mallory must never see, operator is staff."""

import pytest
from django.contrib.auth.models import User
from generations.tests.factories import UserFactory


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(username="alice")


@pytest.fixture
def mallory(db: None) -> User:
    return UserFactory(username="mallory")
