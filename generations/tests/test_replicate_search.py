"""A lost submission is sought among the predictions that Replicate lists."""

from datetime import UTC, datetime, timedelta

import pytest

from generations.providers.base import Job, Sought
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import answer, looked, replicate_service

VEO = "google/veo-3.1"
JOB = Job("p1", VEO)
CLIP = "https://replicate.delivery/x/clip.mp4"
HOOK = "https://us.example/hooks/replicate/token-1"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

provider = ReplicateProvider()


@pytest.fixture
def service(settings):
    with replicate_service(settings) as service:
        yield service


INPUT = {"prompt": "A red cup", "seed": 7}
SOUGHT = Sought(token="token-1", model=VEO, input=INPUT, sent_at=NOW)


def item(job_id="p1", *, seconds=1, **changes):
    at = (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return {"id": job_id, "model": VEO, "input": INPUT, "created_at": at} | changes


def find(service, *pages):
    last = len(pages) - 1
    nexts = [
        None if page == last else "https://elsewhere.example/v1/predictions?cursor=abc"
        for page in range(last + 1)
    ]
    service.answers = [
        answer(200, {"results": page, "next": following})
        for page, following in zip(pages, nexts, strict=True)
    ]
    found = looked(provider, lambda client: provider.find(SOUGHT, client))
    return (found.job.job_id if found.job else None, found.is_certain)


OTHER = item("p0", input={"prompt": "A blue cup", "seed": 7})
OLD = item("p9", seconds=-61)
ABSENT, DOUBTFUL = (None, True), (None, False)
LISTS = {
    "nothing": ([], ABSENT),
    "it": ([item()], ("p1", False)),
    "it among others": ([OTHER, item(), OLD], ("p1", False)),
    "with defaults added": ([item(input=INPUT | {"resolution": "720p"})], ("p1", False)),
    "only others": ([OTHER, OLD], ABSENT),
    "of another model": ([item(model="google/veo-3.1-fast")], ABSENT),
    "too old": ([item(seconds=-61)], ABSENT),
    "too new": ([item(seconds=200)], ABSENT),
    "a clock that is wrong": ([item(seconds=-50)], ("p1", False)),
    "two alike": ([item("p2"), item("p1")], DOUBTFUL),
    "one without its input": ([item(input={}, data_removed=True)], DOUBTFUL),
    "it, and one without its input": ([item("p2", input=None), item()], DOUBTFUL),
    "one without a time": ([item(created_at=None)], DOUBTFUL),
    "no object": (["p1"], DOUBTFUL),
    "by webhook": ([item("p2"), item("p1", webhook=f"{HOOK}?x=1")], ("p1", False)),
    "with the webhook of another": ([item(webhook="https://us.example/hooks/replicate/token-2")], ABSENT),
}


@pytest.mark.parametrize("page, expected", LISTS.values(), ids=LISTS)
def test_a_lost_submission_is_sought_in_the_list(service, page, expected):
    assert find(service, page) == expected


def test_the_search_turns_pages_and_asks_only_replicate(service):
    assert find(service, [OTHER], [item()]) == ("p1", False)
    assert [each.path for each in service.asked] == ["/v1/predictions", "/v1/predictions?cursor=abc"]


def test_the_search_ends_where_all_others_are_older(service):
    assert find(service, [OTHER, OLD], [item()]) == ABSENT
    assert len(service.asked) == 1


def test_the_search_gives_up_after_ten_pages_and_is_not_certain(service):
    assert find(service, *[[OTHER]] * 12) == DOUBTFUL
    assert len(service.asked) == 10
