"""Keeps a head's proposals of a test, to be post-processed again without the model."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmlofi.detections.raw_files import INFO, save_raw
from mmlofi.files import write_json, write_text
from mmlofi.models.heads.anchors import ProposalSelection
from mmlofi.options import require_whole

UNFINISHED = 'unfinished.txt'
OF_ANCHORS = 2000


@HOOKS.register_module()
class RawProposalsHook(Hook):
    """Writes what the head proposes in each video of a test, before soft-NMS, to a folder.

    `tools/test.py --dump-raw FOLDER` adds it, `tools/postprocess.py FOLDER` reads it. A test that
    was killed leaves `unfinished.txt` in it, and the next one begins anew there.

    Args:
        out_dir: A new or empty folder, or that of a test that did not end.
        max_proposals: The best ones of a video that are kept; 12 bytes each, 20 with a label. By
            default 2000 of heads that score anchors, and all of others, whose soft-NMS may be by
            class.

    Raises:
        CannotWrite: Before testing, when the folder cannot be written to.
        ValueError: At construction, when the folder has other files already or `max_proposals` is
            below 1; before testing, when the model does not keep proposals.
    """

    def __init__(self, *, out_dir: str, max_proposals: int | None = None) -> None:
        if max_proposals is not None:
            require_whole('RawProposalsHook', max_proposals=max_proposals)
        there = os.listdir(out_dir) if os.path.isdir(out_dir) else []
        if there and (UNFINISHED not in there or INFO in there):
            raise ValueError(f'RawProposalsHook got the folder {out_dir!r}, which holds files '
                             'already; expected a new one, since proposals of two models must not '
                             'mix: give another, or empty it')
        self.out_dir = out_dir
        self.max_proposals = max_proposals

    def before_test(self, runner: Runner) -> None:
        """Asks the model to keep proposals."""
        model = self._model(runner)
        if not hasattr(model, 'keep_raw'):
            raise ValueError(f'RawProposalsHook got a {type(model).__name__}; expected an '
                             'EndToEndLocalizer, which can keep what its head proposes: leave '
                             'the hook (--dump-raw) out')
        model.keep_raw = True
        if self.max_proposals is None and _selection(model) is not None:
            self.max_proposals = OF_ANCHORS
        self._most = 0
        if is_main_process():
            for path in Path(self.out_dir).rglob('*.npz'):
                path.unlink()
            write_text(os.path.join(self.out_dir, UNFINISHED),
                       'The test that writes here has not ended. The next one begins anew.\n')
        barrier()

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[ActionDataSample] | None = None) -> None:
        """Writes the videos of this batch."""
        for sample in outputs:
            self._most = max(self._most, len(sample.raw_proposals.scores))
            save_raw(self.out_dir, sample.raw_proposals, self.max_proposals)

    def after_test(self, runner: Runner) -> None:
        """Writes how the model post-processes, once all ranks have written their videos."""
        model = self._model(runner)
        model.keep_raw = False
        if self.max_proposals is not None and self._most > self.max_proposals:
            print_log(f'RawProposalsHook kept the best {self.max_proposals} of up to {self._most} '
                      'proposals of a video (max_proposals)', logger='current')
        barrier()
        if is_main_process():
            classes = runner.test_loop.dataloader.dataset.metainfo.get('classes', ())
            write_json(os.path.join(self.out_dir, INFO), dict(
                classes=list(classes), nms=model.nms, top_classes=model.top_classes,
                fusion=model.fusion, max_proposals=self.max_proposals,
                proposals=_selection(model)))
            os.remove(os.path.join(self.out_dir, UNFINISHED))

    @staticmethod
    def _model(runner: Runner) -> object:
        return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _selection(model: object) -> dict | None:
    """How the head chooses proposals, where it is by a `ProposalSelection`."""
    select = getattr(model.head, 'select', None)
    return asdict(select) if isinstance(select, ProposalSelection) else None
