"""Writes docs/encoders.md: what each of MMAction2's presets is as an encoder, and models of others.

    python docs/make_encoder_table.py            # write the page
    python docs/make_encoder_table.py --check    # say whether it is what the code finds

Each preset's backbone is built as it stands, but for the weights that it would load, and encodes
snippets at full fidelity and at LoFi's S and ST. All of it is on the meta device, which computes
shapes alone: no memory, about a minute for all. The libraries of LIBRARY_MODELS have to be there.
"""
from __future__ import annotations

import argparse
import inspect
import json
import logging
import sys
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import mmaction
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.overrides import TorchFunctionMode

from mmlofi.fidelity import PAPER_CYCLE
from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.backbones import NEEDS_MMPRETRAIN, build_backbone, why_refused
from mmlofi.models.encoders.frame_limits import frame_limits, takes_clips
from mmlofi.models.encoders.libraries import library_of
from mmlofi.models.encoders.libraries.adopt import Facts

PAGE = Path(__file__).with_name('encoders.md')
PRESETS = Path(mmaction.__file__).parent / '.mim' / 'configs'
FOLDERS = ('recognition', 'recognition_audio', 'skeleton', 'multimodal', 'retrieval')
MARK = '<!-- From here on written by docs/make_encoder_table.py -->\n'
WITH_MMPRETRAIN = 'it needs mmpretrain'
# Of other libraries: the frames and the side of their published weights.
LIBRARY_MODELS = {
    'torchvision.r2plus1d_18': (16, 112), 'torchvision.r3d_18': (16, 112),
    'torchvision.mc3_18': (16, 112), 'torchvision.s3d': (128, 224),
    'torchvision.mvit_v1_b': (16, 224), 'torchvision.mvit_v2_s': (16, 224),
    'torchvision.swin3d_t': (32, 224), 'torchvision.resnet50': (None, 224),
    'torchvision.vit_b_16': (None, 224), 'transformers.VideoMAEModel': (16, 224),
    'transformers.TimesformerModel': (8, 224), 'transformers.VivitModel': (32, 224),
    'transformers.VJEPA2Model': (64, 256), 'timm.vit_small_patch14_dinov2': (None, 518),
    'timm.vit_small_patch16_dinov3': (None, 256),
    'timm.swin_tiny_patch4_window7_224': (None, 224),
    'timm.convnext_tiny': (None, 224), 'timm.beit_base_patch16_224': (None, 224),
    'TSPResNet2Plus1d': (16, 112)}


@dataclass(frozen=True)
class Finding:
    """One preset: either what it gives as an encoder, or why it is refused."""

    family: str
    refused: str | None = None
    channels: int = 0
    clips: bool = False
    frames: int = 0
    interval: int | None = None    # None: frames spread evenly over the video
    frames_that_fit: str = ''
    sides_that_fit: str = ''
    sides: tuple[int, ...] = ()    # at full fidelity, S and ST
    misfits: tuple[int, ...] = ()  # those of them that the backbone does not take
    weights: tuple[str, ...] = field(default=(), compare=False)
    left_out: str = ''


class MetaButLists(TorchFunctionMode):
    """Makes tensors on the meta device, save those whose numbers a constructor reads."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function is torch.linspace:     # rates of drop path, read one by one
            kwargs['device'] = 'cpu'
        if function is torch.Tensor.cpu:   # TANet's log of its initialisation
            return torch.zeros(args[0].shape, device='cpu')
        return function(*args, **kwargs)


def presets() -> list[str]:
    """Every preset that MMAction2 ships for recognition, of frames or of anything else."""
    return sorted(str(path.relative_to(PRESETS)) for folder in FOLDERS
                  for path in (PRESETS / folder).rglob('*.py'))


@cache
def examine(preset: str) -> Finding:
    """Builds a preset's backbone and encodes snippets of its length and side."""
    cfg = Config.fromfile(PRESETS / preset)
    backbone = cfg.model.get('backbone')
    if backbone is None:
        return Finding(cfg.model.type, f'{cfg.model.type} is a model of video and text, and has no '
                                       '`backbone` to take')
    reason = why_refused(backbone)
    if backbone.type.startswith('mmpretrain.') or backbone.type in NEEDS_MMPRETRAIN:
        reason = WITH_MMPRETRAIN           # also where it is installed: one page for all
    if reason is not None:
        return Finding(backbone.type, reason)
    settings, weights = without_weights(backbone)
    found = _encode(json.dumps(settings), *snippet_of(cfg))
    return replace(found, weights=weights)


