"""transformers' models of videos: VideoMAE, TimeSformer, ViViT, V-JEPA 2.

Shape legend: B snippets, T frames, H × W a frame, C channels, T' × h × w the map.
"""
from __future__ import annotations

import logging
import os
from copy import deepcopy
from dataclasses import replace
from functools import partial

import torch
import transformers
from mmengine.logging import print_log
from torch import nn

from mmlofi.models.encoders.libraries.adopt import Facts, adopt, take_over
from mmlofi.models.encoders.libraries.transformers_files import (
    normalization_of_folder,
    refuse_adapters,
)
from mmlofi.models.encoders.libraries.video_tokens import FAMILIES

# The attention of transformers itself; others it downloads, and they are programs.
ATTENTIONS = ('sdpa', 'eager', 'flash_attention_2', 'flex_attention')
# Of a config's keys, those that change nothing of the encoder.
NO_SETTINGS = ('architectures', 'dtype', 'id2label', 'label2id', '_name_or_path',
               'transformers_version', 'attn_implementation', 'auto_map')
OLDEST = 5
FILES = ('.safetensors', '.pth', '.pt')


def build(*, name: str, weights: str | None = None, config: dict | None = None,
          attn_implementation: str | None = None) -> nn.Module:
    """A model by the name of its class, such as 'VJEPA2Model'.

    Args:
        weights: A name on Hugging Face's hub, or a folder, with config.json and weights of
            safetensors; or a file of weights alone, beside a `config`.
        config: Settings of the model's config class, in place of config.json: with them nothing
            is looked up to build the model. Without weights, of a model to draw.
        attn_implementation: One of `ATTENTIONS`; None is the first that the class has.

    Raises:
        ValueError: For a class whose tokens are not known here, and for settings that would run
            what a file says.
    """
    kind = _class(name)
    attn_implementation = attn_implementation or ('sdpa' if kind._supports_sdpa else 'eager')
    if attn_implementation not in ATTENTIONS:
        raise ValueError(f'transformers.{name} got attn_implementation={attn_implementation!r}; '
                         f'expected one of {ATTENTIONS}: others are downloaded and run')
    source = None if weights is None or _is_file(weights) else weights
    if source is not None:
        refuse_adapters(source)
    settings = _settings(kind, name, weights, config)
    settings._attn_implementation = attn_implementation
    family = FAMILIES[name]
    family.check(settings)
    model = kind(settings, **family.arguments)
    load = None if source is None else partial(
        _load, kind=kind, source=source, settings=deepcopy(settings), arguments=family.arguments)
    looks_up = source is not None and (config is None or os.path.isdir(source))
    facts = Facts(family.to_map, True, family.limits(settings),
                  normalization_of_folder(source) if looks_up else None, load,
                  (family.block,), family.left_out, weights)
    return adopt(model, facts, without=family.without)


def checkpoint_of(*, weights: str | None = None, **_: object) -> str | None:
    """The file that is named; a folder's weights transformers loads, which knows older names."""
    return weights if weights is not None and _is_file(weights) else None


def _class(name: str) -> type:
    if int(transformers.__version__.partition('.')[0]) < OLDEST:
        raise ValueError(f'transformers {transformers.__version__} is installed, whose models have '
                         f'other parts; expected {OLDEST} or newer: pip install '
                         '"mmlofi[transformers]"')
    if name not in FAMILIES:
        raise ValueError(f'transformers.{name} is not known as an encoder of frames; expected one '
                         f'of {list(FAMILIES)}, whose tokens and positions are')
    return getattr(transformers, name)


def _is_file(weights: str) -> bool:
    return weights.endswith(FILES) and not os.path.isdir(weights)


def _settings(kind: type, name: str, weights: str | None, config: dict | None):
    """The model's config object.

    Raises:
        ValueError: When neither a config is given nor weights with one, or a key is unknown.
    """
    if config is not None:
        unknown = sorted(set(config) - set(kind.config_class().to_dict()))
        if unknown:
            raise ValueError(f'transformers.{name} got config={unknown}; expected keys of '
                             f'{kind.config_class.__name__}')
        return kind.config_class(**config)
    if weights is None or _is_file(weights):
        raise ValueError(f'transformers.{name} got neither weights of a folder or a name nor a '
                         'config; expected weights=NAME, or config=dict(…) for random weights or '
                         'a file of weights')
    return _read_settings(kind, name, weights)


def _read_settings(kind: type, name: str, source: str):
    """Of a folder's config.json; only numbers and names of functions have a meaning there."""
    try:
        settings = kind.config_class.from_pretrained(source)
    except OSError as error:
        raise ValueError(f'transformers.{name} finds no config.json by weights={source!r} '
                         f'({str(error).splitlines()[0]}); expected a folder with it, or a name on '
                         'the hub that can be reached or was downloaded before') from error
    if getattr(settings, 'quantization_config', None) is not None:
        raise ValueError(f'{source} holds quantised weights; expected those of full precision, '
                         'which can be trained')
    return settings


def _load(model: nn.Module, *, kind: type, source: str, settings: object, arguments: dict) -> None:
    """Loads a folder's weights, or those of a name, whole, and what its processor says.

    Raises:
        ValueError: When some of the model's are missing.
    """
    try:
        loaded, report = kind.from_pretrained(
            source, config=settings, use_safetensors=True, dtype=torch.float32,
            output_loading_info=True, **arguments)
    except OSError as error:
        raise ValueError(f'{source} gives no weights of safetensors ({str(error).splitlines()[0]}'
                         '); expected model.safetensors, since others can run code when they are '
                         'read: convert them, as by model.save_pretrained(FOLDER)') from error
    _warn_of_other_settings(settings, loaded_from=_read_settings(kind, kind.__name__, source),
                            source=source)
    model.facts = replace(model.facts, normalization=normalization_of_folder(source))
    take_over(model, {key: value for key, value in loaded.state_dict().items()
                      if key not in report['missing_keys']}, source)


def _warn_of_other_settings(settings: object, *, loaded_from: object, source: str) -> None:
    """Says which settings of a config are others than those that the weights were trained with."""
    ours, theirs = settings.to_dict(), loaded_from.to_dict()
    different = [f'{key}={value!r} ({theirs[key]!r} there)' for key, value in ours.items()
                 if key in theirs and theirs[key] != value and key not in NO_SETTINGS]
    if different:
        print_log(f'{source} was trained with other settings than model.backbone.config has: '
                  f'{", ".join(different)}', logger='current', level=logging.WARNING)
