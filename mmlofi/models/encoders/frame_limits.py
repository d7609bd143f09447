"""Which snippets MMAction2's backbones take: images or clips, how many frames, which sides.

Shape legend: T frames a snippet, H × W a frame.

Only what a backbone cannot do without is a limit. Convolutions take any side, Swin pads what its
windows do not cover, MViT and VideoMAE resize their embeddings of positions themselves, and for
TimeSformer and UniFormerV2 `positions.py` does it.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

# They take clips, although their first convolution is one of images: 'auto' would be misled.
CLIPS_BY_2D_CONVOLUTIONS = ('C2D', 'TimeSformer')


@dataclass(frozen=True)
class Allowed:
    """Whole numbers from `least` to `most` (None: no end) that `step` divides."""

    least: int = 1
    most: int | None = None
    step: int = 1

    def __contains__(self, value: int) -> bool:
        return self.least <= value <= (self.most or value) and value % self.step == 0

    def around(self, value: int) -> list[int]:
        """The nearest allowed numbers, below and above."""
        below, above = value // self.step * self.step, -(-value // self.step) * self.step
        if self.most is not None:
            below, above = min(below, self.most), min(above, self.most)
        return sorted({max(below, self.least), max(above, self.least)})

    def __str__(self) -> str:
        if self.least == self.most:
            return str(self.least)
        if self.most is not None:
            return f'{self.least} to {self.most}'
        if self.step > 1:
            return f'multiples of {self.step}'
        return 'any' if self.least == 1 else f'{self.least} or more'


ANY = Allowed()


@dataclass(frozen=True)
class FrameLimits:
    """What a backbone takes, and why; `setting` changes the number of frames in its config."""

    frames: Allowed = ANY
    side: Allowed = ANY
    square: bool = False
    why: str = ''
    setting: str = ''

    def check(self, name: str, T: int, H: int, W: int) -> None:
        """Refuses snippets of T frames of H × W that the backbone `name` does not take.

        Raises:
            ValueError: With the numbers that fit and where they are set.
        """
        if T not in self.frames:
            fit = ' or '.join(map(str, self.frames.around(T)))
            other = f', or model.backbone.{self.setting}={T}' if self.setting else ''
            raise ValueError(f'{name} got snippets of {T} frames; expected {self.frames}: '
                             f'{self.why}. Set clip_len={fit} in SampleSnippets{other}')
        for size in (H, W):
            if size not in self.side:
                fit = ' or '.join(map(str, self.side.around(size)))
                divisor = f'divisor={self.side.step} in AtFidelity, and in ' \
                    'OpenVideo where nothing is cropped' if self.side.step > 1 \
                    else 'the sizes of the transforms, or another fidelity'
                raise ValueError(f'{name} got frames of {H} x {W}; expected sides of {self.side}: '
                                 f'{self.why}. Sides of {fit} fit: set {divisor}')
        if self.square and H != W:
            raise ValueError(f'{name} got frames of {H} x {W}; expected H = W: {self.why}. Crop '
                             'squares, with RandomCrop or CenterCrop')


def frame_limits(backbone: nn.Module) -> FrameLimits:
    """The limits of a backbone, by its class or the nearest parent that is known here.

    Those of other libraries bring them.
    """
    if hasattr(backbone, 'facts'):
        return backbone.facts.limits
    for name in _names(backbone):
        if name in LIMITS:
            return LIMITS[name](backbone)
    return FrameLimits()


def takes_clips(backbone: nn.Module) -> bool | None:
    """Whether a backbone takes clips (B, 3, T, H, W), or images; None where nothing tells.

    The first convolution tells, but for `CLIPS_BY_2D_CONVOLUTIONS` and those of other libraries.
    """
    if hasattr(backbone, 'facts'):
        return backbone.facts.takes_clips
    if set(_names(backbone)) & set(CLIPS_BY_2D_CONVOLUTIONS):
        return True
    first = next((module for module in backbone.modules()
                  if isinstance(module, (nn.Conv2d, nn.Conv3d))), None)
    return None if first is None else isinstance(first, nn.Conv3d)


def _names(backbone: nn.Module) -> list[str]:
    return [parent.__name__ for parent in type(backbone).__mro__]


def _exactly(count: int) -> Allowed:
    return Allowed(count, count)


def _segments(backbone: nn.Module) -> FrameLimits:
    """TSM, TIN, TANet: layers know how many successive images are one snippet."""
    if not (getattr(backbone, 'is_shift', True) and getattr(backbone, 'is_tin', True)):
        return FrameLimits()
    count = backbone.num_segments
    return FrameLimits(_exactly(count), setting='num_segments',
                       why=f'it mixes features among num_segments={count} frames')


def _slowfast(backbone: nn.Module) -> FrameLimits:
    step = int(backbone.resample_rate)
    return FrameLimits(Allowed(step, step=step),
                       why=f'its slow pathway sees one of {step} frames (resample_rate)')


def _resnet3d(backbone: nn.Module) -> FrameLimits:
    """I3D: its second pooling takes two of the frames that the first strides leave."""
    if not backbone.with_pool2:
        return FrameLimits()
    least = backbone.conv1_stride_t * backbone.pool1_stride_t + 1
    return FrameLimits(Allowed(least), why='it pools frames before its second stage')


def _c3d(backbone: nn.Module) -> FrameLimits:
    return FrameLimits(Allowed(16, 31), Allowed(96, 127),
                       why='its fully connected layers are for 16 frames of 112 x 112')


def _vision_transformer(backbone: nn.Module) -> FrameLimits:
    tubelet = backbone.patch_embed.projection.stride[0]
    H, W = backbone.grid_size
    frames = backbone.pos_embed.shape[1] // (H * W) * tubelet
    patch = backbone.patch_size
    return FrameLimits(_exactly(frames), Allowed(patch, step=patch), setting='num_frames',
                       why=f'it has positions for num_frames={frames}, and patches of {patch}')


def _timesformer(backbone: nn.Module) -> FrameLimits:
    frames, patch = backbone.num_frames, backbone.patch_embed.projection.stride[0]
    return FrameLimits(_exactly(frames), Allowed(patch, step=patch), setting='num_frames',
                       why=f'it has positions for num_frames={frames}, and patches of {patch}')


def _uniformerv2(backbone: nn.Module) -> FrameLimits:
    stride, patch = backbone.conv1.stride[:2]
    frames = backbone.transformer.T * stride
    return FrameLimits(_exactly(frames), Allowed(patch, step=patch), square=True, setting='t_size',
                       why=f'its global blocks are for t_size={frames} frames, in a square of '
                           f'patches of {patch}')


LIMITS: dict[str, Callable[[nn.Module], FrameLimits]] = {
    'ResNetTSM': _segments, 'MobileNetV2TSM': _segments, 'MobileOneTSM': _segments,
    'TANet': _segments, 'ResNet3dSlowFast': _slowfast, 'C3D': _c3d,
    'ResNet3d': _resnet3d, 'ResNet2Plus1d': lambda _: FrameLimits(),
    'C2D': lambda _: FrameLimits(Allowed(2), why='it pools every two frames'),
    'VisionTransformer': _vision_transformer, 'TimeSformer': _timesformer,
    'UniFormerV2': _uniformerv2,
    'UniFormer': lambda _: FrameLimits(side=Allowed(32), why='it halves the side five times')}
