# ActivityNet-v1.3 as snippet features, for stage 3: 100 snippets a video, so T = D = 100.
#
# data/activitynet/activity_net.v1-3.json
# features/lofi_tsm_anet/QOlSCBRmfWY.npz ...      as tools/extract_features.py writes them
#
# LOFI_FEATURES in the environment names another folder.
_base_ = './anet_classes.py'

feature_root = '{{$LOFI_FEATURES:features/lofi_tsm_anet}}'
ann_file = 'data/activitynet/activity_net.v1-3.json'

# No feat_dim, since encoders differ: all files have to agree, and the head refuses another size.
# What tools/extract_features.py made has to be of frames of side 224; published features don't say.
pipeline = [dict(type='LoadSnippetFeatures', num_snippets=100, expected=dict(side=224)),
            dict(type='PackTALInputs')]
dataset = dict(type='UntrimmedVideoDataset', ann_file=ann_file,
               data_prefix=dict(feature=feature_root), pipeline=pipeline,
               metainfo=dict(classes=_base_.anet_classes))
train_dataloader = dict(
    batch_size=16,     # on one GPU
    num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler', drop_last=False),   # so that runs resume exactly
    dataset=dict(dataset, subset='training'))
val_dataloader = dict(
    batch_size=16, num_workers=4, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', test_mode=True))
test_dataloader = val_dataloader
val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='validation',
                     tious='0.5:0.95:0.05')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# The paper takes class scores from outside; this default needs no file (see gtad_tsm_anet.py).
class_scores = dict(type='VideoClassifier', num_classes=200)
