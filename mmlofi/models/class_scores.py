"""Where a video's class scores come from: a built-in classifier or a file.

Proposals are class-agnostic; their scores are multiplied by those of the video's best classes.
Shape legend: N videos, L snippets, C channels, K classes.
"""
from __future__ import annotations

import json
import os

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class VideoClassifier(BaseModule):
    """Multi-label classifier over the mean snippet feature, trained beside the head.

    Not in the paper, which takes outside scores (CUHK 2017): it makes the main job need no file.
    Its loss does not reach the encoder, so that stage 2 stays "the head's own loss".

    Args:
        in_channels: C of the features.
        num_classes: K.
        loss_weight: Weight of its binary cross-entropy.
    """

    def __init__(self, *, in_channels: int, num_classes: int, loss_weight: float = 1.0,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.norm = nn.BatchNorm1d(in_channels, affine=False)
        self.linear = nn.Linear(in_channels, num_classes)
        self.loss_weight = loss_weight

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, K) of features (N, C, L)."""
        return self.linear(self.norm(features.detach().float()).mean(2))

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """`loss_video_class`, over all classes of all videos.

        Raises:
            ValueError: For a label that is not below `num_classes`.
        """
        logits = self(features)
        targets = torch.zeros_like(logits)                                                # (N, K)
        for row, sample in zip(targets, data_samples):
            labels = sample.gt_instances.labels.to(row.device)
            if (labels >= len(row)).any():
                raise ValueError(
                    f'VideoClassifier got label {int(labels.max())} (from 0); expected one of '
                    f'{len(row)} classes: set class_scores.num_classes to the number of classes '
                    'of the annotations')
            row[labels] = 1
        loss = F.binary_cross_entropy_with_logits(logits, targets)
        return dict(loss_video_class=self.loss_weight * loss)

    def predict(self, features: Tensor, data_samples: list) -> Tensor:
        """Probabilities (N, K)."""
        return self(features).sigmoid()


@MODELS.register_module()
class ClassScoreFile(BaseModule):
    """Class scores from an outside video classifier, by video name.

    Args:
        path: json with ``{"class": [K names], "results": {video: [K scores]}}``, the layout in
            which CUHK's ActivityNet scores are spread. A video's own name counts first; then it
            matches with and without ActivityNet's leading ``v_``.
        classes: The names in the order of the labels (the dataset's `metainfo.classes`).

    Raises:
        FileNotFoundError, ValueError: At construction, when there is no such file or it has not
            these classes; in `predict`, with the names, for videos without scores.
    """

    def __init__(self, *, path: str, classes: list[str] | tuple[str, ...]) -> None:
        super().__init__()
        if not os.path.isfile(path):
            raise FileNotFoundError(f'no class scores at {path!r}; expected a json file: give its '
                                    "path, or use class_scores=dict(type='VideoClassifier', …)")
        content = _read_scores(path)
        missing = sorted(set(classes) - set(content['class']))
        if missing:
            raise ValueError(f'{path!r} has no score for the classes {missing[:5]} '
                             f'({len(missing)} of {len(classes)}); expected all of the data set')
        self.path = path
        names = content['class']
        columns = [names.index(name) for name in classes]
        self.scores = {
            video: _as_row(row, len(names), path, video)[columns]
            for video, row in content['results'].items()}

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Nothing to train."""
        return {}

    def predict(self, features: Tensor, data_samples: list) -> Tensor:
        """The file's scores (N, K)."""
        names = [sample.video_name for sample in data_samples]
        rows = [self._find(name) for name in names]
        missing = [name for name, row in zip(names, rows) if row is None]
        if missing:
            raise ValueError(f'{self.path!r} has no scores for the videos {missing}; expected '
                             'every video that is tested: add them, or take another file')
        return torch.stack(rows).to(features.device)

    def _find(self, name: str) -> Tensor | None:
        # Some of ActivityNet's names begin with v_ themselves: with its prefix v_v_UmAH95xls.
        spellings = (name, f'v_{name}', name.removeprefix('v_'))
        return next((self.scores[name] for name in spellings if name in self.scores), None)


def _read_scores(path: str) -> dict:
    with open(path, encoding='utf-8') as file:
        try:
            content = json.load(file)
        except ValueError as error:
            raise ValueError(f'{path!r} is not valid json ({error}); expected class scores: '
                             'download or write them again') from error
    if not isinstance(content, dict) or not {'class', 'results'} <= set(content):
        raise ValueError(f'{path!r} has no "class" and "results"; expected '
                         '{"class": [names], "results": {video: [scores]}}')
    return content


def _as_row(row: list, num_classes: int, path: str, name: str) -> Tensor:
    """A video's scores as (K,), also where the file wraps them in another list."""
    try:
        scores = torch.tensor(row, dtype=torch.float32).flatten()
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path!r} has {str(row)[:50]} for the video {name!r}; expected a list of '
                         f'{num_classes} numbers: write the file again') from error
    if len(scores) != num_classes:
        raise ValueError(f'{path!r} has {len(scores)} scores for the video {name!r}; expected '
                         f'{num_classes}, one for each of "class": write the file again')
    return scores
