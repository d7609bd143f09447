"""Every shipped config is built, trains and tests, at a reduced size and on stand-ins for its data.

Only sizes, the learning rate (without stage 1's weights 0.1 is too much), worker processes, steps
an update (there are videos for one only) and the weights to load are overridden, as `--cfg-options`
does it; the networks have their real depth, but for transformers and TSP's, which has tests of its
own at 34 layers.
"""
from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from shipped import CONFIGS, LOADERS, ROOT, cycle_of, load, transforms_of

from mmlofi.fidelity import Fidelity
from mmlofi.models.encoders.frame_limits import frame_limits
from mmlofi.planning.training_plan import read_source

SIDE, NUM_SNIPPETS, PATCH = 32, 8, 4
SMALL = dict(num_snippets=NUM_SNIPPETS, short_side=SIDE, size=SIDE, crop_size=SIDE, input_size=SIDE,
             max_seq_len=NUM_SNIPPETS, height=SIDE, width=SIDE, intervals=(1, 2))


def small_transforms(pipeline: list, at: str) -> dict:
    """Overrides that shrink a pipeline, with dotted names as for `--cfg-options`."""
    options = {}
    for index, step in enumerate(pipeline):
        place, step = f'{at}.{index}', step
        if 'transform' in step:
            if any('divisor' in other for other in pipeline):
                options[f'{place}.divisor'] = PATCH
            place, step = f'{place}.transform', step.transform
        options |= {f'{place}.{key}': value for key, value in SMALL.items()
                    if step.get(key) is not None}
        if step.type == 'ClipInSegment':     # of half a second, as the tiny video is short
            options |= {f'{place}.fps': 2 * step.clip_len, f'{place}.clips_per_segment': 1}
        if step.type == 'DenseSampleFrames':     # for a test ten times as many frames
            options[f'{place}.num_sample_positions'] = 2
        if 'scale' in step:
            options[f'{place}.scale'] = (-1, SIDE) if -1 in step.scale else (SIDE, SIDE)
    return options


def shrink(cfg: Config, work_dir: Path) -> Config:
    """The config at a size for a test: each fidelity of the cycle for one step."""
    options = {'load_from': None, 'work_dir': str(work_dir), 'optim_wrapper.optimizer.lr': 1e-4,
               'train_cfg.max_epochs': max(1 + warms_up(cfg), len(cycle_of(cfg))),
               'default_hooks.checkpoint.interval': 1000,
               'default_hooks.checkpoint.save_last': False}
    for loader in LOADERS:
        if cfg.get(loader) is not None:
            options |= {f'{loader}.batch_size': 2, f'{loader}.num_workers': 0,
                        f'{loader}.persistent_workers': False}
            if cfg[loader].dataset.get('background'):
                options[f'{loader}.dataset.background.shortest_gap_sec'] = 0.5
            if cfg[loader].dataset.get('window'):
                options[f'{loader}.dataset.window.stride'] = NUM_SNIPPETS // 2
            options |= small_transforms(cfg[loader].dataset.pipeline, f'{loader}.dataset.pipeline')
    if cfg.model.type == 'Recognizer2D':     # ImageNet's weights come from the net
        options |= {'model.backbone.pretrained': None, 'model.backbone.pretrained2d': False}
    if cfg.model.get('backbone', {}).get('type') == 'TSPResNet2Plus1d':
        options |= {'model.backbone.depth': 18}
    if cfg.model.get('backbone', {}).get('weights'):     # another library's come from the net
        options |= {'model.backbone.weights': None}
    if 'config' in cfg.model.get('backbone', {}):
        options |= {f'model.backbone.config.{key}': value for key, value in dict(
            crop_size=SIDE, patch_size=PATCH, hidden_size=24, num_attention_heads=2,
            num_hidden_layers=1, pred_num_hidden_layers=1).items()}
        options |= {'model.head.in_channels': 24, 'model.class_scores.in_channels': 24}
    if cfg.model.get('backbone', {}).get('type') == 'VisionTransformer':  # L and g are 1.2 and 4 GB
        options |= {f'model.backbone.{key}': value for key, value in dict(
            patch_size=2 * PATCH, embed_dims=48, depth=2, num_heads=4).items()}
        options |= {f'model.{part}.in_channels': 48 for part in ('head', 'cls_head', 'class_scores')
                    if cfg.model.get(part)}
    if cycle_of(cfg):
        options |= {'custom_hooks.0.interval': 1, 'optim_wrapper.accumulative_counts': 1}
    if 'max_seq_len' in cfg.model.get('head', {}):
        # None pads to the shortest length that fits; any fits TriDet.
        options['model.head.max_seq_len'] = NUM_SNIPPETS if cfg.model.head.type == 'TriDetHead' \
            else None
    if cfg.model.get('head', {}).get('type') in ('ActionFormerHead', 'TriDetHead'):
        sources = cfg.model.head.in_channels      # 1,024 channels are 2 GB with all averages
        options['model.head.backbone.embed_dim'] = 96 if isinstance(sources, int) \
            else [64] * len(sources)
    cfg.merge_from_dict(options)
    return cfg


