"""Writes a page about detections: scores, classes, recall, mistakes, time lines; or about two sets.

    python tools/report.py detections.json annotations.json --out report.html
    python tools/report.py ACP=acp.json LoFi=lofi.json annotations.json --out acp_lofi.html
    python tools/report.py PRED.json thumos_gt.json --subset test --tiou 0.3:0.7:0.1 --bins thumos14

The page is one file, which any browser shows without a network; docs/report.md says what its parts
mean. Of two sets it shows the differences, and which actions the second wins and loses.
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
                        help='one or two jsons of predictions, or json.gz, and what to call them')
    add_ground_truth(parser)
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')
    parser.add_argument('--bins', choices=['activitynet', 'thumos14', 'quintiles'],
                        default='activitynet', help='bounds of XS to XL; quintiles suits any data')
    parser.add_argument('--match-tiou', type=float, default=0.5, metavar='TIOU',
                        help='at which an action counts as found, won or lost; default %(default)s')
    parser.add_argument('--videos', type=int, default=5,
                        help='videos drawn of each group (best, worst, won, lost); default '
                             '%(default)s')
    parser.add_argument('--top-k', type=int, default=10,
                        help='predictions drawn a video; default %(default)s')
    parser.add_argument('--videos-dir', type=Path,
                        help='folder of the videos, for frames above the time lines')
    parser.add_argument('--filename-tmpl', default='{}.mp4',
                        help="a video's file there; '{}' is its name; default %(default)s")
    parser.add_argument('--players', action='store_true',
                        help='also a page that plays the videos beside the predictions of the last '
                             'set, and takes corrections; needs --videos-dir')
    parser.add_argument('--out', default='report.html', help='the page; default %(default)s')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args, registers=False)

from mmlofi.datasets.annotations import VideoRecord, load_class_names
from mmlofi.datasets.videos.find_files import find_files
from mmlofi.datasets.videos.playable import playable_file
from mmlofi.detections.named_sets import load_named
from mmlofi.detections.predictions import Detections
from mmlofi.files import check_writable, file_stems, path_in
from mmlofi.report import write_report
from mmlofi.report.player_page import (
    PlayedVideo,
    detections_by_video,
    leaving_out,
    write_player_page,
)
from mmlofi.visualization.colours import class_colours


def main() -> None:
    args = parse_args()
    try:
        if len(args.predictions) > 2:
            raise ValueError(f'got {len(args.predictions)} files of predictions; expected one, or '
                             'two to compare, and then the annotations')
        if args.players and args.videos_dir is None:
            raise ValueError('got --players without videos; expected their folder: add '
                             '--videos-dir')
        check_writable(args.out)
        records = read_ground_truth(args)
        sets = load_named(args.predictions)
        files = find_videos(records, args)
        classes = load_class_names(args.ground_truth, ignore=args.ignore_classes)
        analyses = write_report(
            args.out, records, sets, tious=args.tiou, bounds=args.bins, match_tiou=args.match_tiou,
            num_videos=args.videos, top_k=args.top_k, subset=args.subset,
            classes=classes, video_files=files,
            player_page=player_page(args).name if args.players else '',
            progress=lambda what: print(f'{what} …', file=sys.stderr, flush=True))
        if args.players:
            write_players(player_page(args), records, files, list(sets.values())[-1],
                          class_colours(classes))
    except (OSError, ValueError) as error:
        sys.exit(f'report: {error}')
    for one in analyses:
        for note in one.notes:
            print(f'warning: {one.name}: {note}', file=sys.stderr)
        print(f'{one.name}: average mAP {100 * one.scores.average_mAP:.2f} %, '
              f'AUC {100 * one.proposals.AUC:.2f} %')
    print(f'{args.out}: {Path(args.out).stat().st_size / 1e6:.2f} MB')


def find_videos(records: list[VideoRecord], args: argparse.Namespace) -> dict[str, str]:
    """The files that are there, by the names of the videos."""
    if args.videos_dir is None:
        return {}
    wanted = [path_in(args.videos_dir, record.name, args.filename_tmpl) for record in records]
    files = {record.name: file for record, file in zip(records, find_files(wanted, lambda: wanted))
             if Path(file).is_file()}
    if not files:
        raise ValueError(f'none of the {len(records)} videos is in {str(args.videos_dir)!r} as '
                         f'{args.filename_tmpl!r}, such as {wanted[0]!r}; expected some: correct '
                         '--videos-dir or --filename-tmpl')
    return files


def player_page(args: argparse.Namespace) -> Path:
    """Beside the report, named for it."""
    out = Path(args.out)
    return out.with_name(f'{out.stem}_videos.html')


def write_players(page: Path, records: list[VideoRecord], files: dict[str, str],
                  detections: Detections, colours: dict[str, str]) -> None:
    """The page that plays the videos that are there, and copies of those no browser plays."""
    found = detections_by_video(detections)
    copies, stems = page.with_suffix(''), file_stems(files)
    videos, left_out = [], {}
    for record in records:
        if record.name not in files:
            continue
        with leaving_out(record.name, left_out):
            file = playable_file(
                Path(files[record.name]), copies / f'{stems[record.name]}.mp4',
                tell=lambda copy: print(f'{copy}: a copy that browsers play …', file=sys.stderr))
            videos.append(PlayedVideo(
                name=record.name, file=file, subset=record.subset,
                duration_sec=record.duration_sec or read_duration(file),
                found=found.get(record.name, ()),
                actions=[dict(segment=segment, label=label)
                         for segment, label in zip(record.segments_sec, record.labels)]))
    for name, error in left_out.items():
        print(f'warning: {name} is not among the players: {error}', file=sys.stderr)
    if not videos:
        raise ValueError(f'none of the {len(left_out)} videos can be played, as the warnings say; '
                         'expected one or more: leave --players out')
    write_player_page(page, videos, colours=colours, title=page.stem)
    print(f'{page}: plays {len(videos)} videos', file=sys.stderr)


def read_duration(file: Path) -> float:
    """Seconds of a video, of which the annotations say none."""
    from mmlofi.datasets.videos.video_file import look_at_video  # not above: it loads torch
    state = look_at_video(str(file))
    if state.duration_sec is None:
        raise ValueError(state.problem)
    return state.duration_sec


if __name__ == '__main__':
    main()
