"""The memory of a training step, counted on fakes, beside that of steps that are really taken."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import turn_on_activation_checkpointing
from mmengine.structures import InstanceData

from mmlofi.planning.live_memory import LiveMemory
from mmlofi.planning.step_memory import StepCounter

GIB = 2**30
VIT = dict(type='VisionTransformer', img_size=64, patch_size=16, embed_dims=24, depth=3,
           num_heads=2, num_frames=4)
SNIPPETS, CLIP_LEN, SIDE = 6, 4, 64


def real_step(cfg: Config, batch_size: int) -> tuple[int, int]:
    """Bytes alive after the forward pass of a real step, and the most in it, without weights."""
    model = MODELS.build(cfg.model).train()
    turn_on_activation_checkpointing(model, cfg.get('activation_checkpointing', []))
    sample = ActionDataSample(metainfo=dict(video_name='v', duration_sec=60.0))
    sample.gt_instances = InstanceData(segments=torch.tensor([[0.2, 0.6]]),
                                       labels=torch.tensor([0]))
    frames = torch.randint(256, (SNIPPETS, 3, CLIP_LEN, SIDE, SIDE), dtype=torch.uint8)
    data = model.data_preprocessor(dict(inputs=[frames] * batch_size,
                                        data_samples=[sample] * batch_size))
    half = cfg.optim_wrapper.type == 'AmpOptimWrapper'
    with torch.no_grad():
        model(**data, mode='loss')       # the head's anchors
    with LiveMemory() as memory:
        with torch.autocast('cpu', torch.bfloat16, enabled=half):
            losses = model(**data, mode='loss')
        kept = memory.now
        model.parse_losses(losses)[0].backward()
    return kept, memory.peak


@pytest.mark.parametrize(('depth', 'changes', 'batch_size'), [
    (18, {}, 1), (18, {}, 3), (18, dict(model__encoder__chunk_size=2), 1),
    (18, dict(model__encoder__chunk_size=4), 3),
    (18, dict(model__encoder__grad_ratio=0.5), 2),
    (18, dict(model__encoder__grad_ratio=0.5, model__encoder__chunk_size=1), 3),
    (18, dict(optim_wrapper__type='AmpOptimWrapper'), 2),
    (50, dict(model__encoder__checkpointing=True), 2),
    (18, dict(activation_checkpointing=['backbone.layer1', 'backbone.layer2']), 1)])
def test_a_count_is_that_of_a_real_step(training, depth, changes, batch_size):
    cfg = training(depth, **changes)
    kept, peak = real_step(cfg, batch_size)
    counted = StepCounter(cfg, clip_len=CLIP_LEN).count(batch_size, SNIPPETS, SIDE)
    assert counted.activations == pytest.approx(kept, rel=0.02)
    fixed = counted.weights + counted.optimizer + counted.inputs
    assert counted.peak - fixed == pytest.approx(peak, rel=0.05)


@pytest.mark.parametrize(('depth', 'snippets', 'side', 'expected'), [
    (18, 100, 224, 18.7), (18, 100, 112, 4.73), (18, 25, 224, 4.67), (18, 50, 158, 4.74),
    (50, 100, 224, 80.8), (50, 100, 112, 20.5), (50, 25, 224, 20.2), (50, 50, 158, 20.6)])
def test_the_papers_fidelities_keep_what_is_known(training, depth, snippets, side, expected):
    """Bytes that autograd keeps a video with TSM, batch norm frozen, fp32; in GiB."""
    cfg = training(depth, model__backbone__num_segments=8)
    count = StepCounter(cfg, clip_len=8).count(1, snippets, side)
    assert count.encoder / GIB == pytest.approx(expected, rel=0.02)


def test_weights_gradients_and_what_the_optimizer_keeps(training):
    cfg = training(model__backbone__frozen_stages=1)
    model = MODELS.build(cfg.model).train()     # freezes a stage
    everything = [*model.parameters(), *model.buffers()]
    trained = 4 * sum(value.numel() for value in model.parameters() if value.requires_grad)
    for kind, share in (('SGD', 1), ('AdamW', 2)):
        cfg.optim_wrapper.optimizer = dict(type=kind, lr=0.1, **(
            dict(momentum=0.9) if kind == 'SGD' else {}))
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        assert type(wrapper.optimizer).__name__ == kind
        count = StepCounter(cfg, clip_len=CLIP_LEN, gpus=2).count(1, 2, 32)
        assert count.weights == sum(value.nbytes for value in everything)
        assert count.gradients == count.buckets == trained
        assert count.optimizer == pytest.approx(share * trained, rel=1e-3)
    assert StepCounter(cfg, clip_len=CLIP_LEN).count(1, 2, 32).buckets == 0


def test_the_copy_that_averages_the_weights_counts(training):
    cfg, plain = training(), StepCounter(training(), clip_len=CLIP_LEN).count(1, 2, 32)
    cfg.custom_hooks = [dict(type='LoFiCycleHook'), dict(type='EMAHook', momentum=1e-3)]
    count = StepCounter(cfg, clip_len=CLIP_LEN).count(1, 2, 32)
    assert count.weights == 2 * plain.weights
    assert count.peak == plain.peak + plain.weights


def test_what_is_frozen_is_averaged_in_no_copy_of_its_own(training):
    cfg = training()
    cfg.model.update(backbone=Config(VIT), head=Config(dict(type='GTADHead', in_channels=24)),
                     encoder=Config(dict(adapters=dict(type='temporal'))))
    plain = StepCounter(cfg, clip_len=CLIP_LEN)
    cfg.custom_hooks = [dict(type='ModelEMAHook', momentum=1e-3)]
    copied = StepCounter(cfg, clip_len=CLIP_LEN).weights - plain.weights
    frozen = sum(weight.nbytes for weight in MODELS.build(cfg.model).parameters()
                 if not weight.requires_grad)
    assert frozen > 0
    assert copied == plain.weights - frozen


def test_a_model_of_features_has_no_encoder_to_count(training):
    cfg = training(model__head__in_channels=16)
    cfg.model.backbone = None
    count = StepCounter(cfg, clip_len=None).count(2, 100, None)
    assert count.inputs == 2 * 16 * 100 * 4
    assert count.encoder == 0 < count.head
    assert count.peak > count.weights + count.gradients + count.head


def test_the_same_head_is_counted_once(training):
    first = StepCounter(training(), clip_len=CLIP_LEN)
    chunked = StepCounter(training(model__encoder__chunk_size=1), clip_len=CLIP_LEN, like=first)
    half = StepCounter(training(optim_wrapper__type='AmpOptimWrapper'), clip_len=CLIP_LEN,
                       like=first)
    assert chunked.localize is first.localize
    assert half.localize is not first.localize


def test_another_model_is_refused():
    cfg = Config(dict(model=dict(type='BaseDataPreprocessor')))
    with pytest.raises(ValueError, match='is a BaseDataPreprocessor; expected an EndToEndLocal'):
        StepCounter(cfg, clip_len=CLIP_LEN)