def without_weights(backbone: dict) -> tuple[dict, tuple[str, ...]]:
    """A preset's backbone without weights from the net, and the settings that this took."""
    named = tuple(name for name in ('pretrained', 'init_cfg') if backbone.get(name))
    return dict(backbone, **dict.fromkeys(named)), named


def snippet_of(cfg: Config) -> tuple[int, int | None, int]:
    """Frames, their interval and their side, by the preset's first pipeline with a sampler."""
    pipelines = [cfg.get(f'{name}_pipeline') or [] for name in ('train', 'val', 'test')]
    pipelines += [cfg[key].dataset.pipeline for key in ('train_dataloader', 'test_dataloader')
                  if cfg.get(key) and 'pipeline' in cfg[key].get('dataset', {})]
    steps = next((pipeline for pipeline in pipelines
                  if any('Sample' in step.type for step in pipeline)), None)
    if steps is None:                      # UniFormerV2's of several data sets have no pipeline
        return cfg.num_frames, None, cfg.model.backbone.input_resolution
    sampler = next(step for step in steps if 'Sample' in step.type)
    frames, interval = sampler.get('clip_len', 1), sampler.get('frame_interval')
    if isinstance(frames, dict):           # beside heatmaps of poses
        frames = frames['RGB']
    if cfg.model.type == 'Recognizer2D':   # images of as many equal parts of the video
        frames, interval = frames * sampler.get('num_clips', 1), None
    crops = [step.get('crop_size') or step.get('size') or step.get('scale') for step in steps
             if 'Crop' in step.type or (step.type == 'Resize' and -1 not in step.scale)]
    sides = [side if isinstance(side, int) else min(side) for side in crops if side]
    return frames, interval, sides[-1] if sides else 224


@cache
def _encode(backbone_json: str, frames: int, interval: int | None, side: int) -> Finding:
    cfg = json.loads(backbone_json)
    with torch.device('meta'), MetaButLists():
        backbone = build_backbone(cfg)
    backbone.eval()
    limits, encoder = frame_limits(backbone), SnippetEncoder()
    divisor = max(2, limits.side.step)
    sides = (side, *(fidelity.reduce_side(side, divisor) for fidelity in PAPER_CYCLE
                     if fidelity.spatial > 1))
    channels, misfits = set(), []
    for size in sides:
        if size in limits.side:
            inputs = torch.empty(1, 2, 3, frames, size, size, device='meta')
            with torch.device('meta'), torch.no_grad():
                channels.add(encoder(backbone, inputs).shape[1])
        else:
            misfits.append(size)
    (channels,) = channels
    return Finding(cfg['type'], None, channels, takes_clips(backbone), frames, interval,
                   str(limits.frames), str(limits.side), sides, tuple(misfits),
                   left_out=getattr(backbone, 'facts', Facts(None, True)).left_out)


def page() -> str:
    """The page: what was written by hand, and the tables."""
    head = PAGE.read_text(encoding='utf-8').partition(MARK)[0]
    found = {preset: examine(preset) for preset in presets()}
    return head + MARK + '\n' + _libraries() + '\n' + _families(found) + '\n' + _all(found)


def _libraries() -> str:
    rows = []
    for kind, (frames, side) in LIBRARY_MODELS.items():
        cfg = dict(type=kind, config={}) if kind.startswith('transformers.') else dict(type=kind)
        found = _encode(json.dumps(cfg), frames or 8, None, side)
        rows.append([f'`{kind}`', 'clips' if found.clips else 'images', str(frames or ''),
                     found.frames_that_fit, found.sides_that_fit, _reduced(found),
                     str(found.channels), found.left_out])
    return '## Other libraries\n\n' + _table(
        ['`type`', 'takes', 'frames of its weights', 'frames that fit', 'sides that fit',
         'full → S, ST', '`in_channels` of the head', 'left out'], rows)


