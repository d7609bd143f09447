"""Scores a json of detections in ActivityNet's format: mAP and recall at several tIoUs.

    python tools/eval_detections.py predictions.json activity_net.v1-3.json --subset validation
    python tools/eval_detections.py predictions.json thumos_gt.json --subset test --tiou 0.3:0.7:0.1
    python tools/eval_detections.py PRED.json GT.json --per-class --proposals --topkx 1 5
    python tools/eval_detections.py PRED.json GT.json --against OTHER.json    # is it better?
"""
from __future__ import annotations

__mmlofi__ = 'later'   # in `start`, so that arguments come before what takes seconds

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict

from mmlofi.scoring_arguments import RESAMPLES, add_bootstrap, add_ground_truth, read_ground_truth
from mmlofi.starting import start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', help='json with "results" by video, or json.gz')
    add_ground_truth(parser)
    parser.add_argument('--tiou', default='0.5:0.95:0.05',
                        help='thresholds: start:stop:step, or a list such as 0.5,0.75,0.95')
    parser.add_argument('--per-class', action='store_true',
                        help='print the AP of each class, the worst first')
    parser.add_argument('--proposals', action='store_true',
                        help='print AR@AN and the area under it, without regard to classes')
    parser.add_argument('--only-proposals', action='store_true',
                        help='print nothing else; labels are not needed')
    parser.add_argument('--topkx', type=int, nargs='+', default=[], metavar='K',
                        help='print Recall@Kx: of K detections for each true action')
    add_bootstrap(parser)
    parser.add_argument('--against', metavar='OTHER.json',
                        help='other detections: the difference to them, and how sure it is')
    parser.add_argument('--out', help='write the scores, also of each class, to this json file')
    args = parser.parse_args()
    if args.against is not None and args.bootstrap is None:
        args.bootstrap = RESAMPLES
    if args.bootstrap is not None and args.only_proposals:
        parser.error('--bootstrap and --against are of mAP; expected them without '
                     '--only-proposals')
    return args


if __name__ == '__main__':
    start(parse_args, registers=False)

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections, load_detections
from mmlofi.evaluation.about import about
from mmlofi.evaluation.bootstrap import Difference, Resampler, Spread
from mmlofi.evaluation.detection_map import DetectionScores, detection_map, tiou_name
from mmlofi.evaluation.recall import ProposalScores, proposal_recall, topk_recall
from mmlofi.files import write_json

Scores = tuple[DetectionScores | None, np.ndarray | None, ProposalScores | None]


def main() -> None:
    args = parse_args()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            truth = read_ground_truth(args)
            detections = load_detections(args.predictions, with_labels=not args.only_proposals)
            scores, topkx, proposals = evaluate(args, truth, detections)
            sure = resample(args, truth, detections)
        except (OSError, ValueError) as error:
            sys.exit(f'eval_detections: {error}')
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        print(f'warning: {message}', file=sys.stderr)
    if scores is not None:
        print_table(scores, args.topkx, topkx)
    if sure:
        print_sure(args, sure)
    if proposals is not None:
        print_proposals(proposals)
    if args.per_class and scores is not None:
        print_classes(scores)
    if args.out:
        write_json(args.out, for_json(args, scores, topkx, proposals, sure))
        print(f'written to {args.out}')


def evaluate(args: argparse.Namespace, truth: Sequence[VideoRecord],
             detections: Detections) -> Scores:
    """mAP, Recall@kx (T, multiples) and AR@AN, each where it is asked for."""
    scores = topkx = proposals = None
    if not args.only_proposals:
        scores = detection_map(truth, detections, args.tiou)
        if args.topkx:
            topkx = topk_recall(truth, detections, args.tiou, multiples=args.topkx)
    if args.proposals or args.only_proposals:
        proposals = proposal_recall(truth, detections, args.tiou)
    return scores, topkx, proposals


