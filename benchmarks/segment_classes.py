"""What class scores of segments are worth beside those of the whole video, in videos of several.

    OMP_NUM_THREADS=1 python benchmarks/segment_classes.py

Made-up features in which every snippet tells its class in noise. One G-TAD is trained a seed, with
both classifiers beside it: no gradient of theirs reaches it, so that all labels are of the same
proposals. Without classes, every action and proposal is of one class.
"""
from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.postprocess import postprocess
from mmlofi.detections.windows import to_detections
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.models import GTADHead, SegmentClassifier, VideoClassifier
from mmlofi.models.arrays import to_raw

CLASSES, CHANNELS, LENGTH = tuple('abcde'), 32, 32
TRAIN, VAL, BATCH = 120, 40, 16
ROWS = ('VideoClassifier', 'SegmentClassifier', 'without classes')
Videos = tuple[Tensor, list[ActionDataSample]]   # (N, C, L), and what is in them


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--epochs', type=int, default=25)
    parser.add_argument('--videos', type=int, nargs=2, default=[TRAIN, VAL],
                        help='to train on and to score')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    print('| classes a video | scores | mAP@0.5, % | average mAP, % |\n|---|---|---|---|')
    for per_video in (1, len(CLASSES)):
        start = time.process_time()
        scores = [run(seed, per_video, args.epochs, *args.videos) for seed in args.seeds]
        for row in ROWS:
            at_half, average = zip(*(one[row] for one in scores))
            print(f'| {"1" if per_video == 1 else f"up to {per_video}"} | {row} | '
                  f'{spread(at_half)} | {spread(average)} |', flush=True)
        print(f'<!-- {time.process_time() - start:.0f} CPU seconds -->', flush=True)


def run(seed: int, per_video: int, epochs: int, train: int, val: int
        ) -> dict[str, tuple[float, float]]:
    """mAP at tIoU 0.5 and on average, in percent, by what says the classes."""
    rng = np.random.default_rng([seed, per_video])
    looks = rng.standard_normal((1 + len(CLASSES), CHANNELS))    # of any action, and of each class
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    training, validation = (make_videos(rng, looks, count, per_video) for count in (train, val))
    torch.manual_seed(seed)
    size = dict(in_channels=CHANNELS, num_classes=len(CLASSES))
    head = GTADHead(in_channels=CHANNELS, max_duration=0.4)
    of_video, of_segment = VideoClassifier(**size), SegmentClassifier(**size)
    fit(torch.nn.ModuleList([head, of_video, of_segment]), training, epochs)
    return score(head, of_video, of_segment, validation)


def make_videos(rng: np.random.Generator, looks: np.ndarray, count: int, per_video: int) -> Videos:
    """Features: noise, and in an action what all have in common and what its class has."""
    features, samples = [], []
    for number in range(count):
        classes = rng.permutation(len(CLASSES))[:per_video]
        segments, end = [], 0.0
        while True:
            start = end + rng.uniform(1, 5)
            end = start + np.exp(rng.uniform(np.log(2), np.log(8)))
            if end > LENGTH:
                break
            segments.append((start, end))
        labels = rng.choice(classes, len(segments))
        video = rng.standard_normal((CHANNELS, LENGTH)) * 2 / np.sqrt(CHANNELS)
        cells = np.arange(LENGTH)
        for (start, end), label in zip(segments, labels):
            covered = np.clip(np.minimum(end, cells + 1) - np.maximum(start, cells), 0, 1)
            video += np.outer(looks[0] + 1.5 * looks[1 + label], covered)
        sample = ActionDataSample(metainfo=dict(video_name=f'{number}', duration_sec=float(LENGTH)))
        sample.gt_instances = InstanceData(
            segments=torch.tensor(segments, dtype=torch.float32).view(-1, 2) / LENGTH,
            labels=torch.from_numpy(labels))
        features.append(torch.from_numpy(video).float())
        samples.append(sample)
    return torch.stack(features), samples


def fit(parts: torch.nn.ModuleList, videos: Videos, epochs: int) -> None:
    """As configs/toy/gtad_toy.py."""
    features, samples = videos
    optimizer = torch.optim.Adam(parts.parameters(), lr=2e-3, weight_decay=1e-4)
    drop = torch.optim.lr_scheduler.MultiStepLR(optimizer, [round(0.6 * epochs)])
    for _ in range(epochs):
        for batch in torch.randperm(len(samples)).split(BATCH):
            mine = features[batch], [samples[number] for number in batch]
            losses = [value for part in parts for name, value in part.loss(*mine).items()
                      if 'loss' in name]
            optimizer.zero_grad()
            sum(losses).backward()
            optimizer.step()
        drop.step()
    parts.eval()


@torch.no_grad()
def score(head: GTADHead, of_video: VideoClassifier, of_segment: SegmentClassifier,
          videos: Videos) -> dict[str, tuple[float, float]]:
    features, samples = videos
    proposals = [one for first in range(0, len(samples), BATCH)
                 for one in head.predict(features[first:first + BATCH])]
    classes = {
        ROWS[0]: of_video.predict(features, samples),
        ROWS[1]: of_segment.predict(features, samples, [one.segments for one in proposals]),
        ROWS[2]: [None] * len(samples)}
    found = {}
    for row, scores in classes.items():
        names = CLASSES[:1] if scores[0] is None else CLASSES
        raw = list(map(to_raw, samples, proposals, scores))
        detections = postprocess(raw, nms=dict(sigma=0.84, top_k=100), top_classes=2)
        result = detection_map(truth(samples, names), to_detections(
            {sample.video_name: one for sample, one in zip(samples, detections)}, names))
        found[row] = 100 * float(result.mAP[0]), 100 * result.average_mAP
    return found


def truth(samples: Sequence[ActionDataSample], names: Sequence[str]) -> list[VideoRecord]:
    """The annotations; all of one class where there is but one."""
    return [VideoRecord(
        sample.video_name, 'val', sample.duration_sec,
        tuple(map(tuple, (sample.gt_instances.segments.double() * LENGTH).tolist())),
        tuple(names[label % len(names)] for label in sample.gt_instances.labels.tolist()))
        for sample in samples]


def spread(values: Sequence[float]) -> str:
    mean = f'{statistics.mean(values):.1f}'
    return mean if len(values) == 1 else f'{mean} ± {statistics.stdev(values):.1f}'


if __name__ == '__main__':
    main()
