# Stage 2, long C-LoFi: encoder and a G-TAD head end to end, one epoch each at S, T and ST in turn.
#
#   python tools/train.py configs/toy/lofi_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# 4 minutes and 1 GB on 2 CPU cores. Expected after stage 3: docs/procedural_results.md.
#
# Deviates from the paper, whose encoder comes from Kinetics, by AdamW in place of SGD 0.1. Batch norm
# trains its statistics: frozen, the encoder did not learn (docs/procedural_results.md).
_base_ = './_base_toy.py'

model = dict(
    type='EndToEndLocalizer',
    backbone=_base_.backbone,
    encoder=dict(norm='running'),
    head=dict(_base_.gtad_head, in_channels=_base_.feat_dim, **_base_.gtad_bins),
    data_preprocessor=_base_.frame_preprocessor)

custom_hooks = [dict(type='LoFiCycleHook', by=_base_.stage_2.by, interval=1,
                     cycle=_base_.stage_2.cycle)]

open_video = dict(type='OpenVideo', short_side=_base_.side)   # square videos: nothing to crop
sample_snippets = dict(type='SampleSnippets', num_snippets=_base_.num_snippets,
                       clip_len=_base_.clip_len, frame_interval=_base_.frame_interval)
decode = dict(type='DecodeSnippets')
pack = [dict(type='FormatShape', input_format='NCTHW'), dict(type='PackTALInputs')]
train_pipeline = [open_video, dict(sample_snippets, placement='jitter'), decode,
                  dict(type='Flip', flip_ratio=0.5), *pack]
test_pipeline = [open_video, sample_snippets, decode, *pack]
dataset = dict(type='UntrimmedVideoDataset', ann_file=_base_.ann_file,
               data_prefix=dict(video=_base_.data_root + '/videos'))
train_dataloader = dict(
    batch_size=_base_.stage_2.batch_size, num_workers=1, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(dataset, subset='training', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1, num_workers=1, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', pipeline=test_pipeline, test_mode=True))
val_dataloader = None   # the stage-2 head is thrown away: stage 3 is what counts
val_evaluator = None
val_cfg = None

max_epochs = _base_.stage_2.max_epochs
train_cfg = dict(type='FidelityTrainLoop', max_epochs=max_epochs)
optim_wrapper = _base_.stage_2.optim_wrapper
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=_base_.stage_2.batch_size)
