"""Loads trained localizers and encoders, and stops where a checkpoint does not fit."""
from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import chain

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from mmlofi.datasets.annotations import load_class_names
from mmlofi.json_values import brief, text_fault
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.backbones import names_weights
from mmlofi.models.encoders.checkpoint_fit import CheckpointFit, weights_in
from mmlofi.models.encoders.frozen_base import STANDS_ON, put_back_frozen
from mmlofi.pretraining import with_own_names

NAMED = 'named'   # in place of a checkpoint


def read_config(config: Config | dict | str) -> Config:
    """The config that is given, or that of a file.

    Raises:
        FileNotFoundError: When there is no such file.
    """
    if isinstance(config, Config):
        return config
    if isinstance(config, dict):
        return Config(config)
    if not os.path.isfile(config):
        raise FileNotFoundError(f'no config at {os.fspath(config)!r}; expected the file that the '
                                'model was trained by: check the path')
    return Config.fromfile(config)


def check_device(device: str | None) -> None:
    """Refuses what torch would fail on with a traceback, a GPU that is not there above all.

    Raises:
        ValueError: For it.
    """
    if device is None:
        return
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:
        raise ValueError(f'TALInferencer got device={device!r}, which cannot be used here '
                         f'({str(error).splitlines()[0]}); expected one of this machine, such as '
                         "'cpu' or 'cuda:0', or None for what there is") from error


def load_encoder(cfg: Config, checkpoint: str | None, device: str) -> EndToEndLocalizer:
    """The localizer of a stage-2 config in evaluation mode, with the checkpoint's backbone.

    The checkpoint may be a recognizer's, one of TSP's program, or of the backbone among other
    parts; None, or `NAMED`, stands for the weights that the backbone's config names. The other
    weights of the localizer stay random: only its `extract_feat` means anything.

    Raises:
        FileNotFoundError: When there is no such checkpoint.
        ValueError: When the config has no encoder, the checkpoint another one, or neither names
            weights.
    """
    name = cfg.filename or 'the config'
    if cfg.model.get('backbone') is None:
        raise ValueError(f'{name} has no model.backbone; expected a stage-2 config, whose '
                         'encoder makes the features')
    model = MODELS.build(cfg.model)
    if not isinstance(model, EndToEndLocalizer):
        raise ValueError(f'{name} is of a {type(model).__name__}; expected a stage-2 '
                         'config, of an EndToEndLocalizer and untrimmed videos: give that one with '
                         'this checkpoint')
    if checkpoint in (None, NAMED):
        _load_named_weights(model, cfg.model.backbone, name)
    else:
        _load_backbone(model, checkpoint)
    return model.eval().requires_grad_(False).to(device)


def _load_named_weights(model: EndToEndLocalizer, backbone: Mapping, name: str) -> None:
    if not names_weights(backbone):
        raise ValueError(f'no checkpoint was given, and model.backbone of {name} names no weights '
                         'either; expected one of them, or features would be random: give a '
                         'checkpoint, or set model.backbone.pretrained, or weights for that of '
                         'another library')
    model.init_weights()


def _load_backbone(model: EndToEndLocalizer, checkpoint: str) -> None:
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    state = with_own_names(weights_in(_completed(loaded, model, checkpoint), checkpoint))
    weights = {key.removeprefix('backbone.'): value for key, value in state.items()
               if key.startswith('backbone.')}
    fit = CheckpointFit.compare(model.backbone.state_dict(), weights)
    missing, extra = (list(chain.from_iterable(part.values())) for part in (fit.misses, fit.unused))
    if missing or extra:
        raise ValueError(
            f'{checkpoint} does not hold this backbone ({type(model.backbone).__name__}): '
            f'{len(missing)} weights are missing, the first {missing[:2]}, and {len(extra)} are '
            f'unknown, the first {extra[:2]}; expected a checkpoint of a model with the same '
            'backbone settings')
    model.backbone.load_state_dict(weights, strict=False)


def load_weights(model: EndToEndLocalizer, checkpoint: Mapping, source: str) -> None:
    """Gives a localizer all of its weights.

    Args:
        checkpoint: As `CheckpointLoader` reads it.
        source: What to call it in an error.

    Raises:
        ValueError: When some part of the model would stay random.
    """
    state = {model.own_name(key): value for key, value in weights_in(
        _completed(checkpoint, model, source), source).items()}
    fit = CheckpointFit.compare(model.state_dict(), state)
    fit.check(whole=True, mend=f'a checkpoint of the model of this config: give the config that '
                               f'{source} was trained by, which lies in its work dir')
    model.load_state_dict({key: state[key] for keys in fit.fits.values() for key in keys},
                          strict=False)


def _completed(checkpoint: object, model: EndToEndLocalizer, source: str) -> object:
    """The same, or of a checkpoint of what trains alone one with the frozen weights as well."""
    if not isinstance(checkpoint, Mapping) or STANDS_ON not in checkpoint:
        return checkpoint
    checkpoint = dict(checkpoint, state_dict=dict(checkpoint['state_dict']))
    put_back_frozen(checkpoint, model, source)
    return checkpoint


def find_test_dataset(cfg: Config) -> Mapping:
    """The dataset of a config's `test_dataloader`, out of any wrappers.

    Raises:
        ValueError: When there is none, or it has no pipeline.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    if not dataset.get('pipeline'):
        raise ValueError(f'{getattr(cfg, "filename", None) or "the config"} has no '
                         'test_dataloader.dataset.pipeline; expected one, which says how a video '
                         'is read: give the config that the model is tested by')
    return dataset


def find_class_names(checkpoint: Mapping, cfg: Config) -> tuple[str, ...]:
    """The classes of the checkpoint's training, else of the config's test data.

    Raises:
        ValueError: When neither names any, or the names are no texts.
    """
    dataset = find_test_dataset(cfg)
    for metainfo in ((checkpoint.get('meta') or {}).get('dataset_meta'), dataset.get('metainfo')):
        names = metainfo.get('classes') if isinstance(metainfo, Mapping) else None
        if names:
            faults = [names] if not isinstance(names, (list, tuple)) else \
                [fault for fault in map(text_fault, names) if fault]
            if faults:
                raise ValueError(f'the names of the classes are none: {brief(faults[0])}; expected '
                                 'a list of texts in the metainfo of the checkpoint or the config: '
                                 'correct or remove it')
            return tuple(names)
    ann_file = os.path.join(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if os.path.isfile(ann_file):
        return load_class_names(ann_file, ignore=dataset.get('ignore_classes'))
    raise ValueError('neither the checkpoint nor the config names the classes, and there is no '
                     f'annotation file at {ann_file!r}; expected their names in the order of the '
                     'labels: set test_dataloader.dataset.metainfo.classes in the config')
