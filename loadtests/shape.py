"""Has Locust play as many users as a scenario wants at each moment."""

from typing import ClassVar

from locust import LoadTestShape

from loadtests.scenarios import Scenario


class ScenarioShape(LoadTestShape):
    """Locust asks once a second."""

    scenario: ClassVar[Scenario]

    def tick(self) -> tuple[int, float] | None:
        users = self.scenario.users_at(self.get_run_time())
        if users is None:
            return None
        total = users + self.scenario.subscribers
        return total, max(10, total)
