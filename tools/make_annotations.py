"""Turns labels into annotations in ActivityNet's format: a spreadsheet, or a program's files.

    python tools/make_annotations.py segments.csv --videos videos --out annotations.json
    python tools/make_annotations.py labels/*.eaf --videos videos --take actions
    python tools/make_annotations.py project.boris --videos videos --take '*'
    python tools/make_annotations.py corrected.json --videos videos --into annotations.json

A spreadsheet has the columns video, start, end and label, in any order, a row for each action;
columns beside them are left alone. Times are seconds, or m:ss and h:mm:ss; a video is the name of
its file, with or without the ending. A row without start, end and label is a video without actions.
A column `subset` says which videos are for training and which for validation; without one they are
drawn. Durations are those of the files.

The programs are ELAN (.eaf), Label Studio (JSON, JSON-MIN), CVAT (XML for video or images), VIA 3
(project json) and BORIS (projects, aggregated events). What of theirs is the class is chosen by
--take, and listed without it where there are several: tiers of ELAN, controls of Label Studio,
labels or label/attribute of CVAT, attributes of VIA, behaviours of BORIS. Annotations in
ActivityNet's format are labels too, such as corrections for --into.

What cannot be read is named with its place, and nothing is written. What is not used is counted.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmlofi.datasets.annotations.labelling.label_studio import FRAME_RATE
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('labels', nargs='+', type=Path, metavar='LABELS',
                        help='csv file, with commas, semicolons or tabs; or files of a program')
    parser.add_argument('--videos', type=Path, required=True, help='folder of the videos')
    parser.add_argument('--take', nargs='+', metavar='NAME',
                        help="what the classes are read from; '*' stands for any name")
    parser.add_argument('--names-as-labels', action='store_true',
                        help='the classes are the names of what is taken, such as of a tier for '
                             'each class, not the texts in it')
    parser.add_argument('--empty-too', action='store_true',
                        help='a video in which nothing is marked is one without actions, not one '
                             'that nobody has labelled yet')
    parser.add_argument('--frame-rate', default=FRAME_RATE, metavar='RATE',
                        help="frameRate of Label Studio's Video tag, a number or $NAME; default "
                             '%(default)s, as there')
    parser.add_argument('--into', type=Path, metavar='JSON',
                        help='annotations that these are merged into: the same videos are '
                             'annotated anew, further ones are for training')
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

from mmlofi.datasets.annotations.labelling.annotated import (
    Video,
    annotate,
    draw_subsets,
    entries,
    names,
    probe,
    summary,
    template_of,
    write,
)
from mmlofi.datasets.annotations.labelling.formats import read_labels
from mmlofi.datasets.annotations.labelling.merging import have_endings, merge
from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.take import take
from mmlofi.datasets.annotations.labelling.video_folder import list_videos

SHOWN = 20   # errors


def main() -> None:
    args = parse_args()
    try:
        files = list_videos(args.videos)
        labels = read_labels(args.labels, files, frame_rate=args.frame_rate)
        labels = take(labels, args.take, names_as_labels=args.names_as_labels,
                      empty_too=args.empty_too)
        videos, errors = annotate(labels, files)
        with ThreadPoolExecutor(args.workers) as pool:
            for found in pool.map(probe, videos.values()):
                errors += found
        stop_at(errors, args)
        if not videos:
            raise ValueError('nothing of the labels was taken\n' + '\n'.join(left_over(labels)))
        save(videos, labels, args)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f'make_annotations: {error}')


def stop_at(errors: list[str], args: argparse.Namespace) -> None:
    """Ends with the first of them, if there are any."""
    if errors:
        more = [f'… {len(errors) - SHOWN} more'] if len(errors) > SHOWN else []
        sys.exit('\n'.join([f'make_annotations: {len(errors)} errors in '
                            f'{", ".join(map(str, args.labels))}; nothing was written',
                            *errors[:SHOWN], *more]))


def save(videos: dict[str, Video], labels: Labels, args: argparse.Namespace) -> None:
    """Writes the annotations and says what they are."""
    merged, template = '', template_of(videos)
    if args.into:
        database, merged = merge(args.into, videos)
        template = '{}' if have_endings(database) else template
    else:
        draw_subsets(videos, args.validation_share, args.seed)
        database = entries(names(videos))
    write(args.out, database)
    print(summary(args.out, database, template))
    print('\n'.join(filter(None, [merged, *left_over(labels)])))


def left_over(labels: Labels) -> list[str]:
    """What of the labels is not in the annotations."""
    found = [f'  {count:,} {what}' for what, count in labels.left_over.items() if count]
    return ['left over:', *found] if found else []


if __name__ == '__main__':
    main()
