"""torchvision's models of videos, and of images on frames.

Shape legend: B snippets, T frames, H × W a frame, C channels, T' × h × w the map.
"""
from __future__ import annotations

import re
from collections.abc import Callable

import torchvision.models
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from mmlofi.models.encoders.frame_limits import Allowed, FrameLimits
from mmlofi.models.encoders.libraries.adopt import Facts, adopt, through
from mmlofi.models.encoders.libraries.normalization import Normalization
from mmlofi.models.encoders.positions import resize_positions

# Parts that come after the map, by any of their names.
CLASSIFIERS = ('fc', 'classifier', 'head', 'heads', 'avgpool')
OLD_DENSENET = re.compile(r'(denselayer\d+\.(?:norm|conv))\.(\d)\.')
WITH_CLASS_TOKEN = ('MViT', 'VisionTransformer')
BLOCKS = ('BasicBlock', 'Bottleneck', 'SepInceptionBlock3D', 'MultiscaleBlock', 'EncoderBlock',
          'SwinTransformerBlock', 'SwinTransformerBlockV2', 'InvertedResidual', 'MBConv',
          'FusedMBConv', 'CNBlock', 'ResBottleneckBlock')


def build(*, name: str, weights: str | None = None, pretrained: bool | None = None,
          **settings: object) -> nn.Module:
    """A model by its name in `torchvision.models`, such as 'r2plus1d_18' or 'resnet50'.

    Args:
        weights: Their name ('KINETICS400_V1', 'DEFAULT'), or a file of a state dict.
        pretrained: Of MMAction2's presets: the first weights.
        settings: Of the model's function.

    Raises:
        ValueError: When torchvision has no such model or weights, or the model gives no map.
    """
    _check_name(name)
    weights = weights or _first(name, pretrained)
    model = torchvision.models.get_model(name, weights=None, **settings)
    kind = type(model).__name__
    if kind not in MAPS:
        raise ValueError(f'torchvision.{name} is a {kind}; expected a model whose map is known: '
                         f'one of {", ".join(MAPS)}')
    to_map, takes_clips, limits = MAPS[kind]
    facts = Facts(to_map, takes_clips, limits(model), _normalization(name, weights), blocks=BLOCKS,
                  left_out='the class token' if kind in WITH_CLASS_TOKEN else '', weights=weights,
                  own_name=_of_new_densenets if kind == 'DenseNet' else str)
    return adopt(model, facts, without=CLASSIFIERS)


def checkpoint_of(*, name: str, weights: str | None = None, pretrained: bool | None = None,
                  **_: object) -> str | None:
    """The address of weights by their name, or the file that is named."""
    _check_name(name)
    weights = weights or _first(name, pretrained)
    known = _named(name, weights)
    return weights if known is None else known.url


def _check_name(name: str) -> None:
    if name not in torchvision.models.list_models():
        near = [one for one in torchvision.models.list_models() if one[:4] == name[:4]]
        raise ValueError(f'torchvision has no model {name!r}; expected a name that '
                         f'torchvision.models.list_models() has: near it are {near}')


def _first(name: str, pretrained: bool | None) -> str | None:
    return next(iter(torchvision.models.get_model_weights(name))).name if pretrained else None


def _named(name: str, weights: str | None):
    """torchvision's entry of weights; None where a file is named, or nothing.

    Raises:
        ValueError: For what is neither.
    """
    known = torchvision.models.get_model_weights(name)
    if weights is None or weights in known.__members__:
        return None if weights is None else known[weights]
    if '/' in weights or '.' in weights:
        return None
    raise ValueError(f'torchvision.{name} got weights={weights!r}; expected one of '
                     f'{list(known.__members__)}, the path of a file, or None')


def _normalization(name: str, weights: str | None) -> Normalization | None:
    """That of the weights, or of the model's default ones for a file; None for random weights."""
    if weights is None:
        return None
    known = _named(name, weights) or next(iter(torchvision.models.get_model_weights(name)))
    preset = known.transforms()
    return Normalization.of_unit(preset.mean, preset.std, f'torchvision, of {known},')


def _of_new_densenets(name: str) -> str:
    """The weights that are published are of 2017: `denselayer1.norm.1.weight`."""
    return OLD_DENSENET.sub(r'\1\2.', name)


