"""Which weights of an encoder with adapters train, and in which mode all others are."""
from __future__ import annotations

import re

from mmcv.cnn.bricks import DropPath
from torch import nn

# Names of weights that adapters add to a backbone.
ADAPTER = re.compile(r'(^|\.)(blocks\.\d+\.adapter|ladders\.adapters|lora_[A-Za-z_]+)\.')


def is_adapter(name: str) -> bool:
    """Whether a weight of that name is one of adapters."""
    return ADAPTER.search(name) is not None


def freeze_all_but_adapters(backbone: nn.Module) -> None:
    """Leaves a gradient to the adapters alone."""
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_(is_adapter(name))


def hold_frozen(backbone: nn.Module, *, drop_path: bool) -> None:
    """Puts what is frozen of a backbone in training into evaluation mode.

    Args:
        drop_path: Whether blocks may be skipped at random all the same, as in AdaTAD's own program.
    """
    if not backbone.training:
        return
    for name, module in backbone.named_modules():
        if name:   # the backbone itself stays: some give another output when they are tested
            module.training = is_adapter(f'{name}.') or (
                drop_path and isinstance(module, DropPath))
