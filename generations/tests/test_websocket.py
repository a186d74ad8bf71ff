"""The sockets as their clients meet them: a real uvicorn, a real Redis, and nothing between."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgpack
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from websockets.sync.client import ClientConnection

from generations.models import Generation
from generations.services.events import event_record, group_name, percentage_publish
from generations.tests.factories import GenerationFactory
from generations.tests.sockets import (
    hear,
    hear_close,
    hear_events,
    open_socket,
    say,
    websocket_server,
    with_key,
)
from videogen.accounts.services import api_key_create, api_key_revoke
from videogen.accounts.tickets import ticket_create
from videogen.kernel.channel import PREFIX
from videogen.kernel.redis import queue_redis

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with websocket_server() as url:
        yield url


@pytest.fixture
def secret(alice: User) -> str:
    return api_key_create(user_name="alice")[1]


@pytest.fixture
def generation(alice: User) -> Generation:
    made = GenerationFactory(owner=alice)
    for _ in range(3):
        event_record(generation=made, type="stage.started")
    return made


@pytest.fixture
def follower(server: str, secret: str, generation: Generation) -> Iterator[ClientConnection]:
    """Alice follows her generation and has heard all that has happened."""
    with open_socket(f"{server}/ws/generations/{generation.pk}", with_key(secret)) as client:
        assert hear(client)["type"] == "snapshot"
        assert hear_events(client, 3) == [1, 2, 3]
        yield client


# What is heard


def test_a_follower_first_hears_where_it_stands_then_every_event(
    server: str, secret: str, generation: Generation
) -> None:
    with open_socket(f"{server}/ws/generations/{generation.pk}", with_key(secret)) as client:
        snapshot = hear(client)
        events = [hear(client) for _ in range(3)]
    assert (snapshot["type"], snapshot["status"], snapshot["sequence"]) == ("snapshot", "queued", 3)
    assert events == [event.as_message() for event in generation.events.all()]


def test_who_comes_back_hears_only_what_is_new(server: str, secret: str, generation: Generation) -> None:
    with open_socket(f"{server}/ws/generations/{generation.pk}?after=2", with_key(secret)) as client:
        assert hear_events(client, 1) == [3]


def test_a_number_from_the_future_hides_nothing(server: str, secret: str, generation: Generation) -> None:
    with open_socket(f"{server}/ws/generations/{generation.pk}?after=900", with_key(secret)) as client:
        assert hear(client)["type"] == "snapshot"
        event_record(generation=generation, type="stage.started")
        assert hear_events(client, 1) == [4]


def test_an_event_is_heard_as_it_happens(follower: ClientConnection, generation: Generation) -> None:
    event = event_record(generation=generation, type="stage.started", stage="clip", position=2)
    assert hear(follower, seconds=0.5) == event.as_message()


def test_movement_between_events_has_no_number(follower: ClientConnection, generation: Generation) -> None:
    percentage_publish(
        generation_id=generation.pk, percentage=41, eta_seconds=9, stage="clip", position=1, done=50
    )
    message = hear(follower)
    assert (message["type"], message["percentage"], message["stage_percentage"]) == ("percentage", 41, 50)
    assert "sequence" not in message


def test_an_event_whose_hint_was_lost_is_heard_with_the_next(
    follower: ClientConnection, generation: Generation
) -> None:
    unheard(generation)
    event_record(generation=generation, type="stage.started")
    assert hear_events(follower, 2) == [4, 5]


def test_a_lost_hint_is_found_without_a_next_one(follower: ClientConnection, generation: Generation) -> None:
    unheard(generation)
    assert hear_events(follower, 1) == [4]


def unheard(generation: Generation) -> None:
    """An event whose hint gets lost."""
    generation.events.create(sequence=4, type="stage.started", status="processing", percentage=10)
    generation.last_sequence = 4
    generation.save(update_fields=["last_sequence"])


def of_another_version(kind: str, inner: str, **fields: Any) -> Callable[[str], bytes]:
    """Makes a hint about the generation with this id."""
    outer = f"progress.{kind}"
    return lambda pk: msgpack.packb({"type": outer, inner: {"type": kind, "generation_id": pk, **fields}})


MISREAD: dict[str, Callable[[str], bytes]] = {
    "empty": lambda pk: b"",
    "not msgpack": lambda pk: b"\xc1",
    "a number": lambda pk: msgpack.packb(7),
    "no event": lambda pk: msgpack.packb({"type": "progress.event", "event": pk}),
    "an event without a number": of_another_version("event", "event"),
    "an event with another number": of_another_version("event", "event", sequence="4"),
    "a percentage without a stage": of_another_version("percentage", "message", percentage=1),
    "a percentage in words": of_another_version(
        "percentage", "message", percentage="1", stage="clip", position=1
    ),
}


@pytest.mark.parametrize("hint", MISREAD.values(), ids=MISREAD)
def test_a_hint_that_is_not_understood_disturbs_nobody(
    follower: ClientConnection, generation: Generation, hint: Callable[[str], bytes]
) -> None:
    publish(generation, hint(str(generation.pk)))
    percentage_publish(
        generation_id=generation.pk, percentage=41, eta_seconds=9, stage="clip", position=1, done=50
    )
    assert hear(follower)["percentage"] == 41  # Not stored, so no row brought it.


def publish(generation: Generation, hint: bytes) -> None:
    """Something in the generation's group."""
    group = f"{PREFIX}__group__{group_name(generation.pk)}"
    assert queue_redis().publish(group, hint) == 1


