"""Turns official annotation files, as they come, into annotations in ActivityNet's format.

    python tools/convert_annotations.py multithumos multithumos/annotations --videos videos
    python tools/convert_annotations.py multithumos multithumos.json --classes class_list.txt
    python tools/convert_annotations.py charades Charades_v1_train.csv Charades_v1_test.csv \\
        --classes Charades_v1_classes.txt
    python tools/convert_annotations.py epic EPIC_100_train.csv EPIC_100_validation.csv \\
        --kind verb --classes EPIC_100_verb_classes.csv --video-info EPIC_100_video_info.csv
    python tools/convert_annotations.py ego4d moments_train.json moments_val.json

ActivityNet's, HACS's, FineAction's and THUMOS14's json need it not. Actions that run past the end
of their video are cut there and slips are left out, with their number. What cannot be read is named
with its file and line, and nothing is written.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmlofi.datasets.annotations.epic_kitchens import KINDS, read_epic_kitchens
from mmlofi.starting import start

DATASETS = ('multithumos', 'charades', 'epic', 'ego4d')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dataset', choices=DATASETS, help='whose annotations these are')
    parser.add_argument('files', nargs='+', type=Path, help='the official files, or their folder')
    parser.add_argument('--classes', type=Path,
                        help="the official list of classes; without it numbers are the classes' "
                             'names')
    parser.add_argument('--kind', choices=KINDS, help='what is detected; epic alone')
    parser.add_argument('--video-info', type=Path, help='durations of the videos; epic alone')
    parser.add_argument('--videos', type=Path,
                        help="folder of the videos, for durations where the files have none, as "
                             "MultiTHUMOS' text files; without it they stay away")
    parser.add_argument('--out', type=Path, default=Path('annotations.json'),
                        help='file to write; default %(default)s')
    args = parser.parse_args()
    if (args.dataset == 'epic') != bool(args.kind and args.video_info) or (
            args.dataset != 'epic' and (args.kind or args.video_info)):
        parser.error('--kind and --video-info go with epic, which needs both')
    if args.dataset == 'ego4d' and args.classes:
        parser.error('--classes: the files of ego4d have names; leave it out')
    return args


if __name__ == '__main__':
    start(parse_args)

from mmlofi.datasets.annotations.charades import read_charades
from mmlofi.datasets.annotations.ego4d import read_ego4d
from mmlofi.datasets.annotations.known_counts import SCORING, known_split, recognize
from mmlofi.datasets.annotations.multithumos import read_multithumos
from mmlofi.datasets.annotations.official import Collected, read_class_names
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.files import write_json


def main() -> None:
    args = parse_args()
    try:
        collected = read(args)
        if args.videos:
            add_durations(collected, args.videos)
        database, mended = collected.finish()
        write_json(args.out, dict(version=args.dataset, database=database))
    except (OSError, ValueError) as error:
        sys.exit(f'convert_annotations: {error}')
    print(summary(args.out, database, mended))


def read(args: argparse.Namespace) -> Collected:
    """The videos of the files."""
    for path in args.files:
        if not path.exists():
            raise FileNotFoundError(f'no annotations at {str(path)!r}; expected the official file: '
                                    'check the path')
        if path.is_dir() and args.dataset != 'multithumos':
            raise ValueError(f'{str(path)!r} is a folder; expected the official files of '
                             f'{args.dataset}, one by one: name them')
    classes = read_class_names(args.classes) if args.classes else None
    if args.dataset == 'epic':
        return read_epic_kitchens(args.files, args.kind, args.video_info, classes)
    if args.dataset == 'ego4d':
        return read_ego4d(args.files)
    return (read_charades if args.dataset == 'charades' else read_multithumos)(args.files, classes)


def add_durations(collected: Collected, folder: Path) -> None:
    """Takes the durations that are absent from the videos' files; what is wrong goes to faults."""
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder {str(folder)!r}; expected that of the videos: '
                                'correct --videos')
    files = {path.stem: path for path in sorted(folder.iterdir())
             if path.suffix.lower() in SUFFIXES}
    lacking = [name for name, entry in collected.database.items() if 'duration' not in entry]
    found = [name for name in lacking if name in files]
    absent = [name for name in lacking if name not in files]
    if absent:
        collected.faults.append(f'{folder} lacks {len(absent)} of {len(lacking)} videos, such as '
                                f'{absent[0]!r}; expected a file of each: leave --videos out')
    with ThreadPoolExecutor(4) as pool:
        for name, state in zip(found, pool.map(look_at_video, (str(files[one]) for one in found))):
            if state.problem is not None:
                collected.faults.append(f'{files[name]}: {state.problem}')
            else:
                collected.database[name]['duration'] = round(state.duration_sec, 3)


def summary(out: Path, database: dict[str, dict], mended: Sequence[str]) -> str:
    """What was written, what is known of it, and how it is usually scored."""
    labels = {action['label'] for entry in database.values() for action in entry['annotations']}
    dataset = recognize(labels, len(database))
    lines = [f'{out}: {len(database):,} videos, {len(labels)} classes', *(
        f'  {one}' for one in mended)]
    for subset in dict.fromkeys(entry['subset'] for entry in database.values()):
        mine = [entry for entry in database.values() if entry['subset'] == subset]
        known = known_split(dataset, subset)
        published = f' (published: {known.videos:,}{", " * bool(known.note)}{known.note})' \
            if known else ''
        actions = sum(len(entry['annotations']) for entry in mine)
        lines.append(f'  {subset}: {len(mine):,} videos{published}, {actions:,} actions')
    if dataset in SCORING:
        settings = SCORING[dataset]
        metric = '' if settings.metric_type == 'mAP' else \
            f', metric_type={list(settings.metric_type)!r}'
        lines += ['for the config:',
                  f"  test_evaluator = dict(ann_file='{out}', subset='{settings.subset}', "
                  f"tious='{settings.tious}'{metric})"]
    return '\n'.join(lines)


if __name__ == '__main__':
    main()
