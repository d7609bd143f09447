# THUMOS14 as I3D features of whole videos, for one-stage heads: RGB and flow of 16 frames, every 4.
#
# data/thumos14/thumos_gt.json
# features/i3d_thumos/video_test_0000004.npy ...      (snippets, 2048), as ActionFormer publishes them
#
# The json needs no durations: they are those of the features, of videos at 30 frames a second.
_base_ = './thumos_classes.py'

ann_file = 'data/thumos14/thumos_gt.json'
max_seq_len = 2304     # 5 minutes, which training cuts longer videos to; testing takes them whole

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2048, feature_stride=4,
            feature_len=16, fps=30)
train_pipeline = [
    load,
    dict(type='RandomTruncation', max_seq_len=max_seq_len, trunc_thresh=0.5),
    dict(type='PadFeatures', max_seq_len=max_seq_len),
    dict(type='PackTALInputs', clip=False)]
dataset = dict(type='UntrimmedVideoDataset', ann_file=ann_file, filename_tmpl='{}.npy',
               data_prefix=dict(feature='features/i3d_thumos'),
               metainfo=dict(classes=_base_.thumos_classes))
train_dataloader = dict(
    batch_size=2,      # on one GPU
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(dataset, subset='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,      # since each has a length of its own
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='test', test_mode=True,
                 pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='test', tious='0.3:0.7:0.1')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
