# Stage 2 as lofi_tsm_anet.py, with BMN as the head that the encoder learns from.
#
#   bash tools/dist_train.sh configs/lofi_bmn_tsm_anet.py 4
#
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory, hours: not run
_base_ = ['./lofi_tsm_anet.py', '_base_/bmn.py']

model = dict(head=dict(_base_.bmn_head, _delete_=True, in_channels=512))
