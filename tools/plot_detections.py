"""Draws the truth and one or more sets of predictions of some videos on time axes.

    python tools/plot_detections.py ACP=acp.json LoFi=lofi.json annotations.json --out picture.png

The videos are spread evenly over the names' order. With --best and --worst they are those that the
last set detects best and worst, in picture_best.png and picture_worst.png. With --video it is
one, and --videos-dir puts its frames above.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmlofi.datasets.annotations import VideoRecord, load_annotations
from mmlofi.evaluation.named_sets import load_named
from mmlofi.evaluation.predictions import Detections
from mmlofi.evaluation.ranking import rank_videos
from mmlofi.visualization.timeline import plot_timelines
from mmlofi.visualization.video_timeline import draw_video_timeline


def main() -> None:
    args = parse_args()
    try:
        sets = load_named(args.predictions)
        records = load_annotations(args.ground_truth, args.subset)
        if args.video is not None:
            plot_one(records, sets, args)
        elif args.best or args.worst:
            plot_extremes(records, sets, args)
        else:
            shown = plot_timelines(records, sets, args.out, num_videos=args.videos,
                                   top_k=args.top_k, title=args.title)
            print(f'{args.out}: {", ".join(shown)}')
    except (OSError, ValueError) as error:
        sys.exit(f'plot_detections: {error}')


def plot_one(records: list[VideoRecord], sets: dict[str, Detections],
             args: argparse.Namespace) -> None:
    """One video, with its frames where its file is known."""
    record = next((record for record in records if record.name == args.video), None)
    absent = [name for name, found in sets.items() if args.video not in found.video_names]
    if record is None or absent:
        where = f'subset {args.subset!r} of the annotations' if record is None else absent[0]
        raise ValueError(f'{where} has no video {args.video!r}; expected one that the annotations '
                         'and all predictions have: name another')
    filename = None
    if args.videos_dir is not None:
        filename = str(args.videos_dir / args.filename_tmpl.format(args.video))
    ends = [end for _, end in record.segments_sec] + [
        float(found.of_video(args.video).segments_sec.max(initial=1)) for found in sets.values()]
    duration = record.duration_sec or max(ends)
    figure = draw_video_timeline(args.video, sets, duration_sec=duration, record=record,
                                 filename=filename, top_k=args.top_k)
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out)
    print(f'{args.out}: {args.video}')


def plot_extremes(records: list[VideoRecord], sets: dict[str, Detections],
                  args: argparse.Namespace) -> None:
    """The videos that the last set detects best, best first, and worst, worst first."""
    ranked = rank_videos(records, list(sets.values())[-1])
    for what, chosen in (('best', ranked[:args.best]), ('worst', ranked[::-1][:args.worst])):
        if chosen:
            out = Path(args.out).with_stem(f'{Path(args.out).stem}_{what}')
            plot_timelines([record for _, record in chosen], sets, out, num_videos=None,
                           top_k=args.top_k, title=args.title)
            print(f'{out}: ' + ', '.join(f'{record.name} ({score:.1%})'
                                         for score, record in chosen))
    if not ranked:
        raise ValueError('no video has both an action and a prediction; expected some: choose the '
                         'subset that was predicted')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', nargs='+', metavar='[NAME=]PRED.json',
                        help='json of predictions and what to call them')
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    parser.add_argument('--subset', default='validation', help='subset of the annotations')
    parser.add_argument('--videos', type=int, default=6, help='videos shown')
    parser.add_argument('--best', type=int, default=0, metavar='K',
                        help='the K videos of the best mAP by themselves, of the last set')
    parser.add_argument('--worst', type=int, default=0, metavar='K', help='the K of the worst')
    parser.add_argument('--video', help='one video, by its name')
    parser.add_argument('--videos-dir', type=Path, help="folder of --video's file")
    parser.add_argument('--filename-tmpl', default='{}.mp4',
                        help="its file in that folder; '{}' is its name; default %(default)s")
    parser.add_argument('--top-k', type=int, default=5, help='predictions shown a video')
    parser.add_argument('--title', help='what to write above the picture')
    parser.add_argument('--out', default='timelines.png', help='the picture (png, pdf, svg)')
    return parser.parse_args()


if __name__ == '__main__':
    main()
