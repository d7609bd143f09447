"""Turns a spreadsheet of segments into annotations in ActivityNet's format.

    python tools/make_annotations.py segments.csv --videos videos --out annotations.json

The table has the columns video, start, end and label, in any order, a row for each action; columns
beside them are left alone. Times are seconds, or m:ss and h:mm:ss; a video is the name of its file,
with or without the ending. A row without start, end and label is a video without actions. A column
`subset` says which videos are for training and which for validation; without one they are drawn.
Durations are those of the files. What cannot be read is named with its row, and nothing is written.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import csv
import io
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', type=Path, help='csv file, with commas, semicolons or tabs')
    parser.add_argument('--videos', type=Path, required=True, help='folder of the videos')
    parser.add_argument('--out', type=Path, default=Path('annotations.json'),
                        help='file to write; default %(default)s')
    parser.add_argument('--validation-share', type=float, default=0.2,
                        help='of the videos, drawn for validation; default %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='another seed, another draw')
    parser.add_argument('--workers', type=int, default=4,
                        help='files looked at at a time; default %(default)s')
    args = parser.parse_args()
    if not 0 < args.validation_share < 1 or args.workers < 1:
        parser.error('expected --validation-share above 0 and below 1, --workers of 1 or more')
    return args


if __name__ == '__main__':
    start(parse_args)

from mmlofi.datasets.annotations import alike, tolerance_sec
from mmlofi.datasets.annotations.tables import read_text, seconds
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.files import write_json
from mmlofi.json_values import brief, text_fault

COLUMNS = ('video', 'start', 'end', 'label')
READ = (*COLUMNS, 'subset')
SHOWN = 20   # errors


@dataclass
class Video:
    """What the table and the file say of one video."""

    path: Path
    subset: str | None = None
    duration_sec: float | None = None
    actions: list[tuple[int, float, float, str]] = field(default_factory=list)   # row, …


def main() -> None:
    args = parse_args()
    errors: list[str] = []
    try:
        videos = read_table(args.table, list_videos(args.videos), errors)
    except (OSError, ValueError) as error:
        sys.exit(f'make_annotations: {error}')
    with ThreadPoolExecutor(args.workers) as pool:
        for found in pool.map(probe, videos.values()):
            errors += found
    if errors:
        more = [f'… {len(errors) - SHOWN} more'] if len(errors) > SHOWN else []
        sys.exit('\n'.join([f'make_annotations: {len(errors)} errors in {args.table}; nothing was '
                            'written', *errors[:SHOWN], *more]))
    draw_subsets(videos, args.validation_share, args.seed)
    write(args.out, videos)
    print(summary(args.out, videos))


def list_videos(folder: Path) -> list[Path]:
    """The folder's videos by their endings."""
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder {str(folder)!r}; expected that of the videos: '
                                'correct --videos')
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES
                   and not path.name.startswith('.'))
    if not found:
        raise FileNotFoundError(f'{str(folder)!r} holds no video; expected files with the endings '
                                f'{", ".join(SUFFIXES)}: correct --videos')
    return found


def read_table(path: Path, files: list[Path], errors: list[str]) -> dict[str, Video]:
    """The videos of the table by file name, in its order; what is wrong goes to `errors`."""
    text = read_text(path)
    delimiter = max(',;\t', key=io.StringIO(text, newline='').readline().count)
    table = csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True,
                           skipinitialspace=True)      # else '"' after ', ' would be a letter
    videos: dict[str, Video] = {}
    try:
        check_columns(path, table)
        for row in table:
            try:
                read_row(row, table.line_num, files, videos, decimal_comma=delimiter == ';')
            except ValueError as error:
                errors.append(f'row {table.line_num}: {error}')
    except csv.Error as error:     # nothing can be told of the rows behind it
        errors.append(f'row {table.line_num + 1}: cannot be parted into columns ({error}); '
                      f'expected fields parted by {delimiter!r}, a quote at both ends of one or at '
                      'none')
    if not videos and not errors:
        raise ValueError(f'{path} has no row; expected one for each action')
    return videos


def check_columns(path: Path, table: csv.DictReader) -> None:
    """Takes the names of columns in any case, and refuses a table without those needed."""
    table.fieldnames = [name.strip().lower() for name in table.fieldnames or []]
    absent = [name for name in COLUMNS if name not in table.fieldnames]
    if absent:
        raise ValueError(f'{path} has the columns {brief(table.fieldnames)} and not {absent}; '
                         f'expected {", ".join(COLUMNS)} in its first line')
    twice = [name for name in READ if table.fieldnames.count(name) > 1]
    if twice:
        raise ValueError(f'{path} has the columns {twice} more than once; expected each once: '
                         'rename the others')


def read_row(row: dict, line: int, files: list[Path], videos: dict[str, Video], *,
             decimal_comma: bool) -> None:
    """Adds what a row says."""
    if None in row:
        raise ValueError(f'has {brief(row[None])} beyond the {len(row) - 1} columns of the header; '
                         'expected a field for each: put quotes around one that has the '
                         'delimiter in it')
    values = {name: (row.get(name) or '').strip() for name in READ}
    if not values['video']:
        raise ValueError('has no video; expected the name of a file')
    for name in ('label', 'subset'):
        if values[name] and text_fault(values[name]):
            raise ValueError(f'has a {name} that cannot be: {text_fault(values[name])}; expected a '
                             'name')
    path = find(values['video'], files)
    video = videos.setdefault(path.name, Video(path))
    if values['subset']:
        if video.subset not in (None, values['subset']):
            raise ValueError(f'puts {path.name} into {values["subset"]!r}, an earlier one into '
                             f'{video.subset!r}; expected one subset a video')
        video.subset = values['subset']
    given = [name for name in ('start', 'end', 'label') if values[name]]
    if not given:
        return
    if len(given) < 3:
        raise ValueError(f'has {" and ".join(given)} alone; expected start, end and label, or none '
                         'of them for a video without actions')
    start, end = (seconds(values[name], decimal_comma=decimal_comma) for name in ('start', 'end'))
    if not 0 <= start < end:
        raise ValueError(f'goes from {start:g} s to {end:g} s; expected an end after its start')
    video.actions.append((line, start, end, values['label']))


def find(name: str, files: list[Path]) -> Path:
    """The file that a row means."""
    found = [path for path in files if path.name == name] or [
        path for path in files if path.stem == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f'names the video {name!r}, which may be '
                         f'{" or ".join(path.name for path in found)}; expected one: add the '
                         'ending')
    raise ValueError(f'names the video {name!r}, which {files[0].parent} does not hold; expected '
                     f'one of its {len(files)} files, such as {files[0].name!r}')


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


if __name__ == '__main__':
    main()
