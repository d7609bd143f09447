# Stage 1 as acp_toy.py, of a small video transformer, for videos at difficulty 0.
#
#   python tools/train.py configs/toy/acp_vit_toy.py
#
# Expected: top-1 accuracy 1.0, from the scene alone.
_base_ = ['./acp_toy.py', './_base_vit_toy.py']

model = dict(
    backbone=dict(_base_.vit, _delete_=True),
    cls_head=dict(_delete_=True, type='TimeSformerHead', in_channels=_base_.vit_dim,
                  num_classes=_base_.num_classes, dropout_ratio=0.0, average_clips='prob'))

optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-3, weight_decay=0.05),
                     clip_grad=dict(max_norm=1))
