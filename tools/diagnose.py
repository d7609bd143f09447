"""Says why a score is what it is: kinds of mistakes, what each costs, which actions are missed.

    python tools/diagnose.py predictions.json activity_net.v1-3.json
    python tools/diagnose.py PRED.json thumos_gt.json --subset test --tiou 0.5 --bins thumos14
    python tools/diagnose.py PRED.json GT.json --bins quintiles --out report.json

docs/diagnosis.md says what each number means.
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
import warnings

from mmlofi.scoring_arguments import add_ground_truth, read_ground_truth
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', help='json with "results" by video, or json.gz')
    add_ground_truth(parser)
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')
    parser.add_argument('--bins', choices=['activitynet', 'thumos14', 'quintiles'],
                        default='activitynet', help='bounds of XS to XL; quintiles suits any data')
    parser.add_argument('--out', help='write the report to this json file')
    return parser.parse_args()


if __name__ == '__main__':
    start(parse_args, registers=False)

from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.diagnosis import diagnose
from mmlofi.evaluation.diagnosis.characteristics import bounds_text
from mmlofi.files import write_json


def main() -> None:
    args = parse_args()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            report = diagnose(read_ground_truth(args),
                              load_detections(args.predictions), args.tiou, bounds=args.bins)
        except (OSError, ValueError) as error:
            sys.exit(f'diagnose: {error}')
    for warning in caught:
        print(f'warning: {warning.message}', file=sys.stderr)
    print_summary(report)
    print_false_positives(report['false_positives'])
    print_characteristics(report)
    if args.out:
        write_json(args.out, report)
        print(f'\nwritten to {args.out}')


def print_summary(report: dict) -> None:
    print(f'{report["num_videos"]} videos, {report["num_segments"]} actions of '
          f'{report["num_classes"]} classes, {report["num_detections"]} detections'
          + f', {report["num_ignored"]} segments ignored' * bool(report['num_ignored']))
    print(f'average mAP {100 * report["average_mAP"]:.2f} %, normalised (mAP_N, as if each class '
          f'had {report["instances_per_class"]:.2f} actions) {100 * report["average_mAP_N"]:.2f} %')


def print_false_positives(found: dict) -> None:
    types = list(found['gain_mAP'])
    print('\nOf the best detections of each class, G being its actions, % that are')
    print(f'{"":12}{"number":>8}{"right":>8}' + ''.join(f'{name:>17}' for name in types))
    for band in found['bands']:
        if band['detections']:
            print(f'{band["name"]:12}{band["detections"]:8}{100 * band["true positive"]:8.1f}'
                  + ''.join(f'{100 * band[name]:17.1f}' for name in types))
    print('\nWhat the best 10 G would gain without them, in points')
    for name in ('mAP', 'mAP_N'):
        print(f'{name:12}{100 * found[f"average_{name}"]:16.2f}'
              + ''.join(f'{100 * found[f"gain_{name}"][key]:+17.2f}' for key in types))


def print_characteristics(report: dict) -> None:
    misses = report['false_negatives']
    print(f'\nBy what the actions are like; {100 * misses["missed"]:.1f} % of all are missed')
    print(f'{"":16}{"bin":>4}{"":>25}{"actions":>9}{"mAP_N, %":>10}{"of all":>8}{"missed, %":>11}')
    for name, bins in report['sensitivity'].items():
        for size, row in bins.items():
            bounds = bounds_text(*report['bins'][name][size])
            head = f'{name:16}{size:>4}{bounds:>25}{row["segments"]:9}'
            if row['segments']:
                ratio = row['average_mAP_N'] / (report['average_mAP_N'] or 1)
                head += (f'{100 * row["average_mAP_N"]:10.2f}{ratio:8.2f}'
                         f'{100 * misses[name][size]["missed"]:11.1f}')
            print(head)
    if 'coverage' not in report['sensitivity']:
        print('(no coverage: some videos with actions have no "duration" in the annotations)')


if __name__ == '__main__':
    main()
