"""Sees that every video that will be scored has class scores, before the first epoch."""
from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner


@HOOKS.register_module()
class ClassScoresHook(Hook):
    """Asks a localizer's `class_scores`, where they have a `require(names)`, for all videos.

    `ClassScoreFile` has; without this hook a video that its file lacks ends the run in validation.

    Raises:
        ValueError: For videos without scores, as `require` says it.
    """

    def before_run(self, runner: Runner) -> None:
        """Looks through the data that are validated or tested on."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        require = getattr(getattr(model, 'class_scores', None), 'require', None)
        # A loop that this run does not use stays a config, and is not to be built for this.
        loops = [loop for loop in (runner._val_loop, runner._test_loop)
                 if isinstance(loop, BaseLoop)]
        for loop in loops if require else []:
            dataset = loop.dataloader.dataset
            require(dataset.get_data_info(index)['video_name'] for index in range(len(dataset)))