def warms_up(cfg: Config) -> bool:
    """Whether the rate of the first step is nothing."""
    return any(one.get('start_factor', 1) < 1e-6 for one in cfg.get('param_scheduler', []))


class Witness(Hook):
    """Keeps the first weights, and the losses and input shapes of each step."""

    def __init__(self) -> None:
        self.losses, self.shapes = [], []

    def before_train(self, runner: Runner) -> None:
        self.first = {name: weight.clone() for name, weight in runner.model.named_parameters()}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.losses += [float(loss.detach()) for loss in outputs.values()]
        # Frames: (L, 3, T, the shorter of H and W); the toy benchmark crops nothing.
        self.shapes += [{(*inputs.shape[:3], min(inputs.shape[3:], default=None))
                         for inputs in data_batch['inputs']}]

    def has_changed(self, model: torch.nn.Module, part: str) -> bool:
        return any(not torch.equal(weight, self.first[name])
                   for name, weight in model.named_parameters() if name.startswith(f'{part}.'))


@pytest.mark.parametrize('name', CONFIGS)
def test_config_trains_at_each_of_its_fidelities_and_tests(name, lay_out_data, tmp_path):
    cfg = shrink(load(name), tmp_path / 'work')
    lay_out_data(cfg)
    torch.manual_seed(0)
    runner, witness = Runner.from_cfg(cfg), Witness()
    runner.register_hook(witness)

    runner.train()

    assert witness.losses
    assert all(math.isfinite(loss) for loss in witness.losses)
    for part in ('backbone', 'head', 'cls_head', 'class_scores'):
        if getattr(runner.model, part, None) is not None:
            assert witness.has_changed(runner.model, part), f'{part} has not learned'
    if cycle_of(cfg):
        assert witness.shapes == [{expected_shape(cfg, fidelity)} for fidelity in cycle_of(cfg)]
    scores = runner.test()
    assert scores
    assert all(math.isfinite(score) for score in scores.values())


def expected_shape(cfg: Config, fidelity: Fidelity) -> tuple[int, ...]:
    """(L, 3, T, side) of a video in the batch."""
    clip_len = transforms_of(cfg, 'train_dataloader')['SampleSnippets'].clip_len
    divisor = max((step.get('divisor', 2) for step in cfg.train_dataloader.dataset.pipeline
                   if step.type == 'AtFidelity'), default=2)
    return fidelity.reduce_snippets(NUM_SNIPPETS), 3, clip_len, fidelity.reduce_side(SIDE, divisor)


@pytest.mark.parametrize('name', CONFIGS)
def test_header_gives_the_commands_and_what_to_expect(name):
    text = (ROOT / name).read_text()
    header = re.match(r'(#.*\n)+', text)[0].replace('\\\n#', '')
    commands = re.findall(r'(?:bash|python) (tools/\S+) (\S+)', header)
    assert name in {config for _, config in commands}
    for tool, config in commands:
        assert (ROOT / tool).is_file()
        assert (ROOT / config).is_file()
    if name.count('/') == 1:     # the paper knows nothing of the toy benchmark
        for entry in ('Paper:', 'Ours:', 'GPUs', 'emory', 'ours'):
            assert entry in header


@pytest.mark.parametrize('name', CONFIGS)
def test_no_config_says_where_to_write(name):
    assert load(name).get('work_dir') is None


def test_readme_links_exactly_the_shipped_configs():
    text = (ROOT / 'configs/README.md').read_text()
    linked = {link for link in re.findall(r'\]\((\S+?)\)', text)
              if '_base_' not in link and not link.startswith(('../', '#'))}
    assert linked == {name.removeprefix('configs/') for name in CONFIGS}
    for path in re.findall(r'(?:configs|tools)/\w+\.(?:py|sh)', text):
        assert (ROOT / path).is_file() or '/my_' in path, path


@pytest.mark.usefixtures('formatted_configs')
@pytest.mark.parametrize(('name', 'family', 'channels'), [
    ('my_lofi', 'ResNet3dSlowOnly', 2048), ('my_videomae_lofi', 'VisionTransformer', 768)])
def test_the_readme_s_own_encoders_become_configs(tmp_path, name, family, channels):
    text = (ROOT / 'configs/README.md').read_text()
    config = tmp_path / f'{name}.py'
    config.write_text(re.search(rf'```python\n# configs/{name}.py\n(.+?)```', text, re.DOTALL)[
        1].replace("'_base_/", f"'{ROOT}/configs/_base_/"))
    init_default_scope('mmaction')
    cfg = Config.fromfile(config)
    model = MODELS.build(cfg.model)
    assert type(model.backbone).__name__ == family
    assert model.head.in_channels == channels
    assert Config.fromstring(cfg.pretty_text, '.py').model == cfg.model    # as a run stores it
    source = read_source(cfg.train_dataloader.dataset.pipeline)
    for fidelity in cycle_of(cfg):
        side = source.side_at(fidelity)
        frame_limits(model.backbone).check(family, source.clip_len, side, side)
