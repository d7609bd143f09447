# Stage 3 as gtad_toy.py, with a new BMN head on the frozen encoder's full-fidelity features.
#
#   python tools/extract_features.py configs/toy/lofi_bmn_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/bmn_toy.py
#
# 2 to 3 minutes and 0.8 GB on 1 CPU core. Expected: docs/own_head.md.
_base_ = ['./gtad_toy.py', '../_base_/bmn.py']

model = dict(head=dict(_base_.bmn_head, _delete_=True, in_channels=_base_.feat_dim))
