# Stage 2 as lofi_toy.py, with BMN as the head that the encoder learns from.
#
#   python tools/train.py configs/toy/lofi_bmn_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# 6 minutes and 0.9 GB on 1 CPU core. Expected after stage 3 (bmn_toy.py): docs/own_head.md.
_base_ = ['./lofi_toy.py', '../_base_/bmn.py']

model = dict(head=dict(_base_.bmn_head, _delete_=True, in_channels=_base_.feat_dim))
