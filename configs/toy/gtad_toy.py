# Stage 3, and the ACP baseline: a new G-TAD head on the frozen encoder's full-fidelity features.
#
#   python tools/extract_features.py configs/toy/lofi_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/gtad_toy.py
#
# TOY_SCORES=FILE takes the classes of videos from there, in place of a classifier of these features:
# to test a head with the same ones as other heads, as the paper does.
#
# A minute and 1 GB on 2 CPU cores. Expected: docs/procedural_results.md.
_base_ = './_base_toy.py'

from mmlofi.datasets.annotations import load_class_names

outside_scores = '{{$TOY_SCORES:none}}'
class_scores = dict(type='VideoClassifier', in_channels=_base_.feat_dim,
                    num_classes=_base_.num_classes) if outside_scores == 'none' else dict(
    type='ClassScoreFile', path=outside_scores, classes=load_class_names(_base_.ann_file))
model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.gtad_head, in_channels=_base_.feat_dim, **_base_.gtad_bins),
    class_scores=class_scores)

pipeline = [dict(type='LoadSnippetFeatures', num_snippets=_base_.num_snippets,
                 feat_dim=_base_.feat_dim, expected=dict(side=_base_.side)),
            dict(type='PackTALInputs')]
dataset = dict(type='UntrimmedVideoDataset', ann_file=_base_.ann_file,
               data_prefix=dict(feature=_base_.feature_root), pipeline=pipeline)
train_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler', drop_last=False),
    dataset=dict(dataset, subset='training'))
val_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', test_mode=True))
test_dataloader = val_dataloader

max_epochs = _base_.stage_3_epochs
train_cfg = dict(type='FidelityTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-3, weight_decay=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[max_epochs * 3 // 5], gamma=0.1)]
auto_scale_lr = dict(enable=False, base_batch_size=16)
