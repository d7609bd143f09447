# THUMOS14 as snippet features, for stage 3: windows of 256 of a video's features, one every 128.
#
# data/thumos14/thumos_gt.json
# features/lofi_tsm_thumos/video_test_0000004.npz ...      as tools/extract_features.py writes them
#
# LOFI_FEATURES in the environment names another folder.
_base_ = './thumos_classes.py'

feature_root = '{{$LOFI_FEATURES:features/lofi_tsm_thumos}}'
ann_file = 'data/thumos14/thumos_gt.json'

# What tools/extract_features.py made has to be of this kind; published features don't say.
pipeline = [dict(type='LoadSnippetFeatures', num_snippets=256,
                 expected=dict(side=224, snippet_interval=5)),
            dict(type='PackTALInputs')]
dataset = dict(type='UntrimmedVideoDataset', ann_file=ann_file,
               data_prefix=dict(feature=feature_root), pipeline=pipeline,
               window=dict(stride=128), metainfo=dict(classes=_base_.thumos_classes))
train_dataloader = dict(
    batch_size=8,      # on one GPU
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler', drop_last=False),   # so that runs resume exactly
    dataset=dict(dataset, subset='train'))
val_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='test', test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='test', tious='0.3:0.7:0.1')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# The authors take a video's class scores from UntrimmedNet (docs/features.md). This default needs no
# file and scores each proposal: 61 of the 410 videos hold several classes.
class_scores = dict(type='SegmentClassifier', num_classes=20)
