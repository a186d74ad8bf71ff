"""Users of the API: 30 % look at its health, 20 % submit, 50 % poll; and subscribers. A wrong answer fails.

`make loadtest SCENARIO=baseline` plays a scenario of `scenarios.toml`. Locust alone can play the
same users against any stack: `locust --locustfile loadtests/locustfile.py --host http://… --users 5`.
"""

import os
from pathlib import Path
from typing import Any

from locust import events
from locust.env import Environment

from loadtests import shape
from loadtests.recording import Recorder
from loadtests.scenarios import Scenario
from loadtests.users.health import HealthUser
from loadtests.users.polling import PollingUser
from loadtests.users.submitting import SubmittingUser
from loadtests.users.subscribing import SubscribingUser
from loadtests.users.target import target_find

#: Locust plays whatever users it finds among a locustfile's names.
USERS = [HealthUser, SubmittingUser, PollingUser, SubscribingUser]

events.init.add_listener(target_find)

if played := os.environ.get("LOADTEST_SCENARIO"):
    Shape = shape.ScenarioShape  # Likewise; without it Locust's own options say how many users there are.
    Shape.scenario = Scenario.model_validate_json(played)
    SubscribingUser.fixed_count = Shape.scenario.subscribers


@events.init.add_listener
def record(environment: Environment, **options: Any) -> None:
    if directory := os.environ.get("LOADTEST_RECORDS"):
        Recorder(environment, Path(directory))
