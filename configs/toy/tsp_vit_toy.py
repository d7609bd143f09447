# Stage 1 by TSP, after acp_vit_toy.py: the class of short clips of the untrimmed videos, and
# whether they show an action at all. ACP alone leaves this transformer blind to time, as the CNN.
#
#   python tools/train.py configs/toy/tsp_vit_toy.py \
#       --cfg-options load_from=ACP_CHECKPOINT
#
# Expected: docs/procedural_results.md.
_base_ = ['./_base_toy.py', './_base_vit_toy.py']

model = dict(
    type='Recognizer3D',
    backbone=_base_.vit,
    cls_head=dict(type='TSPHead', num_classes=_base_.num_classes, in_channels=_base_.vit_dim),
    data_preprocessor=_base_.frame_preprocessor)

open_video = dict(type='OpenVideo', short_side=_base_.side)
clip = dict(type='ClipInSegment', clip_len=_base_.clip_len, fps=5, clips_per_segment=14)
pack = [dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs', algorithm_keys=('region_label',))]
dataset = dict(
    type='TSPDataset', ann_file=_base_.ann_file,
    data_prefix=dict(video=_base_.data_root + '/videos'),
    background=dict(shortest_gap_sec=0.8))
train_dataloader = dict(   # about 100 updates an epoch
    batch_size=64, num_workers=1, persistent_workers=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(dataset, subset='training', pipeline=[
        open_video, clip, dict(type='DecodeSnippets'), dict(type='Flip', flip_ratio=0.5), *pack]))
val_dataloader = dict(
    batch_size=64, num_workers=1, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', test_mode=True, pipeline=[
        open_video, dict(clip, clips_per_segment=3), dict(type='DecodeSnippets'), *pack]))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='TSPMetric')
test_evaluator = val_evaluator

max_epochs = 10
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
                     clip_grad=dict(max_norm=1))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=64)
