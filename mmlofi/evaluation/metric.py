"""The Runner's metric: mAP at several tIoUs, and recall."""
from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmlofi.datasets.annotations import VideoRecord, load_annotations
from mmlofi.detections.predictions import Detections, save_detections
from mmlofi.detections.windows import WindowResult, detect_in_videos
from mmlofi.evaluation.detection_map import detection_map, parse_tious, tiou_name
from mmlofi.evaluation.recall import proposal_recall, topk_recall

_PROPOSALS = (1, 5, 10, 100)  # those of MMAction2's ANetMetric


@METRICS.register_module()
class TALMetric(BaseMetric):
    """Scores detections of untrimmed videos by ActivityNet's mAP and recall.

    The whole ground truth comes from the annotation file, on every rank, so that a video without
    a detection counts as missed. A video counts once, also when a distributed sampler gave it out
    twice to fill up the last batch. Windows of a video are joined, of whatever ranks they come.

    What `metric_type` can have, and what it gives:

    - 'mAP': `mAP` (the mean over the tIoUs, for `save_best='mAP'`) and `mAP@0.50`, … of each.
    - 'AR@AN': `AUC`, `AR@1`, `AR@5`, `AR@10` and `AR@100`, as MMAction2's ANetMetric (whose AUC
      is in percent), without regard to classes.
    - 'Recall@1x', 'Recall@5x' or any multiple: the mean over the tIoUs and `Recall@1x@0.50`, … of
      each (`topk_recall`). 'ActionRecall@1x' is the mean over actions in place of classes, which is
      what Ego4D's own program gives.
    - 'AP': `AP/<class>` of each class, the mean over the tIoUs.

    Args:
        ann_file: ActivityNet-format annotations.
        subset: The subset that the dataset reads.
        tious: As `parse_tious` takes them.
        metric_type: One or several of the above, in the order in which they are given out.
        out_file: Where to write the detections as ActivityNet's json, overwritten each time.
        only_evaluated_videos: Leave videos that the dataset did not give out (because their file
            is missing, say) out of the ground truth. By default they count as missed, as they do
            officially.
        ignore_classes: Classes that are neither truth nor, where detections overlap their
            segments, false (`matching`). None: those of the data set, if it is known (THUMOS14's
            `Ambiguous`); () scores all.
        prefix: Put before the names, as in 'tal/mAP'.
        collect_device: 'cpu' collects through files, 'gpu' through the process group.
        backend_args: The MMEngine file backend of the annotation file; None reads from disk.
    """

    default_prefix = ''

    def __init__(self, *, ann_file: str, subset: str | Sequence[str],
                 tious: str | float | Sequence[float] = '0.5:0.95:0.05',
                 metric_type: str | Sequence[str] = 'mAP',
                 out_file: str | None = None, only_evaluated_videos: bool = False,
                 ignore_classes: str | Sequence[str] | None = None, prefix: str | None = None,
                 collect_device: str = 'cpu', backend_args: dict | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.tious = parse_tious(tious)
        self.metric_types = _check_types(metric_type)
        self.records = load_annotations(ann_file, subset, backend_args, ignore_classes)
        if not any(record.labels for record in self.records):
            raise ValueError(f'{ann_file} has no action in the {len(self.records)} videos of '
                             f'subset {subset!r}; expected annotations to score against: choose '
                             'an annotated subset, or leave the evaluator out')
        self.out_file = out_file
        self.only_evaluated_videos = only_evaluated_videos
        self.detections: Detections | None = None   # last scored, on the main process

    @property
    def dataset_meta(self) -> dict | None:
        """The dataset's `metainfo`, which the evaluation loop sets when it is built.

        Raises:
            ValueError: Then, before training, when it has no class names or lacks one that is
                annotated.
        """
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        """Compares its classes with those annotated."""
        self._dataset_meta = dataset_meta
        annotated = {label for record in self.records for label in record.labels}
        unknown = sorted(annotated.difference(self._classes()))
        if unknown:
            raise ValueError(f'TALMetric got a dataset without the classes {unknown[:5]} '
                             f'({len(unknown)} of the {len(annotated)} annotated); expected all of '
                             'them: give the dataset and the metric the same annotation file and '
                             'ignore_classes, or complete metainfo.classes')

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keeps name, segments_sec, scores and labels of each video, or what a window holds.

        Args:
            data_batch: Not used.
            data_samples: With `video_name` and `pred_instances`, which has `segments_sec` (K, 2),
                `scores` (K,) and `labels` (K,); of a window with `window_result`.
        """
        for sample in data_samples:
            if sample.get('window_result') is not None:
                self.results.append(sample['window_result'])
                continue
            found = sample['pred_instances']
            self.results.append((
                sample['video_name'], found['segments_sec'].detach().cpu().double().numpy(),
                found['scores'].detach().cpu().double().numpy(), found['labels'].cpu().numpy()))

    def evaluate(self, size: int) -> dict[str, float]:
        """Scores what all ranks collected.

        `size` is not used: it cuts the collected list at the number of videos, which keeps the
        padding and loses true videos when a sampler pads other than at the end.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list[tuple | WindowResult]) -> dict[str, float]:
        """Runs on the main process, with the results of all."""
        if not results:
            raise ValueError('TALMetric got no video to score; expected at least one: is the '
                             'dataset of the evaluation loop empty?')
        windows = [result for result in results if isinstance(result, WindowResult)]
        by_name = {name: (name, *found)
                   for name, found in detect_in_videos(windows).items()}
        for result in results:
            if not isinstance(result, WindowResult):
                by_name.setdefault(result[0], result)
        detections = Detections.from_videos(
            [by_name[name] for name in sorted(by_name)], self._classes())
        self.detections = detections
        if self.out_file is not None:
            save_detections(detections, self.out_file)
            print_log(f'{len(detections)} detections of {len(by_name)} videos written to '
                      f'{os.path.abspath(self.out_file)}', logger='current')

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            values = self._score(self._ground_truth(set(by_name)), detections)
        for message in dict.fromkeys(str(warning.message) for warning in caught):
            _warn(f'TALMetric: {message}')
        return values

    def _score(self, ground_truth: list[VideoRecord], detections: Detections) -> dict[str, float]:
        values = {}
        if {'mAP', 'AP'}.intersection(self.metric_types):
            scores = detection_map(ground_truth, detections, self.tious)
        for metric in self.metric_types:
            if metric == 'mAP':
                values |= _with_each(metric, self.tious, scores.mAP)
            elif metric == 'AP':
                values |= {f'AP/{name}': value
                           for name, value in scores.per_class_average_AP.items()}
            elif metric == 'AR@AN':
                found = proposal_recall(ground_truth, detections, self.tious)
                values |= dict(AUC=found.AUC) | {
                    f'AR@{count}': float(found.average_recall[count - 1]) for count in _PROPOSALS}
            else:
                multiple = int(metric.partition('@')[2][:-1])
                found = topk_recall(ground_truth, detections, self.tious, multiples=[multiple],
                                    over_classes=not metric.startswith('Action'))
                values |= _with_each(metric, self.tious, found[:, 0])
        return values

    def _ground_truth(self, evaluated: set[str]) -> list[VideoRecord]:
        left_out = [record for record in self.records if record.name not in evaluated]
        if not left_out:
            return self.records
        what = (f'TALMetric: {len(left_out)} of {len(self.records)} videos of the subset were not '
                f'evaluated, such as {[record.name for record in left_out[:3]]}')
        if not self.only_evaluated_videos:
            _warn(f'{what}; their actions count as missed (only_evaluated_videos=True leaves them '
                  'out)')
            return self.records
        _warn(f'{what}; they are left out of the ground truth')
        return [record for record in self.records if record.name in evaluated]

    def _classes(self) -> Sequence[str]:
        classes = (self.dataset_meta or {}).get('classes')
        if not classes:
            raise ValueError('TALMetric got a dataset without class names; expected '
                             "dataset_meta['classes'], to turn label indices into names: evaluate "
                             'with UntrimmedVideoDataset or give your dataset metainfo')
        return classes


def _check_types(metric_type: str | Sequence[str]) -> tuple[str, ...]:
    types = (metric_type,) if isinstance(metric_type, str) else tuple(metric_type)
    unknown = [name for name in types
               if not re.fullmatch(r'mAP|AP|AR@AN|(Action)?Recall@[1-9]\d*x', str(name))]
    if unknown or not types:
        raise ValueError(f"TALMetric got metric_type={list(types)}; expected some of 'mAP', 'AP', "
                         f"'AR@AN', 'Recall@1x', 'Recall@5x', 'ActionRecall@1x': correct "
                         f'{unknown or "this"}')
    return types


def _with_each(name: str, tious: Sequence[float], values: np.ndarray) -> dict[str, float]:
    """The mean, and the value of each tIoU."""
    return {name: float(values.mean())} | {
        f'{name}@{tiou_name(tiou)}': value for tiou, value in zip(tious, values.tolist())}


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)
