# Stage 2 with TSM-R50. Its stage 1 is MMAction2's published checkpoint, loaded from the net.
#
#   bash tools/dist_train.sh configs/lofi_tsm_r50_anet.py 4
#
# Its stage 3 is gtad_tsm_r50_anet.py.
# Paper:    TSM-R50, Long C-LoFi, 50.91 / 35.86 / 8.79 at tIoU 0.5 / 0.75 / 0.95, average mAP 34.96
# Ours:     not run
# GPUs:     4 x 1 video, 4 steps a weight update
# Memory:   21 GiB of activations a video and GPU at each fidelity (computed, not measured)
# Hours:    not run
_base_ = './lofi_tsm_anet.py'

model = dict(backbone=dict(depth=50), head=dict(in_channels=2048),
             class_scores=dict(in_channels=2048))
load_from = ('https://download.openmmlab.com/mmaction/v1.0/recognition/tsm/'
             'tsm_imagenet-pretrained-r50_8xb16-dense-1x1x8-50e_kinetics400-rgb/'
             'tsm_imagenet-pretrained-r50_8xb16-dense-1x1x8-50e_kinetics400-rgb_'
             '20220831-f55d3c2b.pth')

# The paper takes a smaller batch for deeper encoders, not stated which, nor a learning rate for it.
# Here gradients add up to the same 16: 4 GPUs x 1 video x 4 steps, so that nothing else changes.
train_dataloader = dict(batch_size=1)
optim_wrapper = dict(accumulative_counts=4)
auto_scale_lr = dict(base_batch_size=4)     # 4 GPUs x 1; it does not know of the 4 steps
