"""The end-to-end localizer: encoder, localization head, class scores.

Shape legend: N videos, L snippets, T frames a snippet, C channels, K segments.
"""
from __future__ import annotations

import torch
from mmaction.models import ActionDataPreprocessor
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmlofi.detections.labels import check_labelling, label
from mmlofi.detections.postprocess import check_nms, suppress
from mmlofi.detections.windows import WindowResult
from mmlofi.models.arrays import to_instances, to_raw
from mmlofi.models.encoders.backbones import build_backbone, pretrained_of, weights_source
from mmlofi.models.encoders.dense import refuse_gaps
from mmlofi.models.encoders.encoder import SnippetEncoder
from mmlofi.models.encoders.libraries.normalization import check_normalization, preprocessor_for
from mmlofi.models.encoders.pretrained import is_pretrained, load_pretrained
from mmlofi.models.heads.lengths import count_valid, refuse_other_lengths
from mmlofi.models.parameter_names import rename_keys


@MODELS.register_module()
class EndToEndLocalizer(BaseModel):
    """Localizes actions in untrimmed videos from frames, or from snippet features.

    LoFi, section 3: in stage 2 encoder and head train together on low-fidelity batches; in stage 3
    the encoder is frozen, which here means that its features were extracted and the model has no
    backbone. Gradients reach the encoder from the head's loss alone.

    The backbone is MMAction2's own object at `backbone`, so a recognizer's checkpoint loads by
    `load_from` and a LoFi checkpoint loads into a recognizer. So does a checkpoint of the head
    alone, where the head knows its names by `own_name(name)`, as `GTADHead` knows the authors'
    (and by `is_published(name)`, where an encoder's could be meant, as `ActionFormerHead` does).

    Args:
        head: Config of the localization head. It gets (N, C, L) features and has
            `loss(features, data_samples)` and `predict(features, data_samples)`.
        backbone: Config of any MMAction2 backbone for frames, or of another library's by its
            prefix (`torchvision.r2plus1d_18`); None takes features.
        encoder: Arguments of `SnippetEncoder`.
        class_scores: Config of where class scores come from: of videos (`VideoClassifier`,
            `ClassScoreFile`) or of segments (`SegmentClassifier`). None leaves the head's own
            labels, or gives every proposal label 0.
        nms: Options of `detections.postprocess.suppress`; the paper: sigma 0.84, top_k 100.
        top_classes: Classes of the video, or segment, that each proposal is given.
        fusion: How a class's score and a proposal's become one: 'product', 'sqrt' or 'none'.
        data_preprocessor: MMAction2's ActionDataPreprocessor, as in the preset, with
            format_shape='NCTHW'. Left out, a library's weights say it. Frames stay as they come,
            uint8, until the encoder takes them.
        init_cfg: Of a checkpoint (`dict(type='Pretrained', checkpoint=…)`), for the whole model;
            one in `backbone` is for the backbone. Either has to fit, as with `load_from`.
    """

    def __init__(self, *, head: dict, backbone: dict | None = None, encoder: dict | None = None,
                 class_scores: dict | None = None, nms: dict | None = None, top_classes: int = 2,
                 fusion: str = 'product', data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        built = None if backbone is None else build_backbone(backbone)
        preprocessor = MODELS.build(data_preprocessor or preprocessor_for(built))
        as_they_come = ActionDataPreprocessor(to_float32=False)
        super().__init__(preprocessor if backbone is None else as_they_come, init_cfg)
        self.encoder = SnippetEncoder(**(encoder or {}))
        self.backbone = self._backbone_pretrained = self.backbone_source = None
        if backbone is not None:
            self._backbone_pretrained = pretrained_of(backbone)
            self.backbone_source = weights_source(backbone)
            _check_preprocessor(preprocessor)
            check_normalization(built, preprocessor)
            self.backbone, self.frame_preprocessor = built, preprocessor
            self.encoder.prepare(self.backbone)
        self.head = MODELS.build(head)
        self.class_scores = None if class_scores is None else MODELS.build(class_scores)
        self.nms = dict(sigma=0.84, top_k=100) | dict(nms or {})
        check_nms(**self.nms)
        check_labelling('EndToEndLocalizer', top_classes=top_classes, fusion=fusion)
        self.top_classes, self.fusion = top_classes, fusion
        _refuse_labels_of_both(self.head, self.class_scores)
        self.keep_raw = False  # `RawProposalsHook` sets it

    @property
    def num_classes(self) -> int | None:
        """That its detections can be of: 1 where nothing says classes, None where a head or
        classifier that says them does not say how many."""
        if getattr(self.head, 'gives_labels', False):
            return getattr(self.head, 'num_classes', None)
        return 1 if self.class_scores is None else getattr(self.class_scores, 'num_classes', None)

    def train(self, mode: bool = True) -> EndToEndLocalizer:
        """As any module's; the encoder has the last word on its batch norms, and frozen parts."""
        super().train(mode)
        if self.backbone is not None:
            self.encoder.set_mode(self.backbone)
        return self

    def trained_parameters(self) -> list[nn.Parameter]:
        """What an optimizer is given: all parameters, or beside adapters those that train."""
        everything = self.backbone is None or self.encoder.adapters is None
        return [value for value in self.parameters() if everything or value.requires_grad]

    def init_weights(self) -> None:
        """Initialises all parts, and loads the checkpoints that `init_cfg` names.

        Raises:
            ValueError: When such a checkpoint does not fit.
        """
        if self.is_init:
            return
        whole, self.init_cfg = (self.init_cfg, None) if is_pretrained(self.init_cfg) \
            else (None, self.init_cfg)
        super().init_weights()
        if self.backbone is not None:
            self.encoder.init_adapters(self.backbone)
            check_normalization(self.backbone, self.frame_preprocessor)   # looked up by now
        if self._backbone_pretrained is not None:
            load_pretrained(self, self._backbone_pretrained, part='backbone')
        if whole is not None:
            load_pretrained(self, whole)

    def try_frames(self, inputs: Tensor) -> None:
        """Encodes the first snippet of a video's packed frames (L, 3, T, H, W), training nothing.

        Raises:
            ValueError: When the backbone does not take such frames, with the sizes that it takes.
        """
        if self.backbone is None or inputs.ndim != 5:
            return
        training = self.training
        self.eval()
        try:
            with torch.no_grad():
                frames = self.data_preprocessor(
                    dict(inputs=[inputs[:1]], data_samples=[ActionDataSample()]))['inputs']
                self.extract_feat(frames)
        finally:
            self.train(training)

    def forward(self, inputs: Tensor, data_samples: list[ActionDataSample] | None = None,
                mode: str = 'tensor', **kwargs) -> dict | list | Tensor | tuple:
        """Runs one batch: (N, L, 3, T, H, W) frames of 0 to 255, or (N, C, L) features without a
        backbone.

        `mode='loss'` gives a dict of losses, 'predict' the data samples with predictions,
        'tensor' the head's raw outputs.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.head(self.extract_feat(inputs))
        raise ValueError(f"EndToEndLocalizer got mode={mode!r}; expected 'loss', 'predict' or "
                         "'tensor'")

    def own_name(self, name: str) -> str:
        """The name of a parameter here, also of one that the head's authors published.

        Theirs may stand where an encoder's stand here, such as `backbone.embd.0.conv.weight`: a
        head with such names tells them by `is_published(name)`. Those of a library's backbone may
        be older ones.
        """
        bare = name.removeprefix('head.')
        renamed = getattr(self.head, 'own_name', lambda name: name)(bare)
        published = getattr(self.head, 'is_published', lambda name: False)(bare)
        if published or renamed != bare:
            return f'head.{renamed}'
        facts = getattr(self.backbone, 'facts', None)
        part, _, inner = name.partition('.')
        return name if facts is None or part != 'backbone' else f'backbone.{facts.own_name(inner)}'

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        rename_keys(state_dict, prefix, self.own_name)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def extract_feat(self, inputs: Tensor, *, resample: bool = True) -> Tensor:
        """Snippet features (N, C, L); of a `dense` encoder (N, C, P), or what `resample=False` of
        `SnippetEncoder` leaves."""
        if self.backbone is not None:
            return self.encoder(self.backbone, inputs, self._normalize, resample=resample)
        if inputs.ndim != 3:
            raise ValueError(
                f'EndToEndLocalizer without a backbone got an input of shape '
                f'{tuple(inputs.shape)}; expected features (N, C, L): load them with '
                'LoadSnippetFeatures, or give the model a backbone for frames')
        return inputs

    def _normalize(self, clips: Tensor) -> Tensor:
        """(B, 3, T, H, W) frames as MMAction2's preprocessor has them."""
        return self.frame_preprocessor.preprocess([clips], None)[0][0]

    def loss(self, inputs: Tensor, data_samples: list[ActionDataSample]) -> dict[str, Tensor]:
        """The head's losses and the classifier's.

        Raises:
            ValueError: With the video, where videos of several lengths were made a batch.
        """
        refuse_other_lengths(inputs, data_samples)
        features = self.extract_feat(inputs)
        self._count_valid(features, data_samples)
        losses = self.head.loss(features, data_samples)
        if self.class_scores is not None:
            losses |= self.class_scores.loss(features, data_samples)
        return losses

    def predict(self, inputs: Tensor, data_samples: list[ActionDataSample]
                ) -> list[ActionDataSample]:
        """Adds `pred_instances` (segments_sec (K, 2), scores (K,), labels (K,)) to each sample.

        A window's are what it finds by itself; its `window_result` is for `detect_in_videos`.

        Raises:
            ValueError: As `localize`, and where videos of several lengths were made a batch.
        """
        refuse_other_lengths(inputs, data_samples)
        return self.localize(self.extract_feat(inputs), data_samples)

    def localize(self, features: Tensor, data_samples: list[ActionDataSample]
                 ) -> list[ActionDataSample]:
        """The second half of `predict`, from features (N, C, L) that are there already.

        Start and end probabilities (L,) that a head gives are the samples' `start` and `end`.

        Raises:
            ValueError: With the video, where features, or what the head makes of them, are not
                finite.
        """
        _refuse_no_numbers(features, data_samples)
        self._count_valid(features, data_samples)
        proposals = self.head.predict(features, data_samples)
        videos = list(map(to_raw, data_samples, proposals,
                          self._classify(features, data_samples, proposals)))
        rule = dict(top_classes=self.top_classes, fusion=self.fusion)
        for sample, proposal, video, found in zip(data_samples, proposals, videos,
                                                  suppress(videos, self.nms, **rule)):
            sample.pred_instances = to_instances(label(found, **rule), features.device)
            sample.set_data({name: proposal.get(name) for name in ('start', 'end')
                             if proposal.get(name) is not None})
            if found.first_snippet is not None:
                sample.window_result = WindowResult(found, self.nms, **rule)
            if self.keep_raw:
                sample.raw_proposals = video
        return data_samples

    def _count_valid(self, features: Tensor, data_samples: list[ActionDataSample]) -> None:
        """In the positions (N, C, P) of the head, of which a snippet may have several."""
        if self.backbone is not None and self.encoder.dense:
            refuse_gaps(data_samples)
        count_valid(data_samples, features.size(2))

    def _classify(self, features: Tensor, data_samples: list[ActionDataSample],
                  proposals: list[InstanceData]) -> list[Tensor | None] | Tensor:
        """Class scores of each video: (C,), (K, C) of its proposals, or None."""
        if getattr(self.head, 'gives_labels', False) and any(
                'labels' not in proposal for proposal in proposals):
            raise ValueError(f'{type(self.head).__name__} has gives_labels=True, and its predict '
                             'gives no labels; expected labels (K,) beside segments and scores')
        if self.class_scores is None:
            return [None] * len(data_samples)
        if getattr(self.class_scores, 'per_segment', False):
            return self.class_scores.predict(features, data_samples,
                                             [proposal.segments for proposal in proposals])
        return self.class_scores.predict(features, data_samples)


def _refuse_no_numbers(features: Tensor, data_samples: list[ActionDataSample]) -> None:
    wrong = (~features.isfinite()).flatten(1).sum(1).tolist()
    for sample, count in zip(data_samples, wrong):
        if count:
            raise ValueError(
                f'{count} features of {features[0].numel()} of video '
                f'{sample.get("video_name", "")!r} are not finite; expected numbers: the encoder '
                'has diverged, take a checkpoint from before')


def _check_preprocessor(preprocessor: ActionDataPreprocessor) -> None:
    if preprocessor.format_shape not in ('NCTHW', 'MIX2d3d'):
        raise ValueError(
            f'data_preprocessor has format_shape={preprocessor.format_shape!r}; expected the shape '
            "of a snippet's frames: set data_preprocessor.format_shape='NCTHW', also for TSM")
    if preprocessor.blending is not None:
        raise ValueError('data_preprocessor has a blending, which mixes the labels of clips; '
                         'expected none, since a video has segments: set blending=None')


def _refuse_labels_of_both(head: nn.Module, class_scores: nn.Module | None) -> None:
    if getattr(head, 'gives_labels', False) and getattr(class_scores, 'per_segment', False):
        raise ValueError(f'EndToEndLocalizer got a {type(head).__name__}, which labels its '
                         f'segments, and a {type(class_scores).__name__}, which would as well; '
                         'expected one of them: leave class_scores out, or give the head one class')
