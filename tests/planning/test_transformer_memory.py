"""The memory of steps of a video transformer, counted on fakes, beside that of real steps."""
from __future__ import annotations

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config
from test_step_memory import CLIP_LEN, SIDE, SNIPPETS, real_step

from mmlofi.planning.step_memory import StepCounter

VIT = dict(type='VisionTransformer', img_size=64, patch_size=8, embed_dims=48, depth=4, num_heads=2,
           num_frames=CLIP_LEN, return_feat_map=True)


@pytest.fixture
def transformer(training):
    """The config of a small VideoMAE; `encoder` are its options."""
    def make(half: bool = False, **encoder: object) -> Config:
        cfg = training()
        cfg.model.update(backbone=Config(VIT), encoder=Config(encoder),
                         head=Config(dict(type='GTADHead', in_channels=48)))
        if half:
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
        return cfg
    return make


def assert_as_real(cfg: Config, batch_size: int) -> None:
    kept, peak = real_step(cfg, batch_size)
    counted = StepCounter(cfg, clip_len=CLIP_LEN).count(batch_size, SNIPPETS, SIDE)
    assert counted.activations == pytest.approx(kept, rel=0.02)
    fixed = counted.weights + counted.optimizer + counted.inputs
    assert counted.peak - fixed == pytest.approx(peak, rel=0.05)


@pytest.mark.parametrize(('encoder', 'batch_size'), [
    ({}, 3), (dict(half=True), 1), (dict(fused_attention=True), 1),
    (dict(fused_attention=True, half=True), 3), (dict(checkpointing=True), 1),
    (dict(checkpointing=True, chunk_size=2), 3), (dict(dense=True, resample=2.0), 3),
    (dict(dense=True, chunk_size=1), 1)], ids=str)
def test_a_count_is_that_of_a_real_step_of_a_transformer(transformer, encoder, batch_size):
    assert_as_real(transformer(**encoder), batch_size)


@pytest.mark.parametrize(('adapters', 'encoder'), [
    (dict(type='temporal'), {}), (dict(type='temporal', scope='both'), {}),
    (dict(type='temporal', scope='video'), dict(checkpointing=True, half=True)),
    (dict(type='ladder', scope='video'), {}),
    (dict(type='ladder', scope='video'), dict(half=True, fused_attention=True)),
    (dict(type='lora', rank=4, targets=['qkv', 'proj']), {}),
    (dict(type='lora', rank=4, targets=['qkv']), dict(fused_attention=True, half=True))], ids=str)
def test_a_count_is_that_of_a_real_step_with_adapters(transformer, adapters, encoder):
    assert_as_real(transformer(adapters=adapters, dense=True, **encoder), 1)


@pytest.mark.parametrize('adapters', [dict(type='temporal'), dict(type='ladder', scope='video')])
def test_a_count_is_that_of_a_real_step_with_adapters_in_chunks(transformer, adapters):
    assert_as_real(transformer(adapters=adapters, chunk_size=2, checkpointing=True), 3)


def test_only_adapters_have_gradients_and_moments(transformer):
    cfg = transformer(adapters=dict(type='temporal'))
    model = MODELS.build(cfg.model)
    trained = sum(value.nbytes for name, value in model.named_parameters()
                  if '.adapter.' in name or not name.startswith('backbone.'))
    counted = StepCounter(cfg, clip_len=CLIP_LEN).count(1, 2, SIDE)
    assert counted.gradients == trained
    assert counted.optimizer == pytest.approx(trained, rel=1e-3)          # SGD with momentum
    assert counted.weights == sum(
        value.nbytes for value in [*model.parameters(), *model.buffers()])


def test_the_head_gets_as_many_positions_as_a_dense_encoder_gives(transformer):
    one, dense, more = (StepCounter(transformer(**encoder), clip_len=CLIP_LEN).count(1, 20, SIDE)
                        for encoder in ({}, dict(dense=True), dict(dense=True, resample=2.0)))
    same = StepCounter(transformer(), clip_len=CLIP_LEN)
    steps = CLIP_LEN // 2
    assert dense.head == same.count(1, 20 * steps, SIDE).head > one.head
    assert more.head == same.count(1, 20 * steps * 2, SIDE).head
