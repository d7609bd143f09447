# Stage 2 as lofi_tsm_thumos.py, with ActionFormer on windows of 256 snippets: it labels its segments.
#
#   bash tools/dist_train.sh configs/lofi_actionformer_tsm_thumos.py 4
#
# needs the encoder of stage 1 (acp_tsm_kinetics.py) at `load_from`. Then stage 3:
# actionformer_tsm_thumos.py; the model of stage 2 can be tested as it is, too.
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 2 windows, 2 steps a weight update
# Memory, hours: not run
#
# Soft-NMS runs in each window and again over the video, as for G-TAD; published one-stage recipes on
# windows join them first.
_base_ = ['./lofi_tsm_thumos.py', '_base_/one_stage_end_to_end.py']

model = dict(
    head=dict(_delete_=True, type='ActionFormerHead', in_channels=512, num_classes=20,
              backbone=dict(window=-1)),      # all points see each other, at every fidelity
    nms=dict(_delete_=True, sigma=0.5, top_k=200, min_score=0.001, by_class=True),
    class_scores=None)

optim_wrapper = dict(_base_.one_stage_optim, _delete_=True, accumulative_counts=2)
optim_wrapper['optimizer'] = dict(type='AdamW', lr=1e-4, weight_decay=0.05)
param_scheduler = _base_.one_stage_schedulers
