"""TSP's head: which action a clip shows, and whether it shows one at all.

Shape legend: N clips, C channels, G channels of the global video feature, K classes.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model.weight_init import normal_init
from torch import Tensor, nn

from mmlofi.options import require_number, require_whole
from mmlofi.pretraining.background import MISSING_LABEL, REGIONS


@MODELS.register_module()
class TSPHead(BaseHead):
    """Two linear layers on the clip's mean feature (TSP, Alwassel et al. 2021, section 3).

    `fc1` tells the class, of clips that have one. `fc2` tells whether the clip lies inside of an
    action or outside, from its feature and the global feature of its video, since that is relative
    to the video. Either loss is the mean over the clips that have its label. Without regions there
    is one layer, `fc`, for the class: TAC, the baseline. After the training heads are thrown away.

    Deviation: with no clip of an action in the batch the authors' loss is no number; here that
    layer's is 0.

    Args:
        num_classes: K.
        in_channels: C of the encoder.
        gvf_channels: G of the video's own feature; None leaves it out.
        regions: Whether there is a second layer.
        loss_weights: Of class and region.
        init_std: Deviation of the first weights; biases start at 0.

    Raises:
        ValueError: For settings out of range, and a global feature without regions.
    """

    def __init__(self, *, num_classes: int, in_channels: int, gvf_channels: int | None = None,
                 regions: bool = True, loss_weights: Sequence[float] = (1.0, 1.0),
                 init_std: float = 0.01) -> None:
        require_whole('TSPHead', num_classes=num_classes, in_channels=in_channels,
                      **({} if gvf_channels is None else dict(gvf_channels=gvf_channels)))
        if not isinstance(loss_weights, (tuple, list)) or len(loss_weights) != 2:
            raise ValueError(f'TSPHead got loss_weights={loss_weights!r}; expected two numbers, of '
                             'class and region')
        require_number('TSPHead', least=0, class_weight=loss_weights[0],
                       region_weight=loss_weights[1], init_std=init_std)
        if gvf_channels is not None and not regions:
            raise ValueError('TSPHead got gvf_channels without regions, which alone see it; '
                             'expected regions=True, or gvf_channels=None')
        super().__init__(num_classes, in_channels)
        self.gvf_channels, self.loss_weights, self.init_std = gvf_channels, loss_weights, init_std
        self.fc1 = self.fc2 = self.fc = None
        if regions:
            self.fc1 = nn.Linear(in_channels, num_classes)
            self.fc2 = nn.Linear(in_channels + (gvf_channels or 0), len(REGIONS))
        else:
            self.fc = nn.Linear(in_channels, num_classes)

    def init_weights(self) -> None:
        """Draws the layers' first weights."""
        for layer in self.children():
            if isinstance(layer, nn.Linear):
                normal_init(layer, std=self.init_std)

    def forward(self, feats: Tensor | tuple[Tensor, ...], num_segs: int = 1,
                gvf: Tensor | None = None, **kwargs) -> tuple[Tensor, Tensor | None]:
        """Logits (N, K) of classes and (N, 2) of regions, None without.

        Args:
            feats: Of a backbone: (N · num_segs, C, …).
            num_segs: Of a clip, frames or crops that the backbone had one by one.
            gvf: (N, G).
            kwargs: What else MMAction2's recognizers give to heads.
        """
        features = _mean_feature(feats).unflatten(0, (-1, num_segs)).mean(1)        # (N, C)
        if self.fc is not None:
            return self.fc(features), None
        of_region = features if gvf is None else torch.cat([features, gvf], dim=1)  # (N, C + G)
        return self.fc1(features), self.fc2(of_region)

    def loss(self, feats: Tensor | tuple[Tensor, ...], data_samples: Sequence[ActionDataSample],
             **kwargs) -> dict[str, Tensor]:
        """`loss_action`, and `loss_region` where there are regions, each times its weight.

        Args:
            feats: As of `forward`.
            data_samples: With `gt_label` and `region_label`, each -1 where it is missing, and
                `gvf` (G,) where the head takes it.

        Raises:
            ValueError: When a sample has no region or global feature, or one of another size.
        """
        classes, regions = self._logits(feats, data_samples)
        losses = dict(loss_action=self.loss_weights[0] * mean_over_labelled(
            classes, torch.cat([sample.gt_label for sample in data_samples])))
        if regions is not None:
            labels = torch.tensor([_field(sample, 'region_label') for sample in data_samples])
            losses['loss_region'] = self.loss_weights[1] * mean_over_labelled(regions, labels)
        return losses

    def predict(self, feats: Tensor | tuple[Tensor, ...],
                data_samples: Sequence[ActionDataSample], **kwargs) -> Sequence[ActionDataSample]:
        """Adds `pred_score` (K,), `pred_label`, and `region_score` (2,): probabilities.

        Raises:
            ValueError: As `loss`.
        """
        classes, regions = self._logits(feats, data_samples)
        for place, (sample, scores) in enumerate(zip(data_samples, classes.float().softmax(1))):
            sample.set_pred_score(scores)
            sample.set_pred_label(scores.argmax()[None])
            if regions is not None:
                sample.set_field(regions[place].float().softmax(0), 'region_score')
        return data_samples

    def _logits(self, feats: Tensor | tuple[Tensor, ...],
                data_samples: Sequence[ActionDataSample]) -> tuple[Tensor, Tensor | None]:
        gvf, features = None, _mean_feature(feats)
        if self.gvf_channels is not None:
            gvf = torch.stack([self._gvf_of(sample) for sample in data_samples])
            gvf = gvf.to(features.device)
        return self(features, len(features) // len(data_samples), gvf)

    def _gvf_of(self, sample: ActionDataSample) -> Tensor:
        gvf = torch.as_tensor(_field(sample, 'gvf'), dtype=torch.float32)
        if gvf.shape != (self.gvf_channels,):
            raise ValueError(f'TSPHead got a global video feature of shape {tuple(gvf.shape)}; '
                             f"expected ({self.gvf_channels},): give feat_dim of the data set's "
                             '`gvf` and gvf_channels of the head the same number')
        return gvf


def mean_over_labelled(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, the mean over those of N that have a label; 0 where none has."""
    labels = labels.to(logits.device)
    total = F.cross_entropy(logits.float(), labels, ignore_index=MISSING_LABEL, reduction='sum')
    return total / (labels != MISSING_LABEL).sum().clamp(min=1)


def _mean_feature(feats: Tensor | tuple[Tensor, ...]) -> Tensor:
    """(B, C, …) to (B, C): the mean over space and time; pathways side by side."""
    if isinstance(feats, (tuple, list)):
        return torch.cat([_mean_feature(one) for one in feats], dim=1)
    return feats.flatten(2).mean(2) if feats.ndim > 2 else feats


def _field(sample: ActionDataSample, name: str) -> object:
    value = sample.get(name)
    if value is None:
        source, without = {
            'region_label': ('background', "or, for TAC, the head's regions=False"),
            'gvf': ('gvf', "or the head's gvf_channels=None")}[name]
        raise ValueError(f'TSPHead got a sample without {name!r}; expected a TSPDataset with '
                         f"`{source}`, and PackActionInputs(algorithm_keys=('region_label', "
                         f"'gvf')) at the end of its pipeline, {without}")
    return value
