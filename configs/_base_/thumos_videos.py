# THUMOS14 as frames, for stage 2 and for extracting features: a snippet every 5 frames, and windows
# of 256 of them (43 s at 30 frames a second), a new one every 128.
#
# data/thumos14/thumos_gt.json                         its subsets are "train" and "test"
# data/thumos14/videos/video_validation_0000051.mp4 ...
# data/thumos14/videos/video_test_0000004.mp4 ...
#
# The json needs no durations: they are those of the videos.
_base_ = './thumos_classes.py'

data_root = 'data/thumos14/'
ann_file = 'thumos_gt.json'

# 8 frames, every 2nd, so that a snippet lasts half a second: half of the actions are shorter than
# 3 s, where a snippet of ActivityNet's 64 frames takes 2 s. Not stated in the paper.
snippets = dict(type='SampleSnippets', num_snippets=256, snippet_interval=5, clip_len=8,
                frame_interval=2)
train_pipeline = [
    dict(type='OpenVideo', short_side=256),
    dict(snippets, placement='jitter'),
    dict(type='DecodeSnippets'),
    dict(type='AtFidelity', transform=dict(type='Resize', scale=(-1, 256))),
    dict(type='AtFidelity', transform=dict(type='RandomCrop', size=224)),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]
test_pipeline = [
    dict(type='OpenVideo', short_side=256),
    snippets,
    dict(type='DecodeSnippets'),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]

dataset = dict(type='UntrimmedVideoDataset', data_root=data_root, ann_file=ann_file,
               data_prefix=dict(video='videos'), window=dict(stride=128),
               metainfo=dict(classes=_base_.thumos_classes))
train_dataloader = dict(
    batch_size=2,
    num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(dataset, subset='train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1, num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='test', pipeline=test_pipeline, test_mode=True))
test_evaluator = dict(type='TALMetric', ann_file=data_root + ann_file, subset='test',
                      tious='0.3:0.7:0.1')
test_cfg = dict(type='TestLoop')

# For `tools/test.py` on a stage-2 model; no gradient of it reaches the encoder.
class_scores = dict(type='SegmentClassifier', num_classes=20)
