"""Scores a json of detections in ActivityNet's format: mAP at several tIoUs and their average.

    python tools/eval_detections.py activity_net.v1-3.json predictions.json --subset validation
    python tools/eval_detections.py thumos_gt.json predictions.json --subset test --tiou 0.3:0.7:0.1
"""
from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path

from mmlofi.datasets.annotations import load_annotations
from mmlofi.evaluation.detection_map import DetectionScores, detection_map, parse_tious, tiou_name
from mmlofi.evaluation.predictions import load_detections


def main() -> None:
    args = parse_args()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            scores = detection_map(load_annotations(args.ground_truth, args.subset),
                                   load_detections(args.predictions), parse_tious(args.tiou))
        except (OSError, ValueError) as error:
            sys.exit(f'eval_detections: {error}')
    for warning in caught:
        print(f'warning: {warning.message}', file=sys.stderr)
    print_table(scores)
    if args.out:
        out = Path(args.out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(scores.to_dict(), indent=1) + '\n')
        print(f'written to {out}')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ground_truth', help="annotations in ActivityNet's format")
    parser.add_argument('predictions', help='json with "results" by video')
    parser.add_argument('--subset', default='validation', help='subset of the annotations')
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')
    parser.add_argument('--out', help='write the scores, also of each class, to this json file')
    return parser.parse_args()


def print_table(scores: DetectionScores) -> None:
    print(f'{scores.num_videos} videos, {scores.num_segments} actions of {len(scores.classes)} '
          f'classes, {scores.num_detections} detections')
    names = [tiou_name(tiou) for tiou in scores.tious] + ['average']
    values = [*scores.mAP, scores.average_mAP]
    print('tIoU   ' + ''.join(f'{name:>8}' for name in names))
    print('mAP, % ' + ''.join(f'{100 * value:8.2f}' for value in values))


if __name__ == '__main__':
    main()
