# Stage 3 as gtad_toy.py, on features of the small video transformer, whole or with adapters.
#
#   python tools/extract_features.py configs/toy/lofi_vit_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/gtad_vit_toy.py
#
# Expected: docs/procedural_results.md.
_base_ = ['./gtad_toy.py', './_base_vit_toy.py']
from mmlofi.pipelines import change

model = dict(head=dict(in_channels=_base_.vit_dim, inner_bins=8, context_bins=2),
             class_scores=dict(in_channels=_base_.vit_dim))
change(_base_, 'LoadSnippetFeatures', feat_dim=_base_.vit_dim)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=_base_.pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.pipeline))
test_dataloader = val_dataloader

max_epochs = 10       # of 20 updates
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(type='MultiStepLR', milestones=[6], gamma=0.1)]
auto_scale_lr = dict(base_batch_size=4)
