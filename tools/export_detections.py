"""Writes detections as other programs read them: to correct them there, to cut or to play.

    python tools/export_detections.py found/detections.json --export elan label_studio \\
        --videos videos --out to_correct
    python tools/export_detections.py found/detections.json --export via --videos videos \\
        --first both --limit 20 --annotations annotations.json --out to_correct

Formats: audacity and praat (label tracks), cvat (tracks), elan (tiers), label_studio (predictions),
via (a VIA 3 project), otio (a time line for video editors, by OpenTimelineIO), ffmetadata, webvtt
and youtube (chapters). A file a video, called after it; label_studio and via have one for all.
docs/labelling.md says how to open them, and how corrections come back.

--first puts the videos in order: uncertain ones, whose scores are where the model may be right or
wrong; those of rare classes; or both. The order, with its reasons, is in order.csv.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # and never: this needs no torch, but to open videos

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from mmlofi.datasets.annotations import load_annotations
from mmlofi.datasets.annotations.labelling.video_folder import list_videos, matching
from mmlofi.detections.correction_order import ORDERS, Priority, in_order
from mmlofi.detections.exports.formats import EXPORTS, write_exports
from mmlofi.detections.exports.table import to_csv
from mmlofi.detections.exports.videos import ExportedVideo, videos_of
from mmlofi.detections.predictions import Detections, load_detections
from mmlofi.files import write_text
from mmlofi.options import require_number, require_whole
from mmlofi.starting import start

ORDER = 'order.csv'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', type=Path, help="json of predictions, ActivityNet's format")
    parser.add_argument('--export', nargs='+', choices=EXPORTS, required=True, metavar='NAME',
                        help=f'formats: {", ".join(EXPORTS)}')
    parser.add_argument('--videos', type=Path,
                        help='folder of the videos, for rates and lengths; cvat and otio need it')
    parser.add_argument('--filename-tmpl', default='{}.mp4',
                        help="a video's file without --videos; '{}' is its name; default "
                             '%(default)s')
    parser.add_argument('--media-url', metavar='URL',
                        help='where the programs find the files, such as https://host/videos/{}')
    parser.add_argument('--threshold', type=float, default=0.0,
                        help='lowest score of a segment; default %(default)s')
    parser.add_argument('--top-k', type=int, default=10,
                        help="a video's best segments that are kept, 0 for all; default "
                             '%(default)s')
    parser.add_argument('--annotations', type=Path, metavar='JSON',
                        help='annotations that there are: their classes can be chosen in the '
                             'programs, their numbers say what is rare, and their videos are left '
                             'out')
    parser.add_argument('--first', choices=ORDERS, default='name',
                        help='which videos come first; default by %(default)s')
    parser.add_argument('--decision-score', type=float, metavar='SCORE',
                        help='that of a segment which may be right or wrong; default: the median')
    parser.add_argument('--limit', type=int, metavar='N', help='only the first N videos')
    parser.add_argument('--out', type=Path, default=Path('exported'),
                        help='folder; default %(default)s')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args, registers=False)


def main() -> None:
    args = parse_args()
    try:
        require_whole('the command line', least=0, top_k=args.top_k)
        if args.limit is not None:
            require_whole('the command line', limit=args.limit)
        require_number('the command line', threshold=args.threshold,
                       decision_score=args.decision_score or 0.0)
        detections = load_detections(args.predictions)
        known = read_known(args.annotations)
        videos = choose(detections, known, args)
        classes = sorted({*detections.classes, *known.actions})
        written = write_exports(args.export, [video for video, _ in videos], classes, args.out)
        write_order(args.out / ORDER, videos)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f'export_detections: {error}')
    print(f'{args.out}: {len(written)} files and {ORDER}, '
          f'{sum(len(video.segments) for video, _ in videos)} segments of {len(videos)} videos')


class Known(NamedTuple):
    """What is annotated already."""

    actions: Counter[str]   # of each class
    videos: set[str]        # by name


def read_known(path: Path | None) -> Known:
    """Of a json of annotations, or of none."""
    if path is None:
        return Known(Counter(), set())
    records = load_annotations(path)
    return Known(Counter(label for record in records for label in record.labels),
                 {record.name for record in records})


def choose(detections: Detections, known: Known, args: argparse.Namespace
           ) -> list[tuple[ExportedVideo, Priority]]:
    """The videos that are nobody's yet, in order."""
    videos = videos_of(detections, find_files(detections.video_names, args.videos),
                       threshold=args.threshold, top_k=args.top_k or None,
                       filename_tmpl=args.filename_tmpl, media_url=args.media_url)
    free = [video for video in videos
            if not known.videos & {video.name, video.file, Path(video.file).stem}]
    if not free:
        raise ValueError(f'all {len(videos)} videos are annotated in {args.annotations}; expected '
                         'some that are not: leave --annotations out to correct them again')
    return in_order(free, args.first, known=known.actions if args.annotations else None,
                    decision_score=args.decision_score)[:args.limit]


def find_files(names: tuple[str, ...], folder: Path | None) -> dict[str, Path]:
    """The file of each video in the folder, if there is one."""
    if folder is None:
        return {}
    files = list_videos(folder)
    found = {name: matching(name, files) for name in names}
    bad = [name for name, paths in found.items() if len(paths) != 1]
    if bad:
        raise ValueError(f'{folder} has no file, or several, of {len(bad)} of {len(names)} videos, '
                         f'such as {bad[0]!r}; expected one of each: correct --videos')
    return {name: path for name, (path,) in found.items()}


def write_order(path: Path, videos: list[tuple[ExportedVideo, Priority]]) -> None:
    """A table of the videos as they come."""
    write_text(path, to_csv(
        ['video', 'segments', 'uncertain', 'rare', 'rarest_class'],
        [[video.name, len(video.segments), round(why.uncertain, 3), round(why.rare, 3),
          why.rarest] for video, why in videos]))


if __name__ == '__main__':
    main()
