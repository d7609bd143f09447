"""The program that sets adapters beside each other on the procedural benchmark."""
from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from mmlofi import Fidelity
from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'benchmarks')
        init_default_scope('mmaction')
        yield importlib.import_module('adapters_table')


def trained(script, kind: str, tmp_path) -> set[str]:
    model = MODELS.build(script.configure(tmp_path, 0, kind, 'short').model)
    return {name for name, weight in model.backbone.named_parameters() if weight.requires_grad}


def test_each_kind_trains_its_own_weights(script, tmp_path):
    own = {'lora': '.lora_', 'temporal': '.adapter.', 'ladder': 'ladders.adapters.'}
    for kind, part in own.items():
        names = trained(script, kind, tmp_path)
        assert names
        assert all(part in name for name in names), kind
    assert 'patch_embed.projection.weight' in trained(script, 'all', tmp_path)


@pytest.mark.parametrize('kind', ['temporal', 'ladder'])
def test_temporal_adapters_and_ladder_stand_at_every_block(script, kind, tmp_path):
    cfg = script.configure(tmp_path, 0, kind, 'full')
    names = trained(script, kind, tmp_path)
    assert len({name.split('down_proj')[0] for name in names if 'down_proj.weight' in name}) == \
        cfg.model.backbone.depth


def test_cycles_are_full_fidelity_or_another_one_each_epoch_or_update(script, tmp_path):
    hooks = {cycle: script.configure(tmp_path, 0, 'all', cycle).custom_hooks[0]
             for cycle in script.CYCLES}
    assert [one.name for one in hooks['full'].cycle] == ['full']
    for cycle, by in (('long', 'epoch'), ('short', 'iter')):
        assert (hooks[cycle].by, hooks[cycle].interval) == (by, 1)
        assert [one.name for one in hooks[cycle].cycle] == ['S', 'T', 'ST']


@pytest.mark.parametrize('fidelity', [Fidelity(), Fidelity('S', spatial=2)])
def test_a_video_that_is_decoded_once_has_the_frames_of_one_that_is_opened(
        script, fidelity, write_numbered_video, tmp_path, monkeypatch):
    monkeypatch.setattr(script.OpenVideoOnce, 'kept', {})
    video = str(write_numbered_video(tmp_path / 'a.mp4', 20, width=64, height=64))
    frames, numbers = [], np.array([3, 7, 7, 19])
    once = script.OpenVideoOnce(short_side=64)
    for opener in (OpenVideo(short_side=64), once, once):
        opened = opener(dict(filename=video, fidelity=fidelity))
        assert opened['total_frames'] == 20
        frames.append(DecodeSnippets()(dict(opened, frame_inds=numbers))['imgs'])
    for kept in frames[1:]:
        np.testing.assert_array_equal(kept, frames[0])
    frames[1][0][:] = 0                       # transforms work in place
    opened = once(dict(filename=video, fidelity=fidelity))
    np.testing.assert_array_equal(
        DecodeSnippets()(dict(opened, frame_inds=numbers))['imgs'], frames[0])


def test_the_table_has_what_is_complete_with_its_deviation(script, tmp_path):
    for seed, score in enumerate([0.2, 0.4]):
        write_result(tmp_path / f'seed{seed}/ladder_long', score)
    (tmp_path / 'seed2/ladder_long').mkdir(parents=True)
    assert script.table(tmp_path).splitlines()[2:] == [
        '| ladder | 1,234 | long | 2 | 15.00 ± 7.07 | 30.00 ± 14.14 | - | 20 | 50 |']
    (tmp_path / 'seed0/ladder_long/stage_3.json').write_text('{"mAP": 0.5}')
    assert '| 30.00 ± 14.14 | 50.00 | 20 |' in script.table(tmp_path)


def write_result(folder: Path, score: float) -> None:
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(json.dumps({
        'mAP': score, 'mAP@0.50': score / 2, 'seconds': 20, 'mib': 50.4, 'trained': 1234}))
