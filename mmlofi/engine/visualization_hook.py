"""Time lines of some validation videos, in TensorBoard or wherever the visualizer writes.

Shape legend: L snippets.
"""
from __future__ import annotations

import os.path as osp
import sys
from collections.abc import Sequence

import numpy as np
from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from mmengine.dist import collect_results
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.curves import Curves, curves_of, join_curves
from mmlofi.evaluation import TALMetric
from mmlofi.evaluation.ranking import rank_videos
from mmlofi.files import file_stems
from mmlofi.options import require_whole
from mmlofi.visualization.figure_file import save_image
from mmlofi.visualization.timeline import choose_videos
from mmlofi.visualization.video_timeline import draw_video_timeline, figure_to_image

WHICH = ('fixed', 'best_and_worst')


@HOOKS.register_module()
class TALVisualizationHook(Hook):
    """Draws truth and predictions of a few videos after a validation or a test.

    As MMAction2's VisualizationHook it does nothing unless it is enabled, gives its pictures to the
    Runner's visualizer, and writes them to `out_dir` alone where that is given. In TensorBoard each
    video, or each place, has a slider over the epochs.

    Args:
        enable: Whether to draw.
        interval: Draw at every so many validations, from the first on; a test is always drawn.
        num_videos: Videos drawn.
        which: 'fixed' draws the same ones each time, spread evenly over the names of those with
            actions. 'best_and_worst' draws half of each, by the mAP of each video alone.
        top_k: Predictions drawn of a video.
        frames: Whether to draw thumbnails, where the dataset reads videos.
        out_dir: Folder for png files, in place of the visualizer's backends.

    Raises:
        ValueError: At construction, for settings that make no sense; before a validation that no
            TALMetric scores.
    """

    priority = 'LOW'

    def __init__(self, enable: bool = False, interval: int = 1, *, num_videos: int = 4,
                 which: str = 'fixed', top_k: int = 20, frames: bool = True,
                 out_dir: str | None = None) -> None:
        require_whole('TALVisualizationHook', interval=interval, num_videos=num_videos,
                      top_k=top_k)
        if which not in WHICH:
            raise ValueError(f'TALVisualizationHook got which={which!r}; expected one of {WHICH}')
        self.enable, self.interval, self.num_videos = enable, interval, num_videos
        self.which, self.top_k, self.frames, self.out_dir = which, top_k, frames, out_dir
        self._validations = 0
        self._drawing = False

    def before_val_epoch(self, runner: Runner) -> None:
        """Looks whether this one is to be drawn, and can be."""
        self._prepare(runner.val_loop, self._validations % self.interval == 0)

    def before_test_epoch(self, runner: Runner) -> None:
        """As `before_val_epoch`."""
        self._prepare(runner.test_loop, True)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                       outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Keeps start and end probabilities, and how long a video is."""
        if self._drawing:
            self._seen += [(sample.video_name, curves_of(sample), sample.duration_sec)
                           for sample in outputs]

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[ActionDataSample] | None = None) -> None:
        """As `after_val_iter`."""
        self.after_val_iter(runner, batch_idx, data_batch, outputs)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draws."""
        # Asking for the epoch would build a train loop where there is none, as LoggerHook notes.
        trains = runner._train_loop is not None and not isinstance(runner._train_loop, dict)
        self._draw(runner, runner.val_loop, runner.epoch if trains else 0)
        self._validations += 1

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draws."""
        self._draw(runner, runner.test_loop, 0)

    def _prepare(self, loop: object, due: bool) -> None:
        self._drawing = self.enable and due
        self._seen: list[tuple[str, Curves | None, float]] = []
        if self._drawing:
            _metric_of(loop)     # says so before the validation where there is none

    def _draw(self, runner: Runner, loop: object, step: int) -> None:
        if not self._drawing:
            return
        seen = collect_results(self._seen, sys.maxsize, device='cpu')
        if seen is None:      # another rank draws
            return
        metric = _metric_of(loop)
        durations = {name: duration for name, _, duration in seen}
        files = _video_files(loop.dataloader.dataset) if self.frames else {}
        for title, record in self._choose(metric):
            curves = [found for name, found, _ in seen if name == record.name and found is not None]
            picture = _picture(
                record, metric, durations.get(record.name), files.get(record.name),
                curves=join_curves(curves) if curves else None, top_k=self.top_k)
            self._give_out(runner, f'timeline_{title}', picture, step)

    def _choose(self, metric: TALMetric) -> list[tuple[str, VideoRecord]]:
        """What each picture is called, and its video."""
        if self.which == 'fixed':
            stems = file_stems(record.name for record in metric.records)
            return [(stems[record.name], record)
                    for record in choose_videos(metric.records, None, self.num_videos)]
        ranked = [record for _, record in rank_videos(metric.records, metric.detections,
                                                      metric.tious)]
        best = ranked[:-(-min(self.num_videos, len(ranked)) // 2)]
        worst = ranked[len(best):][::-1][:self.num_videos - len(best)]
        return [(f'{what}_{place}', record) for what, chosen in (('best', best), ('worst', worst))
                for place, record in enumerate(chosen, start=1)]

    def _give_out(self, runner: Runner, name: str, picture: np.ndarray, step: int) -> None:
        if self.out_dir is None:
            runner.visualizer.add_image(name, picture, step)
            return
        save_image(picture, osp.join(self.out_dir, f'{name}_{step}.png'))


def _metric_of(loop: object) -> TALMetric:
    found = [metric for metric in loop.evaluator.metrics if isinstance(metric, TALMetric)]
    if not found:
        there = [type(metric).__name__ for metric in loop.evaluator.metrics]
        raise ValueError('TALVisualizationHook draws the detections that a TALMetric scores, and '
                         f'the evaluator has {there}; expected one: leave the hook disabled, or '
                         'validate a localizer')
    return found[0]


def _video_files(dataset: Dataset) -> dict[str, str]:
    """Files by the names of the videos, where the dataset reads videos."""
    if getattr(dataset, 'source', None) != 'video':
        return {}
    infos = (dataset.get_data_info(place) for place in range(len(dataset)))
    return {info['video_name']: info['filename'] for info in infos}


def _picture(record: VideoRecord, metric: TALMetric, duration_sec: float | None,
             filename: str | None, **options) -> np.ndarray:
    """(H, W, 3) uint8; without frames where they cannot be decoded, since a training goes on."""
    found = metric.detections
    known = found.of_video(record.name) if record.name in found.video_names else found
    duration = record.duration_sec or duration_sec or max(
        [float(known.segments_sec.max(initial=1)), *(end for _, end in record.segments_sec)])
    for file in dict.fromkeys((filename, None)):
        try:
            return figure_to_image(draw_video_timeline(
                record.name, found, duration_sec=duration, record=record, filename=file,
                classes=found.classes, **options))
        except (OSError, ValueError) as error:
            if file is None:
                raise
            print_log(f'TALVisualizationHook: no frames of {file}: {error}', logger='current')
