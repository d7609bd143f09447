"""Turns a spreadsheet of segments into annotations in ActivityNet's format.

    python tools/make_annotations.py segments.csv --videos videos --out annotations.json

The table has the columns video, start, end and label, in any order, a row for each action; columns
beside them are left alone. Times are seconds, or m:ss and h:mm:ss; a video is the name of its file,
with or without the ending. A row without start, end and label is a video without actions. A column
`subset` says which videos are for training and which for validation; without one they are drawn.
Durations are those of the files. What cannot be read is named with its row, and nothing is written.
"""
from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmlofi.datasets.annotations.labelling.annotated import draw_subsets, probe, summary, write
from mmlofi.datasets.annotations.labelling.spreadsheet import read_table
from mmlofi.datasets.annotations.labelling.video_folder import list_videos

SHOWN = 20   # errors


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


if __name__ == '__main__':
    main()
