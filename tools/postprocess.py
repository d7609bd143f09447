"""Post-processes saved proposals again, without the model, and searches for the best options.

    python tools/test.py CONFIG CHECKPOINT --dump-raw raw
    python tools/postprocess.py raw annotations.json --sigma 0.3 0.5 0.84 --voting-thresh none 0.75
    python tools/postprocess.py raw GT.json --method hard --iou-threshold 0.5 --out PRED.json

Options that are left out are those of the model. Of several values every combination is scored;
--out writes the detections of the best. Choose on other videos than those that you report.
"""
from __future__ import annotations

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from mmlofi.datasets.annotations import load_annotations
from mmlofi.evaluation.detection_map import DetectionScores, detection_map, parse_tious, tiou_name
from mmlofi.evaluation.postprocess import RawProposals, load_raw
from mmlofi.evaluation.predictions import Detections, save_detections
from mmlofi.evaluation.soft_nms import check_options
from mmlofi.evaluation.windows import detect as detect_in_windows

NMS = ('method', 'sigma', 'iou_threshold', 'voting_thresh', 'min_score', 'top_k')


def main() -> None:
    args = parse_args()
    warnings.simplefilter('ignore')  # of videos without detections, at every combination
    try:
        tious = parse_tious(args.tiou)
        truth = load_annotations(args.ground_truth, args.subset)
        videos, info = load_raw(args.raw)
        settings = combinations(args, info)
        for nms, _ in settings:
            check_options(**nms)
        proposals = sum(len(video.scores) for video in videos)
        print(f'{len({video.video_name for video in videos})} videos, {proposals} proposals')
        best = None
        for nms, top_classes in settings:
            start = time.perf_counter()
            detections = detect(videos, info['classes'], nms, top_classes)
            scores = detection_map(truth, detections, tious)
            print(row(nms, top_classes, scores, time.perf_counter() - start), flush=True)
            if best is None or scores.average_mAP > best[0].average_mAP:
                best = scores, detections, nms, top_classes
    except (OSError, ValueError) as error:
        sys.exit(f'postprocess: {error}')
    report(*best, args.out)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('raw', help='folder that tools/test.py --dump-raw wrote')
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    parser.add_argument('--subset', default='validation', help='subset of the annotations')
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')

    def several(name: str, kind: Callable, what: str) -> None:
        parser.add_argument(f'--{name}', type=kind, nargs='+', metavar='VALUE', help=what)
    several('method', str, 'gaussian, linear, hard')
    several('sigma', float, 'width of the Gaussian decay')
    several('iou-threshold', number_or_none, 'IoU up to which others are spared, or none')
    several('voting-thresh', number_or_none, 'IoU from which proposals vote on a pick, or none')
    several('min-score', float, 'least decayed score')
    several('top-k', int, 'picks a video')
    several('top-classes', int, 'classes of a video that each pick is given')
    parser.add_argument('--out', help='write the detections of the best combination to this json')
    return parser.parse_args()


def number_or_none(text: str) -> float | None:
    return None if text == 'none' else float(text)


def combinations(args: argparse.Namespace, info: dict) -> list[tuple[dict, int]]:
    """Options of soft-NMS and numbers of classes, each once; sigma is of 'gaussian' alone, and
    'hard' goes with a threshold."""
    own = dict(info['nms'])
    choices = {name: getattr(args, name) for name in NMS if getattr(args, name) is not None}
    found = []
    for values in itertools.product(*choices.values()):
        nms = own | dict(zip(choices, values))
        if nms.get('method', 'gaussian') != 'gaussian':
            nms.pop('sigma', None)
        for top_classes in args.top_classes or [info['top_classes']]:
            if top_classes < 1:
                raise ValueError(f'got --top-classes {top_classes}; expected 1 or more')
            if (nms, top_classes) not in found:
                found.append((nms, top_classes))
    sensible = [one for one in found if one[0].get('method') != 'hard'
                or one[0].get('iou_threshold') is not None]
    return sensible or found  # 'hard' is refused without a threshold where none is given at all


def detect(videos: list[RawProposals], classes: list[str], nms: dict,
           top_classes: int) -> Detections:
    found = detect_in_windows(videos, nms=nms, top_classes=top_classes)
    return Detections.from_videos(
        [(name, segments.double().numpy(), scores.double().numpy(), labels.numpy())
         for name, (segments, scores, labels) in found.items()], classes)


def row(nms: dict, top_classes: int, scores: DetectionScores, seconds: float) -> str:
    values = ' '.join(f'{name}={value}' for name, value in nms.items() if value is not None)
    return (f'{100 * scores.average_mAP:6.2f} % average mAP   {values} '
            f'top_classes={top_classes}   ({seconds:.1f} s)')


def report(scores: DetectionScores, detections: Detections, nms: dict, top_classes: int,
           out: str | None) -> None:
    print('\nbest: ' + ', '.join(f'mAP@{tiou_name(tiou)} {100 * value:.2f} %'
                                 for tiou, value in zip(scores.tious, scores.mAP)))
    options = ' '.join(f'model.nms.{name}={value}' for name, value in nms.items())
    print(f'as options of a config: --cfg-options {options} model.top_classes={top_classes}')
    if out:
        save_detections(detections, out)
        print(f'written to {Path(out)}')


if __name__ == '__main__':
    main()
