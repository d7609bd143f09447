"""Draws the truth and one or more sets of predictions of some videos on time axes.

    python tools/plot_detections.py ACP=acp.json LoFi=lofi.json annotations.json --out picture.png

The videos are spread evenly over the names' order. With --best and --worst they are those that the
last set detects best and worst, in picture_best.png and picture_worst.png; with --video it is one.
Then --videos-dir puts frames above and --raw start and end probabilities below, and the best and
the worst have a picture each: picture_best_1.png, ….
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
from pathlib import Path

from mmlofi.scoring_arguments import add_ground_truth, read_ground_truth
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', nargs='+', metavar='[NAME=]PRED.json',
                        help='json of predictions and what to call them')
    add_ground_truth(parser)
    parser.add_argument('--videos', type=int, default=6, help='videos shown')
    parser.add_argument('--best', type=int, default=0, metavar='K',
                        help='the K videos of the best mAP by themselves, of the last set')
    parser.add_argument('--worst', type=int, default=0, metavar='K', help='the K of the worst')
    parser.add_argument('--video', help='one video, by its name')
    parser.add_argument('--videos-dir', type=Path, help='folder of the video files')
    parser.add_argument('--filename-tmpl', default='{}.mp4',
                        help="a video's file in that folder; '{}' is its name; default %(default)s")
    parser.add_argument('--raw', type=Path, metavar='FOLDER',
                        help="of `tools/test.py … --dump-raw`, for the last set's probabilities")
    parser.add_argument('--top-k', type=int, default=5, help='predictions shown a video')
    parser.add_argument('--title', help='what to write above the picture')
    parser.add_argument('--out', default='timelines.png', help='the picture (png, pdf, svg)')
    args = parser.parse_args()
    extremes = bool(args.best or args.worst)
    if args.video is not None and extremes:
        parser.error('--video and --best or --worst ask for different videos; give one of them')
    if (args.videos_dir or args.raw) and args.video is None and not extremes:
        parser.error('--videos-dir and --raw are for the picture of one video: give --video, '
                     '--best or --worst with them')
    return args


if __name__ == '__main__':
    start(parse_args, registers=False)

from mmlofi.datasets.annotations import VideoRecord, load_class_names
from mmlofi.datasets.videos.find_files import find_files
from mmlofi.detections.curves import Curves, curves_of, join_curves
from mmlofi.detections.named_sets import load_named
from mmlofi.detections.predictions import Detections
from mmlofi.detections.raw_files import load_raw_video
from mmlofi.evaluation.ranking import rank_videos
from mmlofi.files import path_in
from mmlofi.visualization.figure_file import save_figure
from mmlofi.visualization.timeline import plot_timelines
from mmlofi.visualization.video_timeline import draw_video_timeline


def main() -> None:
    args = parse_args()
    try:
        sets = load_named(args.predictions)
        records = read_ground_truth(args)
        # Those of all subsets, so that one has the same colour in a picture of any.
        args.classes = load_class_names(args.ground_truth, ignore=args.ignore_classes)
        if args.video is not None:
            plot_one(records, sets, args)
        elif args.best or args.worst:
            plot_extremes(records, sets, args)
        else:
            shown = plot_timelines(records, sets, args.out, classes=args.classes,
                                   num_videos=args.videos, top_k=args.top_k, title=args.title)
            print(f'{args.out}: {", ".join(shown)}')
    except (OSError, ValueError) as error:
        sys.exit(f'plot_detections: {error}')


def plot_one(records: list[VideoRecord], sets: dict[str, Detections],
             args: argparse.Namespace) -> None:
    """The video that --video names."""
    record = next((record for record in records if record.name == args.video), None)
    absent = [name for name, found in sets.items() if args.video not in found.video_names]
    if record is None or absent:
        where = f'subset {args.subset!r} of the annotations' if record is None else absent[0]
        raise ValueError(f'{where} has no video {args.video!r}; expected one that the annotations '
                         'and all predictions have: name another')
    draw(record, sets, Path(args.out), args, record.name)
    print(f'{args.out}: {args.video}')


def draw(record: VideoRecord, sets: dict[str, Detections], out: Path, args: argparse.Namespace,
         title: str) -> None:
    """A picture of one video, with its frames and curves where it is said where they are."""
    ends = [end for _, end in record.segments_sec] + [
        float(found.of_video(record.name).segments_sec.max(initial=1))
        for found in sets.values() if record.name in found.video_names]
    figure = draw_video_timeline(
        record.name, sets, duration_sec=record.duration_sec or max(ends),
        classes=args.classes, record=record,
        filename=find_video(record.name, args), curves=find_curves(record.name, args),
        top_k=args.top_k, title=args.title or title)
    save_figure(figure, out)


def find_video(name: str, args: argparse.Namespace) -> str | None:
    """The file in --videos-dir, if that is given."""
    if args.videos_dir is None:
        return None
    wanted = path_in(args.videos_dir, name, args.filename_tmpl)
    (found,) = find_files([wanted], lambda: [wanted])
    return found


def find_curves(name: str, args: argparse.Namespace) -> Curves | None:
    """Start and end probabilities in --raw, if that is given."""
    if args.raw is None:
        return None
    curves = [curves_of(one) for one in load_raw_video(args.raw, name)]
    if None in curves:
        raise ValueError(f'{args.raw} holds no start and end probabilities; expected proposals of '
                         'a head that gives them: leave --raw out')
    return join_curves(curves)


def plot_extremes(records: list[VideoRecord], sets: dict[str, Detections],
                  args: argparse.Namespace) -> None:
    """The videos that the last set detects best, best first, and worst, worst first."""
    ranked = rank_videos(records, list(sets.values())[-1])
    if not ranked:
        raise ValueError('no video has both an action and a prediction; expected some: choose the '
                         'subset that was predicted')
    for what, chosen in (('best', ranked[:args.best]), ('worst', ranked[::-1][:args.worst])):
        if not chosen:
            continue
        out = Path(args.out).with_stem(f'{Path(args.out).stem}_{what}')
        if args.videos_dir is None and args.raw is None:
            plot_timelines([record for _, record in chosen], sets, out, classes=args.classes,
                           num_videos=None, top_k=args.top_k, title=args.title)
            print(f'{out}: ' + ', '.join(f'{record.name} ({score:.1%})'
                                         for score, record in chosen))
            continue
        for place, (score, record) in enumerate(chosen, start=1):
            own = out.with_stem(f'{out.stem}_{place}')
            draw(record, sets, own, args, f'{record.name}, mAP {score:.1%}')
            print(f'{own}: {record.name} ({score:.1%})')


if __name__ == '__main__':
    main()
