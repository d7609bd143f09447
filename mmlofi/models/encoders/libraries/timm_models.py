"""timm's models of images, on the frames of snippets.

Shape legend: B images, H × W an image, C channels, h × w the map, P tokens before it.
"""
from __future__ import annotations

from functools import partial

import timm
from torch import Tensor, nn

from mmlofi.models.encoders.frame_limits import Allowed, FrameLimits
from mmlofi.models.encoders.libraries.adopt import Facts, adopt, take_over
from mmlofi.models.encoders.libraries.normalization import Normalization

# Of `timm.models`, whose transformers resize their positions for each side that comes.
ANY_SIDE = ('vision_transformer', 'deit', 'eva', 'swin_transformer', 'swin_transformer_v2')
# Classes whose tokens, but for the first `num_prefix_tokens`, are the patches row by row.
PATCHES = ('VisionTransformer', 'VisionTransformerDistilled', 'Eva', 'Beit')
BLOCKS = ('Block', 'EvaBlock', 'ResPostBlock', 'ParallelScalingBlock', 'SwinTransformerBlock',
          'SwinTransformerV2Block', 'BasicBlock', 'Bottleneck', 'ConvNeXtBlock', 'InvertedResidual',
          'DepthwiseSeparableConv', 'EdgeResidual', 'MetaFormerBlock')
# What would read other files, or make another kind of output.
NOT_TAKEN = ('checkpoint_path', 'pretrained_cfg', 'pretrained_cfg_overlay', 'cache_dir',
             'features_only', 'num_classes', 'in_chans', 'dynamic_img_size', 'scriptable',
             'exportable')


def build(*, name: str, pretrained: bool | None = None, weights: str | None = None,
          feature_shape: str | None = None, **settings: object) -> nn.Module:
    """A model by its name in timm, such as 'vit_small_patch14_dinov2.lvd142m'.

    Args:
        pretrained: Whether timm finds the weights by that name, and loads them.
        weights: A file of a state dict, in their place.
        feature_shape: Of MMAction2's presets; here it is known.
        settings: Of the model's function, such as `img_size` or `drop_path_rate`.

    Raises:
        ValueError: When timm has no such model, or one that gives no map.
    """
    model = _make(name, settings)
    to_map, limits = _reading_of(name, model)
    normalization = None
    if pretrained or weights:
        cfg = model.pretrained_cfg
        normalization = Normalization.of_unit(cfg['mean'], cfg['std'], f'timm, of {name},')
    load = partial(_load_by_name, name=name, settings=settings) if pretrained and not weights \
        else None
    return adopt(model, Facts(to_map, False, limits, normalization, load, BLOCKS,
                              _left_out(model), weights or (name if pretrained else None)))


def checkpoint_of(*, weights: str | None = None, **_: object) -> str | None:
    """The file that is named."""
    return weights


def _make(name: str, settings: dict, *, pretrained: bool = False) -> nn.Module:
    wrong = sorted(set(settings) & set(NOT_TAKEN))
    if wrong:
        raise ValueError(f'timm.{name} got {wrong}; expected settings of its network: weights come '
                         'by pretrained=True or weights=FILE, and it has no classifier here')
    kind = name.partition('.')[0]
    if not timm.is_model(kind):
        near = timm.list_models(f'{kind[:8]}*')[:8]
        raise ValueError(f'timm has no model {kind!r}; expected a name that timm.list_models() has'
                         f': near it are {near}')
    any_side = dict(dynamic_img_size=True) if _takes_any_side(name) else {}
    return timm.create_model(name, pretrained=pretrained, num_classes=0, **{**settings, **any_side})


def _takes_any_side(name: str) -> bool:
    family = timm.model_entrypoint(name.partition('.')[0]).__module__
    return family.rpartition('.')[2] in ANY_SIDE


def _load_by_name(model: nn.Module, *, name: str, settings: dict) -> None:
    """timm finds, downloads and changes what the name stands for; safetensors or weights alone."""
    take_over(model, _make(name, settings, pretrained=True).state_dict(), f'timm: {name}')


def _reading_of(name: str, model: nn.Module) -> tuple:
    """How the model's output becomes a map, and the sides that it takes."""
    kind = type(model).__name__
    if kind in PATCHES:
        return _patches, _patch_limits(name, model)
    if getattr(model, 'output_fmt', None) == 'NHWC':
        divides = hasattr(getattr(model, 'patch_embed', None), 'patch_size')
        return _channels_behind, (_patch_limits if divides else _any_or_fixed)(name, model)
    return _map, _any_or_fixed(name, model)


def _left_out(model: nn.Module) -> str:
    count = model.num_prefix_tokens if type(model).__name__ in PATCHES else 0
    return {0: '', 1: 'the class token'}.get(count, f'the class token and {count - 1} more')


def _patches(model: nn.Module, images: Tensor) -> Tensor:
    """Without class and register tokens."""
    tokens = model.forward_features(images)                                 # (B, P + h·w, C)
    rows, columns = model.patch_embed.patch_size
    grid = images.shape[-2] // rows, images.shape[-1] // columns
    return tokens[:, model.num_prefix_tokens:].transpose(1, 2).unflatten(2, grid)


def _channels_behind(model: nn.Module, images: Tensor) -> Tensor:
    return model.forward_features(images).permute(0, 3, 1, 2)               # (B, C, h, w)


def _map(model: nn.Module, images: Tensor) -> Tensor:
    """Of convolutions, and what ends like them.

    Raises:
        ValueError: When the output is none, as with tokens in an order of their own.
    """
    features = model.forward_features(images)                               # (B, C, h, w)
    if not isinstance(features, Tensor) or features.shape[1:2] != (model.num_features,) \
            or features.ndim != 4:
        found = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(f'its output is {found}; expected a map (B, {model.num_features}, h, w), '
                         f'as convolutions and Swin have it, or the tokens of one of {PATCHES}')
    return features


def _patch_limits(name: str, model: nn.Module) -> FrameLimits:
    """Of what divides a frame into patches: multiples of them, where it takes any side."""
    if not _takes_any_side(name):
        return _any_or_fixed(name, model)
    patch = model.patch_embed.patch_size[0]
    return FrameLimits(side=Allowed(patch, step=patch), why=f'it has patches of {patch}')


def _any_or_fixed(name: str, model: nn.Module) -> FrameLimits:
    if _takes_any_side(name) or not model.pretrained_cfg.get('fixed_input_size'):
        return FrameLimits()
    embed = getattr(model, 'patch_embed', None)
    side = (getattr(embed, 'img_size', None) or model.pretrained_cfg['input_size'][1:])[0]
    return FrameLimits(side=Allowed(side, side), why=f'timm builds it for img_size={side} alone, '
                       'so it takes no fidelity that reduces the side')
