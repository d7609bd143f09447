"""Post-processes saved proposals again, without the model, and searches for the best options.

    python tools/test.py CONFIG CHECKPOINT --dump-raw raw
    python tools/postprocess.py raw annotations.json --sigma 0.3 0.5 0.84 --voting-thresh none 0.75
    python tools/postprocess.py raw GT.json --method hard --iou-threshold 0.5 --out PRED.json

Options that are left out are those of the model. Of several values every combination is scored;
--out writes the detections of the best. Choose on other videos than those that you report.

What the head left out is not in the files. To try --peak-filter no or --end-at-last yes of a model
that has it the other way, let the test keep everything:
    --cfg-options model.head.proposals.peak_filter=False model.head.proposals.allow_end_at_last=True
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmlofi.detections.fusions import FUSIONS
from mmlofi.scoring_arguments import add_ground_truth, read_ground_truth
from mmlofi.starting import start


def number_or_none(text: str) -> float | None:
    return None if text == 'none' else float(text)


def yes_or_no(text: str) -> bool:
    if text not in ('yes', 'no'):
        raise argparse.ArgumentTypeError(f'got {text!r}; expected yes or no')
    return text == 'yes'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder that tools/test.py --dump-raw wrote')
    add_ground_truth(parser)
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')

    def several(name: str, kind: Callable, what: str) -> None:
        parser.add_argument(f'--{name}', type=kind, nargs='+', metavar='VALUE', help=what)
    several('method', str, 'gaussian, linear, hard')
    several('sigma', float, 'width of the Gaussian decay')
    several('iou-threshold', number_or_none, 'IoU up to which others are spared, or none')
    several('voting-thresh', number_or_none, 'IoU from which proposals vote on a pick, or none')
    several('voting-weight', str, 'score, or score_iou: that times the IoU with the pick')
    several('min-score', float, 'least decayed score')
    several('top-k', int, 'picks a video; by class, of each and in all')
    several('by-class', yes_or_no, 'whether labelled proposals spare those of other classes: yes, '
                                   'no')
    several('top-classes', int, 'classes of a video, or segment, that each pick is given')
    several('fusion', str, f"how a class's score meets a proposal's: {', '.join(FUSIONS)}")
    several('peak-filter', yes_or_no, 'whether proposals must start and end where that is likely: '
                                      'yes, no')
    several('end-at-last', yes_or_no, 'whether proposals may end with the video: yes, no')
    parser.add_argument('--out', help='write the detections of the best combination to this json')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args, registers=False)

from mmlofi.detections.boundaries import choose_again
from mmlofi.detections.postprocess import check_nms
from mmlofi.detections.predictions import Detections, save_detections
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import load_raw
from mmlofi.detections.windows import detect as detect_in_windows
from mmlofi.detections.windows import to_detections
from mmlofi.evaluation.detection_map import DetectionScores, detection_map, parse_tious, tiou_name


@dataclass(frozen=True)
class Setting:
    """Options of one post-processing."""

    nms: dict                  # of soft-NMS
    top_classes: int
    fusion: str                # of class scores with those of proposals
    choice: dict | None        # of `choose_again`; None takes the proposals as they are

    def __str__(self) -> str:
        shown = {name: value for name, value in self.nms.items() if value is not None}
        shown |= dict(top_classes=self.top_classes, fusion=self.fusion)
        if self.choice is not None:
            words = {True: 'yes', False: 'no'}
            shown |= dict(peak_filter=words[self.choice['peak_filter']],
                          end_at_last=words[self.choice['allow_end_at_last']])
        return ' '.join(f'{name}={value}' for name, value in shown.items())


NMS = ('method', 'sigma', 'iou_threshold', 'voting_thresh', 'voting_weight', 'min_score', 'top_k',
       'by_class')


def main() -> None:
    args = parse_args()
    warnings.simplefilter('ignore')  # of videos without detections, at every combination
    try:
        tious = parse_tious(args.tiou)
        truth = read_ground_truth(args)
        videos, info = load_raw(args.raw)
        settings = combinations(args, info)
        for one in settings:
            check_nms(**one.nms)
        proposals = sum(len(video.scores) for video in videos)
        print(f'{len({video.video_name for video in videos})} videos, {proposals} proposals')
        best = None
        for one in settings:
            start = time.perf_counter()
            detections = detect(videos, info['classes'], one)
            scores = detection_map(truth, detections, tious)
            print(row(one, scores, time.perf_counter() - start), flush=True)
            if best is None or scores.average_mAP > best[0].average_mAP:
                best = scores, detections, one
    except (OSError, ValueError) as error:
        sys.exit(f'postprocess: {error}')
    report(*best, args.out)


def combinations(args: argparse.Namespace, info: dict) -> list[Setting]:
    """All settings, each once; sigma is of 'gaussian' alone, and 'hard' goes with a threshold."""
    own = dict(info['nms'])
    options = {name: getattr(args, name) for name in NMS if getattr(args, name) is not None}
    for count in args.top_classes or []:
        if count < 1:
            raise ValueError(f'got --top-classes {count}; expected 1 or more')
    for fusion in args.fusion or []:
        if fusion not in FUSIONS:
            raise ValueError(f'got --fusion {fusion}; expected one of {FUSIONS}')
    found = []
    for values in itertools.product(*options.values()):
        nms = own | dict(zip(options, values))
        if nms.get('method', 'gaussian') != 'gaussian':
            nms.pop('sigma', None)
        for count, fusion, choice in itertools.product(
                args.top_classes or [info['top_classes']], args.fusion or [info['fusion']],
                choices(args, info)):
            if (one := Setting(nms, count, fusion, choice)) not in found:
                found.append(one)
    sensible = [one for one in found if one.nms.get('method') != 'hard'
                or one.nms.get('iou_threshold') is not None]
    return sensible or found  # 'hard' is refused without a threshold where none is given at all


def choices(args: argparse.Namespace, info: dict) -> list[dict | None]:
    """What `choose_again` is asked for; it can leave proposals out, and bring none back."""
    if args.peak_filter is None and args.end_at_last is None:
        return [None]
    own = info.get('proposals')
    if own is None:
        raise ValueError('got --peak-filter or --end-at-last, and the files do not say how their '
                         'head chooses; expected those of G-TAD or BMN: write them again with '
                         'tools/test.py … --dump-raw')
    peaks, ends = args.peak_filter or [own['peak_filter']], args.end_at_last or [
        own['allow_end_at_last']]
    for option, unfiltered, name in (
            ('--peak-filter no', False in peaks and own['peak_filter'], 'peak_filter=False'),
            ('--end-at-last yes', True in ends and not own['allow_end_at_last'],
             'allow_end_at_last=True')):
        if unfiltered:
            raise ValueError(f'got {option}, and the head had left those proposals out before '
                             'they were written; expected files with all of them: test again with '
                             f'--dump-raw and --cfg-options model.head.proposals.{name}')
    return [dict(peak_filter=peak, allow_end_at_last=end)
            for peak, end in itertools.product(peaks, ends)]


def detect(videos: list[RawProposals], classes: list[str], setting: Setting) -> Detections:
    if setting.choice is not None:
        videos = [choose_again(video, **setting.choice) for video in videos]
    found = detect_in_windows(videos, nms=setting.nms, top_classes=setting.top_classes,
                              fusion=setting.fusion)
    return to_detections(found, classes)


def row(setting: Setting, scores: DetectionScores, seconds: float) -> str:
    return f'{100 * scores.average_mAP:6.2f} % average mAP   {setting}   ({seconds:.1f} s)'


def report(scores: DetectionScores, detections: Detections, setting: Setting,
           out: str | None) -> None:
    print('\nbest: ' + ', '.join(f'mAP@{tiou_name(tiou)} {100 * value:.2f} %'
                                 for tiou, value in zip(scores.tious, scores.mAP)))
    options = {f'model.nms.{name}': value for name, value in setting.nms.items()}
    options |= {'model.top_classes': setting.top_classes, 'model.fusion': setting.fusion}
    options |= {f'model.head.proposals.{name}': value
                for name, value in (setting.choice or {}).items()}
    print('as options of a config: --cfg-options '
          + ' '.join(f'{name}={value}' for name, value in options.items()))
    if out:
        save_detections(detections, out)
        print(f'written to {Path(out)}')


if __name__ == '__main__':
    main()
