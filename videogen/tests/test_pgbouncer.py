"""Behind a PgBouncer in transaction mode nothing is sent that it refuses, and the same timeouts hold."""

import configparser
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from videogen.testing.processes import ROOT

ASK = "import json; from django.conf import settings; print(json.dumps(settings.DATABASES))"


def databases(**environment: str) -> dict[str, dict[str, Any]]:
    """What the settings make of this environment."""
    command = [sys.executable, "-c", ASK]
    told = os.environ | {"DJANGO_SETTINGS_MODULE": "videogen.settings"} | environment
    said = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(said.stdout)
    return found


@pytest.fixture(scope="module")
def ini() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "deploy/pgbouncer.ini")
    return parser


def test_transactions_share_connections(ini: configparser.ConfigParser) -> None:
    assert ini["pgbouncer"]["pool_mode"] == "transaction"


def test_timeouts_are_those_of_the_settings(ini: configparser.ConfigParser) -> None:
    here = re.findall(r'SET (\w+) = "(\w+)"', ini["databases"]["videogen"])
    there = re.findall(r"-c (\w+)=(\w+)", settings.DATABASES["default"]["OPTIONS"]["options"])
    assert here == there


def test_no_start_up_options_and_no_cursors_of_the_server_are_used() -> None:
    replica = "postgresql://videogen@replica/videogen"
    found = databases(PGBOUNCER="1", DATABASE_REPLICA_URL=replica)
    assert set(found) == {"default", "replica"}
    for database in found.values():
        assert "options" not in database["OPTIONS"]
        assert database["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_without_it_timeouts_are_sent_at_the_start() -> None:
    assert "statement_timeout" in databases()["default"]["OPTIONS"]["options"]