def _densenet(model: nn.Module, images: Tensor) -> Tensor:
    return F.relu(model.features(images))


def _swin(model: nn.Module, images: Tensor) -> Tensor:
    return model.norm(model.features(images)).permute(0, 3, 1, 2)           # (B, C, h, w)


def _swin3d(model: nn.Module, clips: Tensor) -> Tensor:
    patches = model.pos_drop(model.patch_embed(clips))                      # (B, T', h, w, C)
    return model.norm(model.features(patches)).permute(0, 4, 1, 2, 3)       # (B, C, T', h, w)


def _mvit(model: nn.Module, clips: Tensor) -> Tensor:
    """Without the class token, and for the frames and the side that come.

    torchvision takes the numbers that the model was built for. v2 resizes its relative positions by
    itself; the absolute ones of v1 are resized here in space.
    """
    patches = model.conv_proj(clips)                                        # (B, C, T', h, w)
    size = tuple(patches.shape[2:])
    resized = {} if model.pos_encoding.spatial_pos is None else {
        'spatial_pos': resize_positions(model.pos_encoding.spatial_pos, size[1:], tokens=0)}
    tokens = functional_call(model.pos_encoding, resized, (patches.flatten(2).transpose(1, 2),))
    for block in model.blocks:
        tokens, size = block(tokens, size)
    return model.norm(tokens)[:, 1:].transpose(1, 2).unflatten(2, size)     # (B, C, T', h, w)


def _vit(model: nn.Module, images: Tensor) -> Tensor:
    """Without the class token, with the positions resized for the side that comes."""
    patches = model.conv_proj(images)                                       # (B, C, h, w)
    grid = tuple(patches.shape[2:])
    tokens = patches.flatten(2).transpose(1, 2)
    tokens = F.pad(tokens, (0, 0, 1, 0)) + F.pad(
        model.class_token, (0, 0, 0, tokens.shape[1])).expand(len(tokens), -1, -1)
    positions = resize_positions(model.encoder.pos_embedding, grid)
    tokens = functional_call(model.encoder, {'pos_embedding': positions}, (tokens,))
    return tokens[:, 1:].transpose(1, 2).unflatten(2, grid)                 # (B, C, h, w)


def _anything(model: nn.Module) -> FrameLimits:
    return FrameLimits()


def _halved_five_times(model: nn.Module) -> FrameLimits:
    return FrameLimits(side=Allowed(32), why='it halves the side five times')


def _s3d_limits(model: nn.Module) -> FrameLimits:
    """Its last pooling takes two of the frames and rows that the strides before it leave."""
    return FrameLimits(Allowed(5), Allowed(17),
                       why='it pools two of what its strides of 4 frames and 16 pixels leave')


def _mvit_limits(model: nn.Module) -> FrameLimits:
    if model.pos_encoding.temporal_pos is None:
        return FrameLimits()
    frames = model.pos_encoding.temporal_size * model.conv_proj.stride[0]
    return FrameLimits(Allowed(frames, frames), why=f'it has positions for {frames} frames')


def _vit_limits(model: nn.Module) -> FrameLimits:
    patch = model.patch_size
    return FrameLimits(side=Allowed(patch, step=patch), why=f'it has patches of {patch}')


STAGES = ('layer1', 'layer2', 'layer3', 'layer4')
# By class: the map, whether of clips, and the limits.
MAPS: dict[str, tuple[Callable, bool, Callable[[nn.Module], FrameLimits]]] = {
    'VideoResNet': (through('stem', *STAGES), True, _anything),
    'S3D': (through('features'), True, _s3d_limits),
    'MViT': (_mvit, True, _mvit_limits),
    'SwinTransformer3d': (_swin3d, True, _anything),
    'ResNet': (through('conv1', 'bn1', 'relu', 'maxpool', *STAGES), False, _anything),
    'DenseNet': (_densenet, False, _halved_five_times),
    'VGG': (through('features'), False, _halved_five_times),
    'MobileNetV2': (through('features'), False, _anything),
    'MobileNetV3': (through('features'), False, _anything),
    'EfficientNet': (through('features'), False, _anything),
    'ConvNeXt': (through('features'), False, _halved_five_times),
    'RegNet': (through('stem', 'trunk_output'), False, _anything),
    'SwinTransformer': (_swin, False, _anything),
    'VisionTransformer': (_vit, False, _vit_limits)}
