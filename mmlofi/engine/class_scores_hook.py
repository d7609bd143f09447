"""Sees, before the first epoch, that class scores fit the videos that they are of."""
from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import nn

from mmlofi.datasets.several_classes import SeveralClasses, mend


@HOOKS.register_module()
class ClassScoresHook(Hook):
    """Asks whether a localizer's `class_scores` are there, and of the kind that its data need.

    Those that have a `require(names)`, as `ClassScoreFile` has, are asked for all videos: without
    this hook one that the file lacks ends the run in validation.

    Scores of the whole video are warned of where several classes a video are usual in training (a
    twentieth of the videos, see `SeveralClasses`), with the line that mends it; and so are labels
    that are all the same where the data have several names.

    Raises:
        ValueError: For videos without scores, as `require` says it, and where head or class scores
            tell other numbers of classes apart than the data have names, or a recognizer fewer.
    """

    def before_run(self, runner: Runner) -> None:
        """Looks through the data that are trained, validated or tested on."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for dataset in _datasets(runner._train_loop, runner._val_loop, runner._test_loop):
            _refuse_other_numbers(model, dataset)
        for dataset in _datasets(runner._val_loop, runner._test_loop)[:1]:
            _warn_of_one_label(runner, dataset, model)
        class_scores = getattr(model, 'class_scores', None)
        if class_scores is None:
            return
        require = getattr(class_scores, 'require', None)
        for dataset in _datasets(runner._val_loop, runner._test_loop) if require else []:
            require(dataset.get_data_info(index)['video_name'] for index in range(len(dataset)))
        if not getattr(class_scores, 'per_segment', False):
            for dataset in _datasets(runner._train_loop):
                _warn_of_several_classes(runner, dataset, model)


def _datasets(*loops: object) -> list[BaseDataset]:
    """Those of loops that are built: one that a run does not use stays a config."""
    return [loop.dataloader.dataset for loop in loops if isinstance(loop, BaseLoop)]


def _refuse_other_numbers(model: nn.Module, dataset: BaseDataset) -> None:
    """Labels without a name end a run in its first validation, and actions without one in training.

    One class is the only one, whatever it is called. Of a recognizer classes without a clip do no
    harm.
    """
    names = dataset.metainfo.get('classes')
    cls_head = getattr(model, 'cls_head', None)   # of a recognizer
    told = getattr(model if cls_head is None else cls_head, 'num_classes', None)
    if told is None or names is None:
        return
    if cls_head is None:
        fits = told in (1, len(names))
        part = 'head' if getattr(model.head, 'gives_labels', False) else 'class_scores'
    else:
        fits, part = told >= len(names), 'cls_head'
    if fits:
        return
    raise ValueError(
        f'the model tells {told} classes apart and the data have {len(names)} '
        f'({", ".join(names[:3])}, …); expected as many: set model.{part}.num_classes='
        f'{len(names)}, or give each dataset all the names by metainfo=dict(classes=…), in the '
        'order of the labels')


def _warn_of_one_label(runner: Runner, dataset: BaseDataset, model: nn.Module) -> None:
    names = dataset.metainfo.get('classes') or ()
    if getattr(model, 'num_classes', None) == 1 and len(names) > 1:
        runner.logger.warning(
            f'the model tells no classes apart, and the data have {len(names)}: all that it finds '
            f'will be called {names[0]!r}. Set model.head.num_classes={len(names)} of a head that '
            'labels its segments, or give the model class_scores')


def _warn_of_several_classes(runner: Runner, dataset: BaseDataset, model: nn.Module) -> None:
    labels: dict[str, set[int]] = {}      # of a video, which may come in several windows
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        labels.setdefault(info.get('video_name', index), set()).update(
            map(int, info.get('gt_labels', ())))
    found, kept = SeveralClasses.of(labels.values()), getattr(model, 'top_classes', 1)
    most = max(map(len, labels.values()), default=0)
    if found.usual and getattr(model.head, 'gives_labels', False):
        if most > kept:
            runner.logger.warning(
                f'{found}, up to {most}, and of what the head labels the {kept} best classes of a '
                f'video are kept: the others cannot be found. Leave model.class_scores out, or set '
                f'model.top_classes={most}')
    elif found.usual:
        kind = type(model.class_scores).__name__
        line = mend(kind, getattr(model.head, 'in_channels', '…'),
                    len(dataset.metainfo.get('classes', ())) or '…')
        runner.logger.warning(
            f'{found}, and {kind} gives all proposals of a video the same classes: there most '
            f'labels will be wrong. To score the classes of each proposal: {line}')
