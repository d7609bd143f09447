"""transformers' own models beside the same ones as backbones, small and with random weights."""
from __future__ import annotations

import torch
from small_library_models import CONFIGS, TRANSFORMERS

from mmlofi.models.encoders.backbones import build_backbone


def theirs(name, *, seed=0, head='', **changes):
    """transformers' own model, such as one with a classifier."""
    import transformers
    torch.manual_seed(seed)
    kind = getattr(transformers, name.replace('Model', head) if head else name)
    return kind(kind.config_class(**(CONFIGS[name] | changes))).eval()


def as_backbone(name, model, **changes):
    """A backbone with the weights of transformers' model."""
    ours = build_backbone(dict(TRANSFORMERS[name], config=CONFIGS[name] | changes)).eval()
    assert not ours.load_state_dict(model.state_dict(), strict=False).missing_keys
    return ours


def tokens_of(model, clips):
    given = 'pixel_values_videos' if 'VJEPA2' in type(model).__name__ else 'pixel_values'
    return model(**{given: clips.transpose(1, 2)}).last_hidden_state


def in_order(name, tokens, steps, grid):
    """(B, …, C) tokens as a map, by what transformers' documentation says of each."""
    if name == 'TimesformerModel':     # all frames of a patch, then the next patch
        return tokens[:, 1:].unflatten(1, (*grid, steps)).permute(0, 4, 3, 1, 2)
    first = tokens.shape[1] - steps * grid[0] * grid[1]
    assert first == (name == 'VivitModel')
    return tokens[:, first:].unflatten(1, (steps, *grid)).permute(0, 4, 1, 2, 3)


def steps_of(name, frames):
    return frames if name == 'TimesformerModel' else frames // 2
