"""Counts, names and reports the videos that training had to replace."""
from __future__ import annotations

import logging
import os.path as osp

from mmaction.registry import HOOKS
from mmengine.dataset import RepeatDataset
from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import Dataset

from mmlofi.files import write_json

INFO = 'bad_videos'


@HOOKS.register_module()
class BadVideosHook(Hook):
    """Says which videos could not be read, and stops a training that has too many of them.

    `UntrimmedVideoDataset` puts another video in the place of one that fails in its pipeline, and
    notes both in the sample. The log names each one when rank 0 meets it, and those of all ranks at
    the end of an epoch; `bad_videos.json` in the work dir then has them with reason and count.
    Checkpoints store those of all ranks, so that a resumed run goes on counting.

    Args:
        max_share: Of the data set's videos. More bad ones stop the run, a single one never does.

    Raises:
        ValueError: With the list, when `max_share` is passed.
    """

    def __init__(self, *, max_share: float = 0.05) -> None:
        if not 0 <= max_share <= 1:
            raise ValueError(f'BadVideosHook got max_share={max_share}; expected a share of the '
                             'videos, 0 to 1')
        self.max_share = max_share
        self._found: dict[str, list] = {}   # name: [reason, how often]

    def before_train(self, runner: Runner) -> None:
        """Takes up the count of a resumed run."""
        stored = runner.message_hub.get_info(INFO, {})
        self._found = {name: list(entry) for name, entry in stored.items()} \
            if is_main_process() else {}

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None
                          ) -> None:
        """Looks at what was replaced in this batch."""
        for sample in data_batch['data_samples']:
            for name, reason in sample.get('replaced', ()):
                if name not in self._found:
                    print_log(f'video {name!r} was replaced by {sample.video_name!r} at the same '
                              f'fidelity: {reason}', 'current', logging.WARNING)
                entry = self._found.setdefault(name, [reason, 0])
                entry[1] += 1
                runner.message_hub.update_info(INFO, self._found)
                self._stop_if_too_many(runner, self._found)

    def before_checkpoint(self, runner: Runner) -> None:
        """Lets it have what all ranks met so far; each goes on counting its own."""
        together = self._of_all_ranks()
        if together:
            runner.message_hub.update_info(INFO, together)

    def _of_all_ranks(self) -> dict[str, list]:
        """What was found, added up; every rank has to come here."""
        together: dict[str, list] = {}
        for found in all_gather_object(self._found):
            for name, (reason, count) in found.items():
                together.setdefault(name, [reason, 0])[1] += count
        return together

    def after_train_epoch(self, runner: Runner) -> None:
        """Adds up all ranks; every rank has to come here."""
        together = self._of_all_ranks()
        if is_main_process():
            self._found = together
        else:
            self._found = {}
        if not together:
            return
        runner.message_hub.update_info(INFO, together)
        if is_main_process():
            path = osp.join(runner.work_dir, 'bad_videos.json')
            write_json(path, {name: dict(reason=reason, count=count)
                              for name, (reason, count) in sorted(together.items())})
            print_log(f'{len(together)} videos could not be read so far and were replaced '
                      f'{sum(count for _, count in together.values())} times: {sorted(together)}, '
                      f'reasons in {path}', 'current', logging.WARNING)
        self._stop_if_too_many(runner, together)

    def _stop_if_too_many(self, runner: Runner, found: dict[str, list]) -> None:
        total = _num_videos(runner.train_dataloader.dataset)
        if len(found) > max(1, self.max_share * total):
            listing = '; '.join(f'{name}: {reason}' for name, (reason, _) in sorted(found.items()))
            raise ValueError(
                f'{len(found)} of {total} videos could not be read, more than max_share='
                f'{self.max_share:g}: {listing}. Expected readable videos: repair them or take '
                'them out of the annotations, or raise default_hooks.bad_videos.max_share')


def _num_videos(dataset: Dataset) -> int:
    """Videos of a data set, which neither a RepeatDataset nor windows multiply."""
    return _num_videos(dataset.dataset) if isinstance(dataset, RepeatDataset) \
        else getattr(dataset, 'num_videos', len(dataset))
