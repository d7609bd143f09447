"""Where the tokens of transformers' video models become a map, at any side that fits.

Shape legend: B snippets, T frames, H × W a frame, C channels, T' × h × w the map.

transformers' own forward passes are for the side that a model was built for: VideoMAE and ViViT
refuse others (ViViT's `interpolate_pos_encoding` takes time for a part of the picture),
TimeSformer takes one number of patches in a row, and V-JEPA 2 would count patches of one frame for
those of the next without a word. Here their parts are called one after the other, with positions
for the side that comes; at their own side this is what they give themselves.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.func import functional_call

from mmlofi.models.encoders.frame_limits import Allowed, FrameLimits
from mmlofi.models.encoders.positions import resize_positions


@dataclass(frozen=True)
class Family:
    """What is known of a class.

    Args:
        to_map: Gives (B, C, T', h, w) of clips (B, 3, T, H, W).
        limits: The frames and sides that it takes, by its config.
        block: The class whose activations can be computed again.
        check: Refuses a config whose tokens are others.
        arguments: Of its constructor.
        without: Its parts that are no encoder.
        left_out: What of the output is no part of the map, in words.
    """

    to_map: Callable[[nn.Module, Tensor], Tensor]
    limits: Callable[[object], FrameLimits]
    block: str
    check: Callable[[object], None] = lambda config: None
    arguments: dict = field(default_factory=dict)
    without: tuple[str, ...] = ()
    left_out: str = ''


def _videomae(model: nn.Module, clips: Tensor) -> Tensor:
    """All tokens are patches; their positions are no parameter."""
    patches = model.embeddings.patch_embeddings.projection(clips)           # (B, C, T', h, w)
    size = tuple(patches.shape[2:])
    positions = _for_grid(model.embeddings.position_embeddings, size, model.config, tokens=0)
    tokens = patches.flatten(2).transpose(1, 2)
    tokens = model.encoder(tokens + positions.to(tokens)).last_hidden_state
    if model.layernorm is not None:
        tokens = model.layernorm(tokens)
    return tokens.transpose(1, 2).unflatten(2, size)


def _timesformer(model: nn.Module, clips: Tensor) -> Tensor:
    """The first token is the class; the others go through all frames of a patch, then the next."""
    config, T = model.config, clips.shape[2]
    h, w = (size // config.patch_size for size in clips.shape[-2:])
    # How its layers count patches in a row, also where they are computed again.
    config.image_size = clips.shape[-1]
    own = model.embeddings.patch_embeddings.image_size[0] // config.patch_size
    positions = resize_positions(model.embeddings.position_embeddings, (h, w), own=(own, own))
    tokens = functional_call(model.embeddings, {'position_embeddings': positions},
                             (clips.transpose(1, 2),))
    tokens = model.layernorm(model.encoder(tokens, return_dict=True).last_hidden_state)
    return tokens[:, 1:].unflatten(1, (h, w, T)).permute(0, 4, 3, 1, 2)


def _vivit(model: nn.Module, clips: Tensor) -> Tensor:
    """The first token is the class."""
    embeddings = model.embeddings
    patches = embeddings.patch_embeddings.projection(clips)                 # (B, C, T', h, w)
    size = tuple(patches.shape[2:])
    positions = _for_grid(embeddings.position_embeddings, size, model.config, tokens=1)
    tokens = patches.flatten(2).transpose(1, 2) + positions[:, 1:]
    first = (embeddings.cls_token + positions[:, :1]).expand(len(clips), -1, -1)
    tokens = embeddings.dropout(_joined(first, tokens))
    for layer in model.layers:
        tokens = layer(tokens, None)
    return model.layernorm(tokens)[:, 1:].transpose(1, 2).unflatten(2, size)


def _vjepa2(model: nn.Module, clips: Tensor) -> Tensor:
    """All tokens are patches, which rotary positions count row by row and frame by frame."""
    config = model.config
    side, steps = clips.shape[-1] // config.patch_size, clips.shape[2] // config.tubelet_size
    for layer in model.encoder.layer:
        layer.attention.grid_size = side
    tokens = model.encoder(pixel_values_videos=clips.transpose(1, 2)).last_hidden_state
    return tokens.transpose(1, 2).unflatten(2, (steps, side, side))


def _joined(*tokens: Tensor) -> Tensor:
    return torch.cat(tokens, dim=1)


def _for_grid(positions: Tensor, size: tuple[int, int, int], config: object, *, tokens: int
              ) -> Tensor:
    """Positions (1, tokens + T'·G·G, C) for a map of (T', h, w)."""
    steps, *grid = size
    own = _own_grid(config)
    first, places = positions[:, :tokens], positions[:, tokens:]
    places = places.unflatten(1, (steps, -1))                               # (1, T', G·G, C)
    places = resize_positions(places, tuple(grid), tokens=0, own=own).flatten(1, 2)
    return _joined(first, places)


def _own_grid(config: object) -> tuple[int, int]:
    side = config.image_size
    height, width = (side, side) if isinstance(side, int) else side
    patch = _patch(config)
    return height // patch, width // patch


def _patch(config: object) -> int:
    tubelet = config.tubelet_size
    return config.patch_size if isinstance(tubelet, int) else tubelet[1]


def _positions_of_frames(config: object) -> FrameLimits:
    patch = _patch(config) if hasattr(config, 'tubelet_size') else config.patch_size
    frames = config.num_frames
    return FrameLimits(Allowed(frames, frames), Allowed(patch, step=patch),
                       setting='config.num_frames',
                       why=f'it has positions for num_frames={frames}, and patches of {patch}')


def _vjepa2_limits(config: object) -> FrameLimits:
    tubelet, patch = config.tubelet_size, config.patch_size
    return FrameLimits(Allowed(tubelet, step=tubelet), Allowed(patch, step=patch), square=True,
                       why=f'its tokens are of {tubelet} frames and {patch} x {patch} pixels, and '
                           'its positions count them in squares')


def _refuse_space_only(config: object) -> None:
    if config.attention_type == 'space_only':
        raise ValueError("TimesformerModel got attention_type='space_only'; expected "
                         "'divided_space_time' or 'joint_space_time': it would be one of images, "
                         'and has tokens of an order of their own')


FAMILIES = {
    'VideoMAEModel': Family(_videomae, _positions_of_frames, 'VideoMAELayer'),
    'TimesformerModel': Family(_timesformer, _positions_of_frames, 'TimesformerLayer',
                               _refuse_space_only, left_out='the class token'),
    'VivitModel': Family(_vivit, _positions_of_frames, 'VivitLayer',
                         arguments=dict(add_pooling_layer=False),
                         left_out='the class token'),
    'VJEPA2Model': Family(_vjepa2, _vjepa2_limits, 'VJEPA2Layer', without=('predictor',))}
