"""What each choice of the post-processing is worth, one at a time, from raw proposals of runs.

    python tools/test.py CONFIG CHECKPOINT --dump-raw raw/seed0 \\
        --cfg-options model.head.proposals.peak_filter=False
    python benchmarks/postprocess_choices.py raw/seed0 raw/seed1 raw/seed2 annotations.json

Everything but the choice is as in the configs: peak filter, segments may end with the video,
Gaussian soft-NMS with sigma 0.84, the best 100, the video's best 2 classes.
"""
from __future__ import annotations

import argparse
import statistics
import sys
import warnings
from collections.abc import Sequence

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.boundaries import choose_again
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import load_raw
from mmlofi.detections.windows import detect, to_detections
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.scoring_arguments import add_ground_truth, read_ground_truth

PLAIN = dict(nms=dict(sigma=0.84, top_k=100), top_classes=2, peak_filter=True,
             allow_end_at_last=True)
CHOICES = {
    'as in the configs': {},
    'no peak filter': dict(peak_filter=False),
    "none ends with the video (G-TAD's code)": dict(allow_end_at_last=False),
    "sigma 0.8 (G-TAD's code)": dict(nms=dict(sigma=0.8, top_k=100)),
    'sigma 0.46 (its THUMOS)': dict(nms=dict(sigma=0.46, top_k=100)),
    'sigma 0.3': dict(nms=dict(sigma=0.3, top_k=100)),
    'linear soft-NMS': dict(nms=dict(method='linear', top_k=100)),
    'NMS at IoU 0.5': dict(nms=dict(method='hard', iou_threshold=0.5, top_k=100)),
    'score voting from IoU 0.75': dict(nms=dict(sigma=0.84, top_k=100, voting_thresh=0.75)),
    'the best class alone': dict(top_classes=1),
    'the best 3 classes': dict(top_classes=3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('raw', nargs='+', help='folders of one method, such as those of its seeds')
    add_ground_truth(parser)
    args = parser.parse_args()
    warnings.simplefilter('ignore')   # of videos without detections
    truth = read_ground_truth(args)
    runs = [load_raw(folder) for folder in args.raw]
    for folder, (_, info) in zip(args.raw, runs):
        own = info.get('proposals') or {}
        if own.get('peak_filter') is not False or not own.get('allow_end_at_last'):
            sys.exit(f'{folder} has not all proposals ({own}); expected files of a test with '
                     '--cfg-options model.head.proposals.peak_filter=False')

    plain = [score(truth, *run, **PLAIN) for run in runs]
    print('| post-processing | average mAP, % | change, points |\n|---|---|---|')
    for name, choice in CHOICES.items():
        scores = plain if not choice else [score(truth, *run, **PLAIN | choice) for run in runs]
        changes = [one - other for one, other in zip(scores, plain)]
        print(f'| {name} | {mean_and_deviation(scores)} | '
              f'{mean_and_deviation(changes, "+") if choice else ""} |', flush=True)


def score(truth: list[VideoRecord], videos: Sequence[RawProposals], info: dict, *, nms: dict,
          top_classes: int, **choice: bool) -> float:
    """Average mAP in percent."""
    found = detect([choose_again(video, **choice) for video in videos], nms=nms,
                   top_classes=top_classes)
    return 100 * detection_map(truth, to_detections(found, info['classes'])).average_mAP


def mean_and_deviation(values: Sequence[float], sign: str = '') -> str:
    text = f'{statistics.mean(values):{sign}.2f}'
    return text if len(values) == 1 else f'{text} ± {statistics.stdev(values):.2f}'


if __name__ == '__main__':
    main()
