"""What becomes annotations: labels that were read, joined with what the files say."""
from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmlofi.datasets.annotations import alike, tolerance_sec
from mmlofi.datasets.annotations.activitynet import read_entry
from mmlofi.datasets.annotations.labelling.rows import Labels, Row
from mmlofi.datasets.annotations.labelling.video_folder import find
from mmlofi.datasets.annotations.records import class_names
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.files import write_json
from mmlofi.json_values import text_fault


@dataclass
class Video:
    """What the labels and the file say of one video."""

    path: Path
    subset: str | None = None
    duration_sec: float | None = None
    actions: list[tuple[str, float, float, str]] = field(default_factory=list)   # where, …


def annotate(labels: Labels, files: Sequence[Path]) -> tuple[dict[str, Video], list[str]]:
    """The videos by file name, in the labels' order, and what is wrong with some labels."""
    videos: dict[str, Video] = {}
    errors = list(labels.faults)
    for row in labels.rows:
        try:
            _add(row, files, videos)
        except ValueError as error:
            errors.append(f'{row.where}: {error}')
    return videos, errors


def _add(row: Row, files: Sequence[Path], videos: dict[str, Video]) -> None:
    if row.label is not None and text_fault(row.label):
        raise ValueError(f'has a label that cannot be: {text_fault(row.label)}; expected a name')
    path = find(row.video, files)
    video = videos.setdefault(path.name, Video(path))
    if row.subset is not None:
        if video.subset not in (None, row.subset):
            raise ValueError(f'puts {path.name} into {row.subset!r}, an earlier one into '
                             f'{video.subset!r}; expected one subset a video')
        video.subset = row.subset
    if row.label is None:
        return
    if not 0 <= row.start_sec < row.end_sec:
        raise ValueError(f'goes from {row.start_sec:g} s to {row.end_sec:g} s; expected an end '
                         'after its start')
    video.actions.append((row.where, row.start_sec, row.end_sec, row.label))


def probe(video: Video) -> list[str]:
    """Takes the duration of the file; the errors of segments that are not inside it."""
    state = look_at_video(str(video.path))
    if state.problem is not None:
        return [f'{video.path.name}: {state.problem}']
    video.duration_sec = duration = state.duration_sec
    return [f'{where}: {label!r} ends at {end:g} s, and {video.path.name} after '
            f'{duration:.2f} s; expected segments inside their video'
            for where, _, end, label in video.actions if end > duration + tolerance_sec(duration)]


def draw_subsets(videos: Mapping[str, Video], share: float, seed: int) -> None:
    """Puts the videos that the labels give no subset into training or validation.

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


def entries(videos: Mapping[str, Video]) -> dict[str, dict]:
    """The videos as ActivityNet's format has them, under the names of their files."""
    return {name: dict(
        subset=video.subset, duration=round(video.duration_sec, 3),
        annotations=[dict(segment=[start, end], label=label)
                     for _, start, end, label in video.actions])
        for name, video in videos.items()}


def write(out: Path, database: Mapping[str, dict]) -> None:
    """The annotations, whole or not at all."""
    write_json(out, dict(version='mmlofi', database=database))


def names(videos: Mapping[str, Video]) -> dict[str, Video]:
    """Without the ending, if all files have the same."""
    if len({video.path.suffix for video in videos.values()}) > 1:
        return dict(videos)
    return {video.path.stem: video for video in videos.values()}


def summary(out: Path, database: Mapping[str, dict], template: str) -> str:
    """What was written, and what a config needs to know of it."""
    # Entries of others may lack anything.
    records = [read_entry(name, entry, True)[0] for name, entry in database.items()]
    labels = class_names(records)
    lines = [f'{out}: {len(records)} videos, '
             f'{sum(len(record.labels) for record in records)} actions']
    for subset in sorted({record.subset for record in records}):
        mine = [record for record in records if record.subset == subset]
        absent = set(labels).difference(class_names(mine))
        lines.append(f'  {subset or "without a subset"}: {len(mine)} videos' + (
            f', none of the classes {sorted(absent)}: take another --seed' if absent else ''))
    lines += [f'  warning: the classes {names} differ by case or spaces alone'
              for names in alike(labels)]
    return '\n'.join([*lines, 'for the config:', f'  classes = {labels!r}',
                      f'  filename_tmpl = {template!r}'])


def template_of(videos: Mapping[str, Video]) -> str:
    """How the names in the annotations become those of files."""
    suffixes = {video.path.suffix for video in videos.values()}
    return '{}' + (suffixes.pop() if len(suffixes) == 1 else '')
