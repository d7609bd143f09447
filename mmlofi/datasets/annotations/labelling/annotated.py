"""What becomes annotations: labels that were read, joined with what the files say."""
from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from mmlofi.datasets.annotations import alike, tolerance_sec
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.files import write_json


@dataclass
class Video:
    """What the table and the file say of one video."""

    path: Path
    subset: str | None = None
    duration_sec: float | None = None
    actions: list[tuple[int, float, float, str]] = field(default_factory=list)   # row, …


def probe(video: Video) -> list[str]:
    """Takes the duration of the file; the errors of segments that are not inside it."""
    state = look_at_video(str(video.path))
    if state.problem is not None:
        return [f'{video.path.name}: {state.problem}']
    video.duration_sec = duration = state.duration_sec
    return [f'row {row}: {label!r} ends at {end:g} s, and {video.path.name} after '
            f'{duration:.2f} s; expected segments inside their video'
            for row, _, end, label in video.actions if end > duration + tolerance_sec(duration)]


def draw_subsets(videos: dict[str, Video], share: float, seed: int) -> None:
    """Puts the videos that the table gives no subset into training or validation.

    Of those with actions, one at least goes into validation and one stays in training.
    """
    draw = random.Random(seed)
    for active in (True, False):
        free = sorted(name for name, video in videos.items()
                      if video.subset is None and bool(video.actions) == active)
        draw.shuffle(free)
        count = round(share * len(free))
        if active:
            count = min(max(1, count), len(free) - 1)
        for place, name in enumerate(free):
            videos[name].subset = 'validation' if place < count else 'training'


def write(out: Path, videos: dict[str, Video]) -> None:
    """The annotations, whole or not at all."""
    database = {name: dict(
        subset=video.subset, duration=round(video.duration_sec, 3),
        annotations=[dict(segment=[start, end], label=label)
                     for _, start, end, label in video.actions])
        for name, video in names(videos).items()}
    write_json(out, dict(version='mmlofi', database=database))


def names(videos: dict[str, Video]) -> dict[str, Video]:
    """Without the ending, if all files have the same."""
    if len({video.path.suffix for video in videos.values()}) > 1:
        return videos
    return {video.path.stem: video for video in videos.values()}


def summary(out: Path, videos: dict[str, Video]) -> str:
    """What was written, and what a config needs to know of it."""
    suffixes = {video.path.suffix for video in videos.values()}
    template = '{}' + (suffixes.pop() if len(suffixes) == 1 else '')
    labels = sorted({action[3] for video in videos.values() for action in video.actions})
    lines = [f'{out}: {len(videos)} videos, {sum(len(v.actions) for v in videos.values())} actions']
    for subset in sorted({video.subset for video in videos.values()}):
        mine = [video for video in videos.values() if video.subset == subset]
        absent = set(labels).difference(action[3] for video in mine for action in video.actions)
        lines.append(f'  {subset}: {len(mine)} videos' + (
            f', none of the classes {sorted(absent)}: take another --seed' if absent else ''))
    lines += [f'  warning: the classes {names} differ by case or spaces alone'
              for names in alike(labels)]
    return '\n'.join([*lines, 'for the config:', f'  classes = {tuple(labels)!r}',
                      f'  filename_tmpl = {template!r}'])
