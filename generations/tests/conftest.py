"""The cast: alice owns, bob shares nothing, mallory must never see, operator is staff."""

import pytest
from django.contrib.auth.models import User
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
