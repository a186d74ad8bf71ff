"""A load balancer: asks whether the service is well, all the time."""

from locust import between, task

from loadtests.users.api_user import ApiUser
from loadtests.users.http import Answer


class HealthUser(ApiUser):
    weight = 3
    wait_time = between(0.01, 0.05)

    @task
    def look(self) -> None:
        self.ask("GET", "/health", complaint, name="/health")


def complaint(answer: Answer) -> str:
    return "" if answer.status == 200 and answer.json()["status"] == "ok" else "not well"
