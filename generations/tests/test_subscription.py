"""What one socket is told about one generation: in order, nothing twice, nothing left out."""

from uuid import UUID

from generations.realtime.subscription import HINTS_REMEMBERED, Message, Subscription


def subscription(*, after: int = 0) -> Subscription:
    made = Subscription(UUID(int=1), after=after)
    made.behind = False
    return made


def event(sequence: int, percentage: int = 0) -> Message:
    return {"type": "event", "sequence": sequence, "percentage": percentage}


def movement(percentage: int, position: int | None = None) -> Message:
    return {"type": "percentage", "stage": "clip", "position": position, "percentage": percentage}


def numbers(messages: list[Message]) -> list[int]:
    return [message.get("sequence", 0) for message in messages]


def test_a_new_subscription_reads_rows_before_it_believes_hints() -> None:
    new = Subscription(UUID(int=1), after=0)
    new.hear_event(event(1))
    assert list(new.take()) == []


def test_the_next_event_is_sent_as_it_was_heard() -> None:
    following = subscription(after=4)
    following.hear_event(event(5))
    assert list(following.take()) == [event(5)]
    assert not following.behind


def test_an_event_that_was_sent_is_not_sent_again() -> None:
    following = subscription(after=5)
    following.hear_event(event(5))
    assert list(following.take()) == []


def test_a_missing_number_sends_it_to_the_rows() -> None:
    following = subscription(after=4)
    following.hear_event(event(6))
    assert list(following.take()) == []
    assert following.behind
    assert numbers(list(following.advance([event(5), event(6)]))) == [5, 6]


def test_rows_that_were_heard_meanwhile_are_not_sent_again() -> None:
    following = Subscription(UUID(int=1), after=0)
    following.hear_event(event(2))
    sent = list(following.advance([event(1), event(2)]))
    following.behind = False
    assert numbers(sent + list(following.take())) == [1, 2]


def test_a_newer_number_in_the_database_sends_it_to_the_rows() -> None:
    following = subscription(after=4)
    following.hear_sequence(4)
    assert not following.behind
    following.hear_sequence(5)
    assert following.behind


def test_only_the_newest_word_on_a_clip_is_kept() -> None:
    following = subscription()
    for percentage in (10, 11, 12):
        following.hear_percentage(movement(percentage, position=1))
    following.hear_percentage(movement(13, position=2))
    assert list(following.take()) == [movement(12, position=1), movement(13, position=2)]


def test_the_percentage_never_goes_back() -> None:
    following = subscription()
    following.hear_event(event(1, percentage=40))
    following.hear_percentage(movement(39))
    assert [message["percentage"] for message in following.take()] == [40, 40]


def test_it_remembers_a_bounded_number_of_hints_and_reads_the_rest() -> None:
    following = subscription()
    for number in range(1, 10 * HINTS_REMEMBERED):
        following.hear_event(event(number))
        following.hear_percentage(movement(1, position=number))
    assert len(following._waiting) <= HINTS_REMEMBERED
    assert following.behind