def resample(args: argparse.Namespace, truth: Sequence[VideoRecord],
             detections: Detections) -> dict[str, Spread | Difference]:
    """How sure the average mAP is, and that of `--against` and its difference to it; empty where
    that is not asked for."""
    if args.bootstrap is None:
        return {}
    resampler = Resampler(truth, args.tiou, resamples=args.bootstrap)
    own = [resampler.score(detections)]
    if args.against is None:
        return dict(average_mAP=resampler.spread(own))
    other = load_detections(args.against)
    with about(args.against):
        other = [resampler.score(other)]
    return dict(average_mAP=resampler.spread(own), against=resampler.spread(other),
                difference=resampler.difference(other, own))


def print_sure(args: argparse.Namespace, sure: dict[str, Spread | Difference]) -> None:
    files = dict(average_mAP=args.predictions, against=args.against, difference='difference')
    print(f'\naverage mAP, % with the interval of 95 % of {args.bootstrap} resamples of the '
          'videos')
    for name, found in sure.items():
        turned = f'; the other way round in {100 * found.turns:.1f} % of the resamples' \
            if isinstance(found, Difference) else ''
        print(f'{100 * found.value:8.2f}  [{100 * found.low:.2f}, {100 * found.high:.2f}]  '
              f'{files[name]}{turned}')


def for_json(args: argparse.Namespace, scores: DetectionScores | None, topkx: np.ndarray | None,
             proposals: ProposalScores | None, sure: dict[str, Spread | Difference]) -> dict:
    content = {} if scores is None else scores.to_dict()

    def by_tiou(values: np.ndarray) -> dict[str, float]:
        return dict(zip(map(tiou_name, scores.tious), values.tolist()))
    if args.per_class and scores is not None:
        content['per_class_AP'] = {
            name: by_tiou(row) for name, row in zip(scores.classes, scores.AP)}
    if topkx is not None:
        content['topkx_recall'] = {f'Recall@{multiple}x': by_tiou(column)
                                   for multiple, column in zip(args.topkx, topkx.T)}
    if proposals is not None:
        content['proposals'] = proposals.to_dict()
    if sure:
        content['bootstrap'] = dict(resamples=args.bootstrap) | {
            name: asdict(found) for name, found in sure.items()}
    return content


def print_table(scores: DetectionScores, multiples: list[int], topkx: np.ndarray | None) -> None:
    print(f'{scores.num_videos} videos, {scores.num_segments} actions of {len(scores.classes)} '
          f'classes, {scores.num_detections} detections'
          + f', {scores.num_ignored} segments ignored' * bool(scores.num_ignored))
    rows = [('mAP', scores.mAP)]
    if topkx is not None:
        rows += [(f'Recall@{multiple}x', column) for multiple, column in zip(multiples, topkx.T)]
    width = max(len(name) for name, _ in rows) + 4
    names = [tiou_name(tiou) for tiou in scores.tious] + ['average']
    print('tIoU'.ljust(width) + ''.join(f'{name:>8}' for name in names))
    for name, values in rows:
        print(f'{name}, % '.ljust(width)
              + ''.join(f'{100 * value:8.2f}' for value in [*values, values.mean()]))


def print_proposals(scores: ProposalScores) -> None:
    counts = (1, 5, 10, 50, 100)
    print(f'\n{scores.num_proposals} proposals for {scores.num_segments} actions of '
          f'{scores.num_videos} videos')
    print('AN   ' + ''.join(f'{count:8}' for count in counts) + '     AUC')
    values = [scores.average_recall[count - 1] for count in counts] + [scores.AUC]
    print('AR, %' + ''.join(f'{100 * value:8.2f}' for value in values))


def print_classes(scores: DetectionScores) -> None:
    names = [tiou_name(tiou) for tiou in scores.tious] + ['average']
    width = max(map(len, scores.classes)) + 2
    print('\n' + 'AP, %'.ljust(width) + ''.join(f'{name:>8}' for name in names))
    for place in scores.AP.mean(1).argsort(kind='stable'):
        row = [*scores.AP[place], scores.AP[place].mean()]
        print(scores.classes[place].ljust(width) + ''.join(f'{100 * value:8.2f}' for value in row))


if __name__ == '__main__':
    main()
