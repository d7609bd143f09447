# Stage 2 as lofi_toy.py, of a small video transformer, all of its weights.
#
#   TOY_DATA=data/toy_easy python tools/train.py configs/toy/lofi_vit_toy.py \
#       --cfg-options load_from=ACP_CHECKPOINT
#
# needs acp_vit_toy.py's encoder. The head is kept, and tested with it: no stage 3.
# Expected: docs/procedural_benchmark.md.
_base_ = ['./lofi_toy.py', './_base_vit_toy.py']

model = dict(
    backbone=dict(_base_.vit, _delete_=True), encoder=dict(norm=None),
    head=dict(in_channels=_base_.vit_dim),
    class_scores=dict(type='VideoClassifier', in_channels=_base_.vit_dim, num_classes=5))
max_epochs = 18
train_cfg = dict(max_epochs=max_epochs)
custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2), dict(name='T', temporal=4),
    dict(name='ST', temporal=2, spatial=4 / 3)])]    # 48: a multiple of the patch
optim_wrapper = dict(optimizer=dict(lr=2e-3, weight_decay=0.05), clip_grad=dict(max_norm=1))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', T_max=max_epochs, convert_to_iter_based=True)]
