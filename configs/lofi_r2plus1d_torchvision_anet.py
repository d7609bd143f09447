# Stage 2 with torchvision's R(2+1)D-18, at T-LoFi alone: the paper's row without a stage 1 of one's
# own, as torchvision publishes Kinetics weights.
#
#   bash tools/dist_train.sh configs/lofi_r2plus1d_torchvision_anet.py 4
#
# fetches them; needs pip install "mmlofi[torchvision]". Its stage 3 is
# gtad_r2plus1d_torchvision_anet.py. Which stage 1 the paper's authors had is not stated.
# Paper:    R(2+1)D-18, T-LoFi, average mAP 34.21 (33.55 without LoFi)
# Ours:     not run
# GPUs:     4 x 2 videos, 2 steps a weight update
# Memory:   19 GiB a GPU (computed, not measured), 20 snippets at a time: torchvision's stem does not
#           pool, so that all 50 of two videos would take 47; on more memory leave chunk_size out
# Hours:    not run
_base_ = './lofi_r2plus1d_anet.py'

model = dict(
    encoder=dict(chunk_size=20),
    backbone=dict(_delete_=True, type='torchvision.r2plus1d_18', weights='KINETICS400_V1'),
    data_preprocessor=None)     # as the weights want it
load_from = None
