"""What the tests of the project share."""

from videogen.testing.away import away_database as away_database
from videogen.testing.away import away_redis as away_redis
from videogen.tests.downloads import fetch as fetch
from videogen.tests.downloads import refusal as refusal
