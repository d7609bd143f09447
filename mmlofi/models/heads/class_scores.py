"""Where a video's class scores come from: a built-in classifier or a file.

Proposals are class-agnostic; their scores are multiplied by those of the video's best classes.
Shape legend: N videos, L snippets, C channels, K classes.
"""
from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmlofi.datasets.videos.find_files import spellings
from mmlofi.models.heads.lengths import valid_mask
from mmlofi.models.heads.score_files import read_scores
from mmlofi.options import require_number, require_whole


def refuse_unknown_labels(owner: str, labels: Tensor, num_classes: int) -> None:
    """Sees that annotated classes are those that a classifier has.

    Raises:
        ValueError: For a label that is not from 0 to `num_classes` - 1.
    """
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if len(wrong):
        raise ValueError(f'{owner} got label {int(wrong[0])} (from 0); expected one of '
                         f'{num_classes} classes: set class_scores.num_classes to the number of '
                         'classes of the annotations')


@MODELS.register_module()
class VideoClassifier(BaseModule):
    """Multi-label classifier over the mean snippet feature, trained beside the head.

    Not in the paper, which takes outside scores (CUHK 2017): it makes the main job need no file.
    Its loss does not reach the encoder, so that stage 2 stays "the head's own loss". What follows
    a video in its window (`num_valid`) does not count.

    Args:
        in_channels: C of the features.
        num_classes: K.
        loss_weight: Weight of its binary cross-entropy.
    """

    def __init__(self, *, in_channels: int, num_classes: int, loss_weight: float = 1.0,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        require_whole('VideoClassifier', in_channels=in_channels, num_classes=num_classes)
        require_number('VideoClassifier', least=0, loss_weight=loss_weight)
        self.norm = nn.BatchNorm1d(in_channels, affine=False)
        self.linear = nn.Linear(in_channels, num_classes)
        self.num_classes, self.loss_weight = num_classes, loss_weight

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits (N, K) of features (N, C, L), and of those alone that a mask (N, L) says."""
        features = features.detach().float()
        if mask is None:
            return self.linear(self.norm(features).mean(2))
        normed = self.norm(features.transpose(1, 2)[mask])                                # (M, C)
        per_video = features.new_zeros(*mask.shape, normed.size(1))                    # (N, L, C)
        per_video[mask] = normed
        return self.linear(per_video.sum(1) / mask.sum(1, keepdim=True))

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """`loss_video_class`, over all classes of all videos.

        Raises:
            ValueError: For a label that is not from 0 to `num_classes` - 1.
        """
        logits = self(features, _mask(features, data_samples))
        targets = torch.zeros_like(logits)                                                # (N, K)
        for row, sample in zip(targets, data_samples):
            labels = sample.gt_instances.labels.to(row.device)
            refuse_unknown_labels('VideoClassifier', labels, len(row))
            row[labels] = 1
        loss = F.binary_cross_entropy_with_logits(logits, targets)
        return dict(loss_video_class=self.loss_weight * loss)

    def predict(self, features: Tensor, data_samples: list) -> Tensor:
        """Probabilities (N, K)."""
        return self(features, _mask(features, data_samples)).sigmoid()


def _mask(features: Tensor, data_samples: list) -> Tensor | None:
    """(N, L) which snippets are the videos'; None where all are."""
    if all(sample.get('num_valid') is None for sample in data_samples):
        return None
    return valid_mask(data_samples, features.size(2), features.device)


@MODELS.register_module()
class ClassScoreFile(BaseModule):
    """Class scores from an outside video classifier, by video name.

    A video's own name counts first; then it matches with and without ActivityNet's leading ``v_``.

    Args:
        path: A file of `score_files`: CUHK's json of ActivityNet, UntrimmedNet's npy of THUMOS14,
            what a recognizer of MMAction2 gave with ``--dump``, or any other of these forms.
        classes: The names in the order of the labels (the dataset's `metainfo.classes`).
        file_classes: The names of the file's columns, or a text file of them, one a line. None
            where the file names them, or its columns are `classes`.
        videos: The names of the file's rows, or a text file of them, such as the annotation file
            of the recognizer's test. None where the file names them.

    Raises:
        FileNotFoundError, ValueError: At construction, when there is no such file or it has not
            these classes; in `predict`, with the names, for videos without scores.
    """

    def __init__(self, *, path: str, classes: list[str] | tuple[str, ...],
                 file_classes: list[str] | str | None = None,
                 videos: list[str] | str | None = None) -> None:
        super().__init__()
        if not os.path.isfile(path):
            raise FileNotFoundError(f'no class scores at {path!r}; expected a json, npy or pkl '
                                    "file: give its path, or use "
                                    "class_scores=dict(type='VideoClassifier', …)")
        names, rows = read_scores(path, classes, file_classes, videos)
        missing = sorted(set(classes) - set(names))
        if missing:
            raise ValueError(f'{path!r} has no score for the classes {missing[:5]} '
                             f'({len(missing)} of {len(classes)}); expected all of the data set: '
                             'take the names as the file has them, or give `file_classes`')
        columns = [names.index(name) for name in classes]
        self.path, self.num_classes = path, len(classes)
        self.scores = {video: row[columns] for video, row in rows.items()}

    def loss(self, features: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Nothing to train."""
        return {}

    def predict(self, features: Tensor, data_samples: list) -> Tensor:
        """The file's scores (N, K)."""
        names = [sample.video_name for sample in data_samples]
        self.require(names)
        return torch.stack([self._find(name) for name in names]).to(features.device)

    def require(self, names: Iterable[str]) -> None:
        """Sees that videos have scores; `ClassScoresHook` asks before the first epoch.

        Raises:
            ValueError: With the first names that have none, and their number.
        """
        names = list(dict.fromkeys(names))
        missing = [name for name in names if self._find(name) is None]
        if missing:
            raise ValueError(
                f'{self.path!r} has no scores for {len(missing)} of {len(names)} videos, the '
                f'first: {missing[:3]}, but for {len(self.scores)} others such as '
                f'{list(self.scores)[:2]}; expected every video that is tested: add them, take '
                'another file, or drop these videos from the annotations')

    def _find(self, name: str) -> Tensor | None:
        # Some of ActivityNet's names begin with v_ themselves: with its prefix v_v_UmAH95xls.
        found = (name, *spellings(name))
        return next((self.scores[name] for name in found if name in self.scores), None)
