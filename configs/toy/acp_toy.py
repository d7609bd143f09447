# Stage 1, ACP: classification of trimmed clips by MMAction2's own recognizer, from scratch.
#
#   python tools/train.py configs/toy/acp_toy.py
#
# 20 s on 2 CPU cores; expected: top-1 accuracy 1.0, from the scene alone.
_base_ = './_base_toy.py'

model = dict(
    type='Recognizer3D',
    backbone=_base_.backbone,
    cls_head=dict(type='I3DHead', in_channels=_base_.feat_dim, num_classes=_base_.num_classes,
                  spatial_type='avg', dropout_ratio=0.5, average_clips='prob'),
    data_preprocessor=_base_.frame_preprocessor)

sample_frames = dict(type='SampleFrames', clip_len=_base_.clip_len,
                     frame_interval=_base_.frame_interval, num_clips=1)
decode = [dict(type='DecordDecode'),
          dict(type='Resize', scale=(_base_.side, _base_.side), keep_ratio=False)]
pack = [dict(type='FormatShape', input_format='NCTHW'), dict(type='PackActionInputs')]
train_pipeline = [dict(type='DecordInit'), sample_frames, *decode,
                  dict(type='Flip', flip_ratio=0.5), *pack]
val_pipeline = [dict(type='DecordInit'), dict(sample_frames, test_mode=True), *decode, *pack]
train_dataloader = dict(
    batch_size=_base_.stage_1.batch_size, num_workers=1, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='VideoDataset', ann_file=_base_.data_root + '/clips_train.txt',
                 data_prefix=dict(video=_base_.data_root + '/clips'), pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16, num_workers=1, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='VideoDataset', ann_file=_base_.data_root + '/clips_val.txt',
                 data_prefix=dict(video=_base_.data_root + '/clips'), pipeline=val_pipeline,
                 test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='AccMetric')
test_evaluator = val_evaluator

max_epochs = _base_.stage_1.max_epochs
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(type=_base_.stage_1.get('wrapper', 'OptimWrapper'),
                     optimizer=_base_.stage_1.optimizer)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(enable=False, base_batch_size=_base_.stage_1.batch_size)
