"""Lets transformers whose positions are for one frame side take another.

Shape legend: B snippets, C channels, G × G patches at the side the backbone was built for.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

# The parameter (1 + G·G, C), the class token's position first, that MMAction2 adds as it is. Its
# VisionTransformer and MViT resize their own.
POSITIONS = {'TimeSformer': 'pos_embed', 'UniFormerV2': 'positional_embedding'}


def call_at_any_side(backbone: nn.Module, inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
    """The backbone's output, with its embedding of positions resized where the side asks for it.

    The parameter itself keeps its name and size, so checkpoints fit at every fidelity, and it gets
    the gradients of all of them. At the backbone's own side nothing is touched.
    """
    name = next((POSITIONS[parent.__name__] for parent in type(backbone).__mro__
                 if parent.__name__ in POSITIONS), None)
    if name is None:
        return backbone(inputs)
    patch = next(module for module in backbone.modules()
                 if isinstance(module, (nn.Conv2d, nn.Conv3d))).stride[-1]
    grid = tuple(size // patch for size in inputs.shape[-2:])
    positions = getattr(backbone, name)
    resized = resize_positions(positions, grid)
    if resized is positions:
        return backbone(inputs)
    return functional_call(backbone, {name: resized}, (inputs,))


def resize_positions(positions: Tensor, grid: tuple[int, int], *, tokens: int = 1,
                     own: tuple[int, int] | None = None) -> Tensor:
    """Positions (…, 1 + G·G, C) as (…, 1 + h·w, C) for a grid of (h, w), by bicubic interpolation.

    As VideoMAE's in MMAction2; the first, of the class token, has no place and stays.

    Args:
        tokens: How many have no place; 0 where all have one.
        own: The grid that they are for, where it is no square.
    """
    C = positions.shape[-1]
    own = own or 2 * (round((positions.shape[-2] - tokens)**0.5), )
    if tuple(grid) == tuple(own):
        return positions
    token, patches = positions.split([tokens, own[0] * own[1]], dim=-2)
    image = patches.reshape(-1, *own, C).permute(0, 3, 1, 2)                      # (…, C, G, G)
    image = F.interpolate(image, size=grid, mode='bicubic', align_corners=False)  # (…, C, h, w)
    resized = image.flatten(2).transpose(1, 2).reshape(*positions.shape[:-2], -1, C)
    return torch.cat([token, resized], dim=-2)
