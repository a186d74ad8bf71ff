"""Alice with a key, and the operator at a desk."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_create


@pytest.fixture
def key(db: None) -> ApiKey:
    made, _ = api_key_create(user_name="alice")
    return made


@pytest.fixture
def desk(db: None) -> Client:
    """The browser of an operator who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client
