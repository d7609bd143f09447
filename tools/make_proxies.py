"""Makes small copies of videos that decode faster, once, for training at low fidelity.

    python tools/make_proxies.py data/activitynet/videos data/activitynet/proxies_128 --side 128

The configs crop 224 from frames of a shorter side of 256, and divide both by the fidelity's spatial
factor: S (112 of 128) needs --side 128, ST (158 of 182) 182, and full fidelity 256. A video keeps
its name and its seconds, so that a config needs another folder and nothing else
(data_prefix=dict(video='proxies_128')). What is complete is kept, so that an interrupted run
continues; OUT_FOLDER.index has what was measured. OUT_FOLDER/proxies.json tells what became of each
video; the exit status is 1 when one of them failed.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from mmlofi.allowed_cores import allowed_cores
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('videos', metavar='VIDEO_FOLDER',
                        help='folder of the videos, or a pattern such as "videos/*.mkv"')
    parser.add_argument('out', metavar='OUT_FOLDER', help='folder for the proxies')
    parser.add_argument('--side', type=int, required=True,
                        help="pixels of the frame's shorter side; smaller videos keep their size")
    parser.add_argument('--fps', type=float,
                        help="frames a second, at most; default: each video's own. With half of "
                             'them, halve frame_interval in SampleSnippets too')
    parser.add_argument('--gop', type=int, default=16,
                        help='frames from one key frame to the next; default %(default)s')
    parser.add_argument('--quality', type=int, default=3,
                        help='from 1 (largest files) to 31; default %(default)s')
    parser.add_argument('--workers', type=int, default=allowed_cores(),
                        help='processes; default %(default)s')
    parser.add_argument('--redo', action='store_true',
                        help='make proxies of other settings, or of files that changed, again')
    args = parser.parse_args()
    if args.workers < 1:
        parser.error(f'--workers {args.workers}: expected 1 or more')
    return args


if __name__ == '__main__':
    start(parse_args)

from mmengine.utils import track_iter_progress

from mmlofi.apis.video_files import find_videos
from mmlofi.datasets.videos.index import FileIndex
from mmlofi.datasets.videos.proxies import ProxyReport, make_proxies, plan_targets
from mmlofi.datasets.videos.proxy_file import ProxySettings
from mmlofi.files import check_writable, write_json
from mmlofi.sigterm import sigterm_unwinds

SHOWN = 5   # problems
REPORT = 'proxies.json'


def main() -> None:
    args = parse_args()
    report_file = os.path.join(args.out, REPORT)
    try:
        settings = ProxySettings(side=args.side, fps=args.fps, gop=args.gop, quality=args.quality)
        pairs = plan_targets(find_videos(args.videos), args.out)
        check_writable(report_file)
        with sigterm_unwinds():
            reports = make_proxies(pairs, settings, redo=args.redo, workers=args.workers,
                                   index=FileIndex(f'{args.out.rstrip("/")}.index'),
                                   track=partial(track_iter_progress, file=sys.stderr))
        write_json(report_file, dict(settings=asdict(settings),
                                     videos=[asdict(report) for report in reports]))
    except (OSError, ValueError) as error:
        sys.exit(f'make_proxies: {error}')
    print(summary(reports))
    failed = [report for report in reports if report.problem]
    for report in failed[:SHOWN]:
        print(f'{report.video}: {report.problem}', file=sys.stderr)
    if failed:
        sys.exit(f'make_proxies: {len(failed)} of {len(reports)} videos failed '
                 f'({report_file} names all); get these again, or put the '
                 'originals beside the proxies')


def summary(reports: Sequence[ProxyReport]) -> str:
    """How many, and how much smaller."""
    good = [report for report in reports if not report.problem]
    made = sum(report.made for report in good)
    before = sum(report.source.bytes for report in good)
    after = sum(report.result.bytes for report in good)
    hours = sum(report.source.duration_sec for report in good) / 3600
    return (f'{len(good)} proxies, {made} of them made now; {hours:.2f} hours of video, '
            f'{before / 1e6:.1f} MB, became {after / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
