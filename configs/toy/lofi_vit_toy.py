# Stage 2 as lofi_toy.py, of a small video transformer, all of its weights.
#
#   python tools/train.py configs/toy/lofi_vit_toy.py \
#       --cfg-options load_from=TSP_CHECKPOINT
#
# needs tsp_vit_toy.py's encoder. The model can be tested as it is, and stage 3 is gtad_vit_toy.py.
# With adapters: model.encoder.adapters.type=temporal
# Expected: docs/procedural_results.md.
_base_ = ['./lofi_toy.py', './_base_vit_toy.py']

model = dict(
    backbone=dict(_base_.vit, _delete_=True), encoder=dict(norm=None),
    # Half of the bins halve the head's time, of which it takes most at this size.
    head=dict(in_channels=_base_.vit_dim, inner_bins=8, context_bins=2),
    class_scores=dict(type='VideoClassifier', in_channels=_base_.vit_dim,
                      num_classes=_base_.num_classes))
# Whole patches: 64, 32 and 48, also of videos that are no squares.
resize = dict(type='AtFidelity', transform=dict(type='Resize', scale=(64, 64), keep_ratio=False),
              divisor=16)
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=[    # 40 updates an epoch
    *_base_.train_pipeline[:3], resize, *_base_.train_pipeline[3:]]))
test_dataloader = dict(dataset=dict(pipeline=[
    *_base_.test_pipeline[:3], resize, *_base_.test_pipeline[3:]]))

max_epochs = 6
train_cfg = dict(max_epochs=max_epochs)
custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2), dict(name='T', temporal=4),
    dict(name='ST', temporal=2, spatial=4 / 3)])]    # 48: a multiple of the patch
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.05), clip_grad=dict(max_norm=1))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=2)
