"""How long detection mAP and AR@AN take, beside MMAction2's own implementation, in one run.

    python benchmarks/evaluation_speed.py [--ann-file activity_net.v1-3.json]

The size is that of ActivityNet's validation set with 100 detections a video. Without the annotation
file a ground truth of the same size is made up; detections always are.
"""
from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmlofi.datasets.annotations import VideoRecord, class_names, load_annotations
from mmlofi.detections.predictions import Detections, load_detections, save_detections
from mmlofi.evaluation.bootstrap import Resampler
from mmlofi.evaluation.detection_map import detection_map
from mmlofi.evaluation.recall import proposal_recall

# The package must come first: it makes mmaction importable.
from mmaction.evaluation import average_recall_at_avg_proposals  # isort: skip
from mmaction.evaluation.functional.eval_detection import (  # isort: skip
    ActivityNetLocalization)


if not hasattr(np, 'trapz'):
    np.trapz = np.trapezoid     # numpy 2.4 has not the old name, which MMAction2 calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--ann-file', help="ActivityNet-v1.3's annotations")
    parser.add_argument('--subset', default='validation')
    parser.add_argument('--per-video', type=int, default=100, help='detections a video')
    args = parser.parse_args()
    warnings.simplefilter('ignore')

    rng = np.random.default_rng(0)
    records = (load_annotations(args.ann_file, args.subset) if args.ann_file
               else make_ground_truth(rng))
    detections = make_detections(rng, records, args.per_video)
    with tempfile.TemporaryDirectory() as folder:
        truth_file, detections_file = Path(folder, 'truth.json'), Path(folder, 'detections.json')
        # MMAction2's reader wants no "database" level and cuts two letters off each name.
        truth_file.write_text(json.dumps({
            f'v_{record.name}': dict(annotations=[
                dict(segment=segment, label=label)
                for segment, label in zip(record.segments_sec, record.labels)])
            for record in records}))
        save_detections(detections, detections_file)
        theirs, their_reading = timed(
            lambda: ActivityNetLocalization(str(truth_file), str(detections_file)))
        (_, their_map), their_scoring = timed(theirs.evaluate)
        ours, our_reading = timed(lambda: load_detections(detections_file))
        scores, our_scoring = timed(lambda: detection_map(records, ours))
    truth, proposals = in_mmaction2s_form(records, ours)
    (*_, their_area), their_recall = timed(lambda: average_recall_at_avg_proposals(
        truth, proposals, sum(map(len, proposals.values())), max_avg_proposals=100))
    recall, our_recall = timed(lambda: proposal_recall(records, ours))

    print(f'{len(records)} videos, {scores.num_segments} actions, {len(scores.classes)} classes, '
          f'{len(detections)} detections, {len(scores.tious)} tIoUs')
    print(f'{"":20}{"MMAction2":>12}{"mmlofi":>10}{"ratio":>8}')
    rows = [('scoring, s', their_scoring, our_scoring), ('reading json, s', their_reading,
            our_reading), ('both, s', their_reading + their_scoring, our_reading + our_scoring),
            ('AR@AN, s', their_recall, our_recall)]
    for name, slow, fast in rows:
        print(f'{name:20}{slow:12.2f}{fast:10.2f}{fast / slow:8.3f}')
    _, resampling = timed(lambda: Resampler(records, resamples=1000).score(ours))
    print(f'{"1,000 resamples":20}{"-":>12}{resampling:10.2f}')
    print(f'{"average mAP":20}{their_map:12.6f}{scores.average_mAP:10.6f}')
    print(f'{"AUC of AR@AN":20}{their_area / 100:12.6f}{recall.AUC:10.6f}')


def make_ground_truth(rng: np.random.Generator, videos: int = 4728,
                      classes: int = 200) -> list[VideoRecord]:
    """About 1.6 actions a video, one class a video, as on ActivityNet."""
    records = []
    for place in range(videos):
        cuts = np.sort(rng.uniform(0, 120, 2 * rng.choice([1, 2, 4], p=[0.7, 0.2, 0.1])))
        segments = tuple((float(start), float(end)) for start, end in cuts.reshape(-1, 2))
        label = f'class {place % classes:03d}'
        records.append(VideoRecord(f'video{place:05d}', 'validation', 120.0, segments,
                                   (label,) * len(segments)))
    return records


def make_detections(rng: np.random.Generator, records: list[VideoRecord],
                    per_video: int) -> Detections:
    """Half of them true segments with noise, half anywhere; each in the video's class or another,
    as by a classifier's two best classes."""
    classes = class_names(records)
    index = {name: place for place, name in enumerate(classes)}
    videos = []
    for record in records:
        duration = record.duration_sec
        segments = np.sort(rng.uniform(0, duration, (per_video, 2)), axis=1)
        scores = rng.uniform(0, 0.8, per_video)
        near = rng.random(per_video) < 0.5 * bool(record.labels)
        if near.any():
            chosen = np.array(record.segments_sec)[
                rng.integers(len(record.labels), size=int(near.sum()))]
            # At least a second: where both are instants, MMAction2 has IoU 0 / 0 and a match.
            length = np.maximum(chosen[:, 1:] - chosen[:, :1], 1)
            segments[near] = np.sort(chosen + rng.normal(0, 0.2, chosen.shape) * length, axis=1)
            scores[near] += 0.2
        best = [index[record.labels[0]] if record.labels else 0, rng.integers(len(classes))]
        videos.append((record.name, segments, scores, rng.permutation(
            np.repeat(best, [per_video - per_video // 2, per_video // 2]))))
    return Detections.from_videos(videos, classes)


def in_mmaction2s_form(records: list[VideoRecord], detections: Detections
                       ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Segments by video, and proposals (k, 3) with their scores."""
    truth = {record.name: np.array(record.segments_sec) for record in records if record.labels}
    rows = np.column_stack([detections.segments_sec, detections.scores])
    cuts = np.searchsorted(detections.video, np.arange(1, len(detections.video_names)))
    proposals = dict(zip(detections.video_names, np.split(rows, cuts)))
    return truth, {name: proposals[name] for name in truth}


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


if __name__ == '__main__':
    main()
