# Stage 2 with TSM-R34. Its stage 1 is acp_tsm_r34_kinetics.py, its stage 3 gtad_tsm_r34_anet.py.
#
#   bash tools/dist_train.sh configs/lofi_tsm_r34_anet.py 4
#
# Paper:    TSM-R34, Long C-LoFi, 50.79 / 35.39 / 8.38 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.74
# Ours:     not run
# GPUs:     4 x 2 videos, 2 steps a weight update
# Memory:   7.1 GiB of activations a video at each fidelity, 14 GiB a GPU (computed, not measured)
# Hours:    not run
_base_ = './lofi_tsm_anet.py'

model = dict(backbone=dict(depth=34))
load_from = 'checkpoints/acp_tsm_r34_kinetics.pth'

# The paper takes a smaller batch for deeper encoders, not stated which, nor a learning rate for it.
# Here gradients add up to the same 16: 4 GPUs x 2 videos x 2 steps, so that nothing else changes.
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(accumulative_counts=2)
auto_scale_lr = dict(base_batch_size=8)     # 4 GPUs x 2; it does not know of the 2 steps
