# Stage 2 as lofi_tsm_anet.py, with TriDet as the head that the encoder learns from.
#
#   bash tools/dist_train.sh configs/lofi_tridet_tsm_anet.py 4
#
# needs the encoder of stage 1 (acp_tsm_kinetics.py) at `load_from`. Then stage 3: tridet_tsm_anet.py;
# the model of stage 2 can be tested as it is, too.
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory:   20 GiB of tensors a GPU (computed, not measured)
# Hours:    not run
_base_ = ['./lofi_tsm_anet.py', '_base_/tridet_anet.py', '_base_/one_stage_end_to_end.py']

# What TriDet gives depends on the padding: 100, 50 and 25 snippets become 128, 64 and 32, so that
# its share is the same at every fidelity. A window of 15 would need 480. No noise, which the authors
# chose for TSP's features.
model = dict(
    head=dict(_base_.tridet_head, _delete_=True, in_channels=512, max_seq_len=None,
              backbone=dict(_base_.tridet_head.backbone, window=1, window_factor=5,
                            positions=False, input_noise=0)),
    nms=_base_.nms, fusion=_base_.fusion)

optim_wrapper = dict(_base_.one_stage_optim, _delete_=True)
param_scheduler = _base_.one_stage_schedulers
