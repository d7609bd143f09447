"""MMEngine and MMAction2 beside transformers: what they import of it, and what they cannot."""
from __future__ import annotations

import importlib.util
import sys

VINDLU_NEEDS = ('apply_chunking_to_forward', 'find_pruneable_heads_and_indices',
                'prune_linear_layer')


def mend_slow_import() -> None:
    """mmengine 0.10 and 0.11 import transformers for one optimizer: 1.7 s, and peft where it is.

    The optimizer stays under its name, and is imported when it is built.
    """
    if 'mmengine.optim' in sys.modules or importlib.util.find_spec('transformers') is None:
        return
    before = sys.modules.get('transformers')
    sys.modules['transformers'] = None   # to whom imports it now, it is not installed
    try:
        from mmengine.optim.optimizer import builder
    finally:
        if before is None:
            del sys.modules['transformers']
        else:
            sys.modules['transformers'] = before
    builder.OPTIMIZERS.register_module(name='Adafactor', module=_adafactor)
    builder.TRANSFORMERS_OPTIMIZERS.append('Adafactor')


def _adafactor(*args: object, **kwargs: object):
    from transformers import Adafactor
    return Adafactor(*args, **kwargs)


def mend_video_and_text_models() -> None:
    """mmaction2 1.2.0: `import mmaction.models` fails where transformers is newer than VindLU.

    MMAction2 imports VindLU, its models of video and text, wherever transformers is installed.
    Where that lacks what they import (5.0 does, and some of 4), they are left out as if it were
    not installed: placeholders stand for them, and mmlofi uses none.
    """
    from mmaction.utils import dependency

    if not dependency.WITH_MULTIMODAL:
        return
    if dependency.satisfy_requirement('transformers>=5'):
        dependency.WITH_MULTIMODAL = False
        return
    from transformers import modeling_utils
    dependency.WITH_MULTIMODAL = all(hasattr(modeling_utils, name) for name in VINDLU_NEEDS)
