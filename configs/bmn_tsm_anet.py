# Stage 3 as gtad_tsm_anet.py, with a new BMN head on the frozen LoFi encoder's features.
#
#   python tools/train.py configs/bmn_tsm_anet.py
#
# Paper:    no such row
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory, hours: not run
_base_ = ['./gtad_tsm_anet.py', '_base_/bmn.py']

model = dict(head=dict(_base_.bmn_head, _delete_=True, in_channels=512))
