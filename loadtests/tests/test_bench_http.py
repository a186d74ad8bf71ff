"""The benchmark compares equals, notices wrong answers, and divides the right way round."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from rich.console import Console

from loadtests.bench_http import BODY, BRAND, poll, submission, turned
from loadtests.http_report import FORGOTTEN, Measurement, better_fastapi, ratios, report, show, verdict
from loadtests.load_generator import Plan, WrongAnswer, load
from loadtests.peers.comparing import differences, polls_compare, submissions_compare
from loadtests.peers.ground import Ground
from loadtests.peers.rows import CALLERS, STATES, rows_make
from loadtests.peers.services import FASTAPI, FORGETFUL, KINDS, OURS, services
from videogen.testing import processes

SETTINGS = {"PUBLIC_URL": "http://127.0.0.1:8000", "PUBLIC_WS_URL": "ws://127.0.0.1:8001"}
TOKENS = """
CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created timestamptz NOT NULL,
                                            user_id integer NOT NULL UNIQUE)
"""


class Answers(BaseHTTPRequestHandler):
    """Answers 200, but every tenth request by the server's `tenth`, and notes the bodies in `asked`."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(self.server.tenth if len(self.server.asked) % 10 == 0 else 200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"12345")

    do_POST = do_GET

    def log_message(self, *arguments: object) -> None:
        """Nothing: pytest would show every request."""


class Server(ThreadingHTTPServer):
    tenth = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[bytes] = []


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def plan_of(server: Server, status: int = 200) -> Plan:
    requests = [[poll("Bearer key", "1", "")], [submission("Bearer key", BODY)]]
    return Plan(port=server.server_port, requests=requests, status=status, seconds=0.2)


def test_every_answer_is_counted_and_every_submission_is_another_one(server):
    measured = load(plan_of(server))

    bodies = [body for body in server.asked if body]
    assert measured.requests == len(server.asked)
    assert len(set(bodies)) == len(bodies) > 1
    assert 0 < measured.p50_ms <= measured.p95_ms <= measured.p99_ms


def test_one_wrong_status_ends_the_measurement(server):
    server.tenth = 503

    with pytest.raises(WrongAnswer, match=r"200 was expected: .*503"):
        load(plan_of(server))


def test_the_process_of_the_generator_fails_at_a_wrong_status(server):
    asked = json.dumps(asdict(plan_of(server, status=202)))
    argv = [sys.executable, "-m", "loadtests.load_generator"]

    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1 and "202 was expected" in done.stderr and not done.stdout


def measurement(service: str, number: int, per_second: float, scenario: str = "poll") -> Measurement:
    return Measurement(service, scenario, number, 100, per_second, 1.0, 2.0, 3.0, 0.5, 0.7, 0.1)


MEASURED = [
    *[measurement("ours", number, rate) for number, rate in enumerate([1000, 1200, 900], start=1)],
    *[measurement("fastapi-sync", number, rate) for number, rate in enumerate([100, 300, 100], start=1)],
    *[measurement("fastapi-async", number, rate) for number, rate in enumerate([200, 150, 180], start=1)],
]


def test_a_ratio_is_ours_by_the_peers_of_the_same_round():
    assert ratios(MEASURED, "poll", "fastapi-sync") == [10, 4, 9]
    assert ratios(MEASURED, "poll", "fastapi-async") == [5, 8, 5]


def test_we_are_judged_by_the_fastapi_service_with_the_higher_median():
    assert better_fastapi(MEASURED, "poll") == "fastapi-async"
    assert better_fastapi([measurement("ours", 1, 1000)], "poll") is None


@pytest.mark.parametrize("rate, is_kept", [(180 * 5, True), (180 * 5 - 1, False)])
def test_less_than_five_times_its_polls_is_not_enough(rate, is_kept):
    ours = [measurement("ours", 1, rate)]

    result = report([*ours, measurement("fastapi-async", 1, 180)])

    assert verdict(result, "poll").is_kept == is_kept


def test_what_is_not_remembered_has_a_ratio_of_its_own_and_no_limit(capsys):
    rates = {"poll": 100, FORGOTTEN: 500, "unchanged": 100, "submission": 100}
    ours = [measurement("ours", 1, 1000, scenario) for scenario in rates]
    peer = [measurement("fastapi-async", 1, rate, scenario) for scenario, rate in rates.items()]

    assert show(Console(width=200), report([*ours, *peer])) == 0
    out = capsys.readouterr().out
    assert "✓ 10.00 times fastapi-async; limit 5" in out
    assert "2.00 times fastapi-async, each of our polls from PostgreSQL; no limit" in out


def test_two_answers_differ_where_a_field_does_and_not_by_a_second_of_the_clock():
    one = {"id": "1", "eta_seconds": 60, "cost": {"actual_usd": "1.000000"}}

    assert differences(json.dumps(one), json.dumps(one | {"eta_seconds": 59})) == []
    assert differences(json.dumps(one), json.dumps(one | {"eta_seconds": 50})) == ["eta_seconds"]
    assert differences(json.dumps(one), json.dumps(one | {"cost": {}, "more": None})) == ["cost", "more"]


def test_each_round_begins_with_another_service():
    assert [turned(["a", "b", "c"], number)[0] for number in range(4)] == ["a", "b", "c", "a"]


@pytest.fixture
def stands(transactional_db: None) -> Iterator[Ground]:
    """The test's own database, with few rows, and the table of DRF's tokens."""
    with connection.cursor() as cursor:
        cursor.execute(TOKENS)
        callers = rows_make(cursor, own=CALLERS * len(STATES), others=20)
    yield Ground(processes.process_environment(**SETTINGS), callers, [])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE authtoken_token")


def test_all_services_answer_and_write_the_same(stands):
    with services([KINDS[name] for name in (OURS, FORGETFUL, *FASTAPI, "drf")], stands) as started:
        polls_compare(started, stands)
        submissions_compare(started, stands, BODY | {"brand": BRAND})
        submissions_compare(started, stands, BODY)
