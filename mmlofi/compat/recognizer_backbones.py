"""mmaction2 1.2.0: a recognizer looks for torchvision's models among those of images alone.

Of one of clips, such as `torchvision.r2plus1d_18`, nothing is said but KeyError: 'r2plus1d_18'.
"""
from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping

from torch import nn

from mmlofi.compat.wrapped_once import wrap_once

PREFIX = 'torchvision.'


def mend_recognizer_backbones() -> None:
    """mmaction2 1.2.0: say which backbone a recognizer does not know, and which it does."""
    from mmaction.models.recognizers.base import BaseRecognizer

    wrap_once(BaseRecognizer, '__init__', _refuse_unknown)


def _refuse_unknown(present: Callable) -> Callable:
    def __init__(self: nn.Module, backbone: Mapping, *args, **kwargs) -> None:
        kind = backbone.get('type')
        if isinstance(kind, str) and kind.startswith(PREFIX) and importlib.util.find_spec(
                'torchvision'):
            import torchvision.models
            if kind.removeprefix(PREFIX) not in vars(torchvision.models):
                raise ValueError(
                    f"a recognizer of MMAction2's got the backbone {kind!r}; expected one of "
                    "torchvision's models of images, or of clips one of MMAction2's or mmlofi's: "
                    'ResNet2Plus1d (configs/acp_r2plus1d_kinetics.py) or TSPResNet2Plus1d '
                    '(configs/tsp_r2plus1d_anet.py) for R(2+1)D')
        present(self, backbone, *args, **kwargs)
    return __init__