def test_a_burst_is_heard_without_gap_or_repeat_by_who_keeps_reconnecting(
    server: str, secret: str, generation: Generation
) -> None:
    heard: list[int] = []
    for burst in range(5):
        after = heard[-1] if heard else 0
        with open_socket(
            f"{server}/ws/generations/{generation.pk}?after={after}", with_key(secret)
        ) as client:
            for _ in range(100):
                event_record(generation=generation, type="stage.started")
            heard += hear_events(client, 60 + burst)
    assert heard == list(range(1, 5 * 60 + 10 + 1))


def test_the_socket_stays_open_after_the_end_and_hears_a_retry(
    follower: ClientConnection, generation: Generation
) -> None:
    event_record(generation=generation, type="generation.failed")
    event_record(generation=generation, type="generation.retried")
    assert hear_events(follower, 2) == [4, 5]


def test_an_idle_socket_lives(follower: ClientConnection, generation: Generation) -> None:
    with pytest.raises(TimeoutError):
        follower.recv(timeout=7)  # redis-py 8 gives up on a silent connection after 5.
    event_record(generation=generation, type="stage.started")
    assert hear_events(follower, 1) == [4]


# One socket for many


def test_one_socket_follows_many_and_leaves_them(server: str, secret: str, alice: User) -> None:
    first, second = GenerationFactory.create_batch(2, owner=alice)
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        for generation in (first, second):
            say(client, type="subscribe", generation_id=str(generation.pk))
            assert hear(client)["generation_id"] == str(generation.pk)
        say(client, type="unsubscribe", generation_id=str(first.pk))
        assert hear(client) == {"type": "unsubscribed", "generation_id": str(first.pk)}
        event_record(generation=first, type="stage.started")
        event_record(generation=second, type="stage.started")
        assert hear(client)["generation_id"] == str(second.pk)


def test_subscribing_again_replays_from_the_number_given(
    server: str, secret: str, generation: Generation
) -> None:
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        for after, expected in ((0, [1, 2, 3]), (1, [2, 3])):
            say(client, type="subscribe", generation_id=str(generation.pk), after=after)
            assert hear_events(client, len(expected)) == expected


def test_a_ping_is_answered(server: str, secret: str) -> None:
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        say(client, type="ping")
        assert hear(client) == {"type": "pong"}


def test_the_101st_subscription_is_refused_and_the_others_live(server: str, secret: str, alice: User) -> None:
    generations = GenerationFactory.create_batch(101, owner=alice)
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        for generation in generations:
            say(client, type="subscribe", generation_id=str(generation.pk))
        answers = [hear(client) for _ in generations]
        assert [answer["type"] for answer in answers] == ["snapshot"] * 100 + ["error"]
        event_record(generation=generations[0], type="stage.started")
        assert hear_events(client, 1) == [1]


def test_a_malformed_message_is_answered_and_the_socket_stays_open(server: str, secret: str) -> None:
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        client.send("{")
        assert (hear(client)["type"], client.close_code) == ("error", None)
        say(client, type="ping")
        assert hear(client) == {"type": "pong"}


