"""The page on playback: its config for two encoders' features is one."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose

from mmlofi.datasets.transforms import save_features
from mmlofi.datasets.untrimmed import reading
from mmlofi.pretraining import StitchBoundary

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/playback.md').read_text()


def test_features_of_two_encoders_lie_side_by_side_by_the_config_of_the_page(tmp_path,
                                                                             monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = re.search(r'```python\n# configs/my_acp_arrow_gtad.py\n(.+?)```', PAGE, re.DOTALL)[1]
    config = tmp_path / 'my_acp_arrow_gtad.py'
    config.write_text(text.replace("'./", f"'{ROOT}/configs/"))
    cfg = Config.fromfile(config)
    for number, folder in enumerate(('acp_tsm_anet', 'arrow_tsm_anet')):
        assert f'--out features/{folder}' in PAGE
        save_features(tmp_path / 'features' / folder / 'a.npz',
                      np.full((512, 100), number, 'f'), 10.0)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        pipeline = Compose(cfg[loader].dataset.pipeline)
        packed = pipeline(dict(
            reading(True), video_name='a', filename='features/acp_tsm_anet/a.npz', fps=None,
            duration_sec=10.0, segments_sec=np.zeros((0, 2)), gt_labels=np.zeros(0, int)))
        assert packed['inputs'][:, 0].tolist() == 512 * [0] + 512 * [1]
    assert cfg.model.head.in_channels == cfg.model.class_scores.in_channels == 1024


@pytest.mark.parametrize('name', ['arrow', 'speed'])
def test_the_rates_of_the_page_are_those_of_the_configs(name):
    row = next(line for line in PAGE.splitlines() if f'configs/{name}_tsm_kinetics.py' in line)
    cfg = Config.fromfile(ROOT / f'configs/{name}_tsm_kinetics.py')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert f'`{cfg[loader].dataset.pipeline[1].rates}`' in row
    assert cfg.model.cls_head.num_classes == len(cfg.rates) == cfg.train_dataloader.sampler.group
    assert cfg.default_hooks.class_scores.type == 'ClassScoresHook'   # a smaller head is refused


def test_what_the_page_says_of_bsp_s_idea_is_what_the_config_has():
    cfg = Config.fromfile(ROOT / 'configs/bsp_tsm_kinetics.py')
    stitch = StitchBoundary(**{key: value for key, value in cfg.stitch.items() if key != 'type'})
    assert (stitch.least / stitch.clip_len, stitch.blend, stitch.intervals) == (
        1 / 4, 1, [4, 8, 16])
    assert 'intervals are 4, 8 or 16 frames' in PAGE
    assert cfg.model.cls_head.num_classes == cfg.train_dataloader.sampler.group == 4
    for loader in ('train_dataloader', 'val_dataloader'):
        assert cfg[loader].dataset.pipeline[0] == cfg.stitch
        types = [step.type for step in cfg[loader].dataset.pipeline]
        assert types[1] == 'CropBlackBorders'
