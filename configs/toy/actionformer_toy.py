# Stage 3 as gtad_toy.py, with ActionFormer, which labels its segments: a video may hold several
# classes.
#
#   python tools/extract_features.py configs/toy/lofi_actionformer_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/actionformer_toy.py
#
# Expected: docs/procedural_results.md.
_base_ = ['./gtad_toy.py', './_base_one_stage_toy.py']

model = dict(head=dict(_base_.actionformer_head, _delete_=True, num_classes=_base_.num_classes),
             class_scores=None, nms=_base_.one_stage_nms)
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_epochs=_base_.one_stage_epochs, val_interval=_base_.one_stage_epochs)
optim_wrapper = dict(optimizer=dict(_base_.one_stage_optimizer, _delete_=True))
param_scheduler = [dict(
    type='CosineAnnealingLR', T_max=_base_.one_stage_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=4)