def test_many_malformed_messages_close_the_socket(server: str, secret: str) -> None:
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        for _ in range(21):
            client.send(b"\0")
        assert hear_close(client)[0] == 4400


def test_a_generation_that_is_deleted_is_said_to_be(
    follower: ClientConnection, generation: Generation
) -> None:
    generation.delete()
    assert hear(follower)["code"] == "deleted"


# Who may


def test_somebody_elses_generation_does_not_exist(server: str, mallory: User, generation: Generation) -> None:
    secret = api_key_create(user_name="mallory")[1]
    with open_socket(f"{server}/ws/generations/{generation.pk}", with_key(secret)) as client:
        assert hear_close(client) == (4404, "There is no such generation.")
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        say(client, type="subscribe", generation_id=str(generation.pk))
        assert hear(client)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/ws/generations/seven", "/ws/generations/", "/ws", "/ws/generations/1/2"])
def test_a_path_that_is_none_says_so(server: str, secret: str, path: str) -> None:
    with open_socket(f"{server}{path}", with_key(secret)) as client:
        assert hear_close(client)[0] == 4404


@pytest.mark.parametrize("query", ["", "?ticket=stale", "?ticket="])
def test_a_stranger_hears_4401(server: str, alice: User, query: str) -> None:
    with open_socket(f"{server}/ws/generations{query}") as client:
        assert hear_close(client)[0] == 4401


@pytest.mark.parametrize("name", ["key", "token", "api_key", "Access_Token"])
def test_a_key_in_the_address_is_refused_even_with_a_good_header(server: str, secret: str, name: str) -> None:
    with open_socket(f"{server}/ws/generations?{name}={secret}", with_key(secret)) as client:
        code, reason = hear_close(client)
    assert code == 4401
    assert "URL" in reason


def test_an_expired_key_is_refused(server: str, alice: User) -> None:
    past = timezone.now() - timedelta(seconds=1)
    secret = api_key_create(user_name="alice", expires_at=past)[1]
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        assert hear_close(client)[0] == 4401


def test_a_key_that_may_not_read_is_refused(server: str, alice: User) -> None:
    secret = api_key_create(user_name="alice", scopes=["write"])[1]
    with open_socket(f"{server}/ws/generations", with_key(secret)) as client:
        assert hear_close(client)[0] == 4403


def test_a_key_that_is_revoked_meanwhile_ends_its_socket(
    server: str, alice: User, generation: Generation
) -> None:
    key, secret = api_key_create(user_name="alice")
    with open_socket(f"{server}/ws/generations/{generation.pk}", with_key(secret)) as client:
        assert hear_events(client, 3) == [1, 2, 3]
        api_key_revoke(key=key)
        assert hear_close(client)[0] == 4401


def test_a_ticket_opens_one_socket(server: str, alice: User, generation: Generation) -> None:
    url = f"{server}/ws/generations/{generation.pk}?ticket={ticket_create(alice, None)}"
    with open_socket(url, origin="https://dashboard.example") as client:
        assert hear_events(client, 3) == [1, 2, 3]
    with open_socket(url) as client:
        assert hear_close(client)[0] == 4401


@pytest.mark.parametrize(
    ("origin", "code"),
    [("https://evil.example", 4403), ("null", 4403), (None, 4403), ("http://127.0.0.1.evil.example", 4403)],
)
def test_a_session_opens_no_socket_for_the_page_of_another(
    server: str, alice: User, origin: str | None, code: int
) -> None:
    with open_socket(f"{server}/ws/generations", session_of(alice), origin=origin) as client:
        assert hear_close(client)[0] == code


def test_a_session_opens_a_socket_for_our_own_page(server: str, alice: User, generation: Generation) -> None:
    url = f"{server}/ws/generations/{generation.pk}"
    with open_socket(url, session_of(alice), origin=PAGE) as client:
        assert hear_events(client, 3) == [1, 2, 3]


def test_a_session_that_has_ended_opens_no_socket(server: str, alice: User) -> None:
    cookie = session_of(alice)
    alice.set_password("another")  # Ends all sessions.
    alice.save()
    with open_socket(f"{server}/ws/generations", cookie, origin=PAGE) as client:
        assert hear_close(client)[0] == 4401


def session_of(user: User) -> dict[str, str]:
    browser = Client()
    browser.force_login(user)
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
