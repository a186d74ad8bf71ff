"""What one would write with MoviePy: `moviepy_join.py OVERLAP_SECONDS TARGET CLIP…`, in its own Python."""

import sys

from moviepy import (  # type: ignore[import-not-found]  # Not in our environment.
    CompositeVideoClip,
    VideoFileClip,
    concatenate_videoclips,
    vfx,
)


def main() -> None:
    overlap, target, *paths = float(sys.argv[1]), *sys.argv[2:]
    clips = [VideoFileClip(path) for path in paths]
    if overlap:
        faded = [clips[0], *(clip.with_effects([vfx.CrossFadeIn(overlap)]) for clip in clips[1:])]
        starts = [sum(clip.duration - overlap for clip in clips[:number]) for number in range(len(clips))]
        placed = [clip.with_start(start) for clip, start in zip(faded, starts, strict=True)]
        whole = CompositeVideoClip(placed)
    else:
        whole = concatenate_videoclips(clips)
    whole.write_videofile(
        target,
        codec="libx264",
        preset="veryfast",
        audio_codec="aac",
        ffmpeg_params=["-crf", "20"],
        logger=None,
    )


if __name__ == "__main__":
    main()