def _families(found: dict[str, Finding]) -> str:
    groups = defaultdict(list)
    for preset, finding in found.items():
        if finding.refused is None:
            groups[finding.family].append((preset, finding))
    rows = []
    for family, members in sorted(groups.items()):
        findings = [finding for _, finding in members]
        weights = sorted({name for finding in findings for name in finding.weights})
        rows.append([
            f'`{family}`', _join(sorted({preset.split('/')[1] for preset, _ in members})),
            str(len(members)), 'clips' if findings[0].clips else 'images',
            _join(sorted({finding.frames for finding in findings})),
            ' or '.join(sorted({finding.frames_that_fit for finding in findings}, key=_number)),
            ' or '.join(sorted({finding.sides_that_fit for finding in findings})),
            '; '.join(dict.fromkeys(_reduced(finding) for finding in findings)),
            _join(sorted({finding.channels for finding in findings})),
            _join(f'`{name}=None`' for name in weights),
            _setting(family, 'norm_eval'), _setting(family, 'with_cp')])
    refused = defaultdict(list)
    for preset, finding in found.items():
        if finding.refused is not None:
            refused[finding.family, finding.refused].append(preset)
    refusals = [[f'`{family}`', _join(sorted({preset.rpartition('/')[0] for preset in members})),
                 str(len(members)), reason]
                for (family, reason), members in sorted(refused.items())]
    works = sum(len(members) for members in groups.values())
    return (f'## Families\n\n{works} of {len(found)} presets work.\n\n'
            + _table(['backbone', 'presets', 'of them', 'takes', 'frames of its presets',
                      'frames that fit', 'sides that fit', 'full → S, ST', '`in_channels` of the '
                      'head', 'loads no weights with', '`norm_eval`', '`with_cp`'], rows)
            + '\n## Refused\n\n'
            + _table(['backbone', 'presets', 'of them', 'because'], refusals))


def _all(found: dict[str, Finding]) -> str:
    rows = [[preset.removesuffix('.py'),
             f'refused: {one.refused}' if one.refused else 'works',
             '' if one.refused else f'{one.frames} × {one.interval or "even"}',
             '' if one.refused else str(one.channels)] for preset, one in found.items()]
    return '## Every preset\n\n' + _table(['preset', 'as an encoder', 'frames × interval',
                                           'channels'], rows)


def _reduced(finding: Finding) -> str:
    full, *reduced = [f'{side} refused' if side in finding.misfits else str(side)
                      for side in finding.sides]
    return f'{full} → {", ".join(reduced)}'


def _setting(family: str, name: str) -> str:
    if family == 'ResNet3dSlowFast':
        return 'in each pathway'
    if library_of(family):
        return ''
    parents = [parent for parent in MODELS.get(family).__mro__ if '__init__' in vars(parent)]
    return 'yes' if any(name in inspect.signature(parent.__init__).parameters
                        for parent in parents) else ''


def _number(words: str) -> tuple[int, str]:
    return int(words) if words.isdecimal() else 0, words


def _join(items) -> str:
    return ', '.join(map(str, items))


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ['---'] * len(head), *rows]
    return ''.join(f'| {" | ".join(line)} |\n' for line in lines)


def main() -> int:
    """Writes the page, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing, exit 1 if it differs')
    args = parser.parse_args()
    init_default_scope('mmaction')
    logging.disable(logging.INFO)
    text = page()
    if not args.check:
        PAGE.write_text(text, encoding='utf-8')
        return 0
    same = text == PAGE.read_text(encoding='utf-8')
    print('docs/encoders.md is up to date' if same else
          'docs/encoders.md is not what the code finds: run python docs/make_encoder_table.py')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main())
