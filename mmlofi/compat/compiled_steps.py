"""mmengine 0.10 and 0.11 compile the moving of samples to the device with the step."""
from __future__ import annotations

import torch
from mmengine.model import BaseDataPreprocessor


def mend_compiled_steps() -> None:
    """Let a Runner's `compile` compile what computes, and leave samples to Python.

    With `compile` in a config MMEngine compiles `train_step`, in which the data preprocessor copies
    each sample. A graph of that holds for strings and lists of these very objects, such as the
    name of a fidelity, so that each step compiles anew until torch's limit and none is compiled
    from there on.
    """
    cast = BaseDataPreprocessor.cast_data
    if not getattr(cast, '_torchdynamo_disable', False):
        BaseDataPreprocessor.cast_data = torch.compiler.disable(cast)
