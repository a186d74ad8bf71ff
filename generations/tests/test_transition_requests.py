"""A transition is asked for, kept, and seen in the video; it buys nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from generations.media.probe import MediaInfo, probe
from generations.media.transitions import NO_EDGES, Edges
from generations.models import Generation
from generations.services.generations import generation_cancel
from generations.services.storyboards import clip_spec_of, fingerprint
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.following import assert_whole
from generations.tests.studio import ALL, PRICES, Studio
from generations.tests.studio import studio as studio
from storage_app.models import Asset
from storage_app.services import asset_fetch

pytestmark = pytest.mark.django_db(transaction=True)


def measured(asset: Asset | None, directory: Path) -> MediaInfo:
    assert asset is not None
    asset_fetch(asset=asset, into=directory / str(asset.pk))
    return probe(directory / str(asset.pk))


def test_bought_clips_are_joined_by_a_transition_at_the_price_of_a_cut(
    studio: Studio, tmp_path: Path
) -> None:
    generation = studio.made(clips=2, transition="dissolve")
    assert_whole(generation)
    frames = [measured(clip.video, tmp_path).frames for clip in generation.clips.order_by("position")]
    assert (frames, measured(generation.video, tmp_path).frames) == ([96 + 12, 96], 192)
    assert generation.actual_usd == 2 * PRICES["replicate"]
    assert {clip.bought_seconds for clip in generation.clips.all()} == {4}


def test_the_shortest_video_of_drawn_clips_is_exactly_as_long_as_it_was_asked_for(
    studio: Studio, tmp_path: Path
) -> None:
    generation = studio.made("animatic", model="", duration_seconds=4, transition="wipe")
    assert_whole(generation)
    assert measured(generation.video, tmp_path).frames == 96
    # What was drawn is what is kept: it came with its handle and its key frames.
    assert all(clip.video_id == clip.source_id for clip in generation.clips.all())


def test_a_new_version_keeps_the_transition_and_the_clips_that_were_cut_for_it(
    studio: Studio, api: JsonClient
) -> None:
    parent = generation_cancel(generation=studio.go_on(studio.order(clips=2, transition="fade")))
    answer = api.post(f"{GENERATIONS}/{parent.pk}/clips/1/regenerate", {})
    version = studio.go_on(Generation.objects.get(pk=answer.json()["id"]), ALL)
    assert_whole(version)
    assert (answer.json()["transition"], version.transition) == ("fade", "fade")
    edges = [clip_spec_of(generation=version, clip=clip).edges for clip in version.clips.order_by("position")]
    assert edges == [Edges(0, 12), Edges(12, 0)]


def test_a_clip_for_a_transition_is_not_taken_for_one_that_is_cut(studio: Studio) -> None:
    generation = studio.planned(clips=2, transition="fade")
    clip = generation.clips.get(position=1)
    spec = clip_spec_of(generation=generation, clip=clip)
    each = [spec, replace(spec, edges=NO_EDGES), replace(spec, edges=Edges(head=12))]
    assert len({fingerprint(spec, provider=clip.provider) for spec in each}) == 3


def test_a_replay_and_a_look_show_the_transition_and_cut_is_the_default(api: JsonClient) -> None:
    request, key = {"prompt": "A lighthouse", "transition": "wipe"}, {"Idempotency-Key": "once"}
    first, again = (api.post(GENERATIONS, request, headers=key).json() for _ in range(2))
    assert (first["transition"], again["transition"]) == ("wipe", "wipe")
    assert api.get(f"{GENERATIONS}/{first['id']}").json()["transition"] == "wipe"
    assert api.post(GENERATIONS, {"prompt": "A lighthouse"}).json()["transition"] == "cut"
