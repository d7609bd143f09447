# Stage 1 with TSM-R34, as acp_tsm_kinetics.py.
#
#   bash tools/dist_train.sh configs/acp_tsm_r34_kinetics.py 8
#
# Put the best checkpoint at checkpoints/acp_tsm_r34_kinetics.pth, where stage 2 looks for it.
# Paper:    its recipe and its accuracy on Kinetics are not stated
# Ours:     not run
# GPUs:     8 x 16 clips
# Memory, hours: not run
_base_ = './acp_tsm_kinetics.py'

model = dict(backbone=dict(
    depth=34, pretrained='https://download.pytorch.org/models/resnet34-b627a593.pth'))
