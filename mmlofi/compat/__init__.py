"""Mends for known faults of the host stack; the one place for such mends.

Each mend is a function that says which versions have the fault and does nothing where the fault is
absent; loading checkpoints safely is no mend alone, and is kept in every version. No installed file
is touched. `apply` runs when mmlofi is imported, and may run again; `apply_with` runs after that,
with what mends take from mmlofi itself, of which nothing but files is imported here.
"""
from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

from mmlofi.compat.drn import mend_missing_drn


def require_mmcv() -> None:
    """Fail with the command to run where neither mmcv nor mmcv-lite is installed.

    mmcv is no requirement of the package: pip would put mmcv-lite over a user's full mmcv, or
    compile the full one for half an hour.

    Raises:
        ImportError: If there is no module `mmcv`.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ImportError(
            'mmlofi found no module mmcv; mmaction2 needs mmcv >= 2.0 and < 2.2, and the small '
            'mmcv-lite is enough: pip install "mmlofi[lite]" (or install the full mmcv)'
        )


def silence_known_warnings() -> None:
    """mmcv-lite 2.1 warns of an op that mmlofi does not use, mmengine 0.10.7 of pkg_resources."""
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
    warnings.filterwarnings('ignore', message='pkg_resources is deprecated')


def apply() -> None:
    """Apply every mend that this stack needs before anything else is imported."""
    require_mmcv()
    silence_known_warnings()
    mend_missing_drn()
    # The mends below import torch and then mmengine, which imports transformers, and with it peft
    # and torchvision, where these are installed.
    from mmlofi.compat.torchvision_operators import mend_torchvision_operators
    from mmlofi.compat.transformers_import import mend_slow_import, mend_video_and_text_models

    mend_torchvision_operators()
    mend_slow_import()
    from mmlofi.compat.amp import mend_amp_without_accelerator
    from mmlofi.compat.checkpoints import mend_checkpoint_loading
    from mmlofi.compat.compiled_steps import mend_compiled_steps
    from mmlofi.compat.default_hooks import mend_default_hooks
    from mmlofi.compat.frozen_parameters import mend_frozen_parameters
    from mmlofi.compat.own_configs import mend_configs_of_this_package

    mend_video_and_text_models()
    mend_checkpoint_loading()
    mend_amp_without_accelerator()
    mend_default_hooks()
    mend_frozen_parameters()
    mend_compiled_steps()
    mend_configs_of_this_package()


def apply_with(*, recompute: Callable, init_gloo: Callable, load_together: Callable) -> None:
    """Apply the mends of models, and those that do by mmlofi's own means what the stack does wrong.

    Args:
        recompute: Of `models.encoders.recompute`.
        init_gloo: Of `engine.launch`.
        load_together: Of `engine.loading`.
    """
    from mmlofi.compat.bfloat16_accuracy import mend_accuracy_in_bfloat16
    from mmlofi.compat.checkpoint_choice import mend_checkpoint_choice
    from mmlofi.compat.checkpointing import mend_activation_checkpointing
    from mmlofi.compat.launchers import mend_launchers_without_accelerator
    from mmlofi.compat.recognizer_backbones import mend_recognizer_backbones

    mend_accuracy_in_bfloat16()
    mend_activation_checkpointing(recompute)
    mend_launchers_without_accelerator(init_gloo)
    mend_recognizer_backbones()
    mend_checkpoint_choice(load_together)
