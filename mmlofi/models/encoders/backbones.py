"""Builds backbones for a localizer: MMAction2's, from their presets as they are, and others'."""
from __future__ import annotations

import importlib.util
import inspect

from mmaction.registry import MODELS
from mmengine.device import get_device
from mmengine.model import revert_sync_batchnorm
from torch import nn

from mmlofi.compat.tin import mend_tin
from mmlofi.models.encoders.libraries import (
    build_from_library,
    checkpoint_of,
    library_of,
    why_absent,
)
from mmlofi.models.encoders.pretrained import is_pretrained

# Backbones of MMAction2 that are none for frames, each with what it takes instead.
REFUSED = {
    'STGCN': 'it takes joints of skeletons', 'AAGCN': 'it takes joints of skeletons',
    'RGBPoseConv3D': 'it takes heatmaps of poses beside the frames',
    'ResNetAudio': 'it takes spectrograms of sound',
    'BeitModel3D': 'it is one part of a model of video and text'}
# What is in the place of a frame's three colours.
OTHER_CHANNELS = {1: 'spectrograms of sound', 2: 'optical flow', 10: 'stacks of optical flow',
                  17: 'heatmaps of poses'}
NEEDS_MMPRETRAIN = ('MobileOneTSM',)
# Its `init_cfg` names weights of images, whose names it changes.
OWN_INIT_CFG = ('MobileOneTSM',)


def build_backbone(cfg: dict) -> nn.Module:
    """A backbone for frames by its config, such as `model.backbone` of a preset.

    A prefix names another library: `libraries`.

    A config that names no weights (`pretrained=None`) loads none: some of MMAction2's backbones
    fail then, as they load those of images unless told not to. `init_cfg=None` is the class's own
    initialisation; a checkpoint that `init_cfg` names is `pretrained_of`'s, for the localizer to
    load. SyncBN becomes plain batch norm where there is no accelerator.

    Raises:
        ValueError: When the backbone takes anything but frames, or its library is absent.
    """
    reason = why_refused(cfg)
    if reason is not None:
        raise ValueError(
            f'the backbone {_name(cfg)} cannot encode the frames of snippets: {reason}. Expected '
            "one of MMAction2's backbones for RGB frames, or of torchvision, timm or transformers; "
            'docs/encoders.md lists them')
    if library_of(_name(cfg)):
        return build_from_library(cfg)
    backbone = MODELS.build(_without_weights_where_none_are_named(cfg))
    mend_tin(backbone)
    return revert_sync_batchnorm(backbone) if get_device() == 'cpu' else backbone


def pretrained_of(cfg: dict) -> dict | None:
    """The `init_cfg` of a backbone's checkpoint, which its localizer has to load."""
    if library_of(_name(cfg)) and not is_pretrained(cfg.get('init_cfg')):
        source = checkpoint_of(cfg)
        return source and dict(type='Pretrained', checkpoint=source)
    own = _name(cfg) in OWN_INIT_CFG or not is_pretrained(cfg.get('init_cfg'))
    return None if own else dict(cfg['init_cfg'])


def names_weights(cfg: dict) -> bool:
    """Whether a backbone's config names weights to begin with."""
    return bool(cfg.get('pretrained') or cfg.get('weights') or is_pretrained(cfg.get('init_cfg')))


def weights_source(cfg: dict) -> str | None:
    """The weights that a backbone's config names, in words; None where it names none."""
    named = pretrained_of(cfg)
    source = named['checkpoint'] if named else cfg.get('pretrained') or cfg.get('weights')
    return str(source) if source else None


def why_refused(cfg: dict) -> str | None:
    """Why a backbone of this config cannot serve a localizer; None where it can."""
    scope, _, name = _name(cfg).rpartition('.')
    if name in REFUSED:
        return REFUSED[name]
    channels = cfg.get('in_channels', 3)
    if channels != 3:
        return f'it takes {OTHER_CHANNELS.get(channels, "inputs")} of {channels} channels, not 3'
    if library_of(_name(cfg)):
        return why_absent(_name(cfg))
    if scope == 'mmcls':
        return f"mmcls is mmpretrain by now; install that and set type='mmpretrain.{name}'"
    if (scope == 'mmpretrain' or name in NEEDS_MMPRETRAIN) \
            and importlib.util.find_spec('mmpretrain') is None:
        return 'it needs mmpretrain, which is not installed'
    return None


def _name(cfg: dict) -> str:
    return cfg['type'] if isinstance(cfg['type'], str) else cfg['type'].__name__


def _without_weights_where_none_are_named(cfg: dict) -> dict:
    cfg = dict(cfg)
    if cfg.get('init_cfg', ...) is None or pretrained_of(cfg) is not None:
        del cfg['init_cfg']
    if not cfg.get('pretrained') and 'init_cfg' not in cfg:
        taken = _arguments(MODELS.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type'])
        switches = dict(pretrained2d=False, clip_pretrained=False, pretrained_type=None)
        cfg |= {name: off for name, off in switches.items() if name in taken}
    return cfg


def _arguments(kind: type | None) -> set[str]:
    """Names of a constructor's arguments, those of its parents too; none of an unknown class."""
    parents = kind.__mro__ if inspect.isclass(kind) else ()
    return {name for parent in parents if '__init__' in vars(parent)
            for name in inspect.signature(parent.__init__).parameters}
