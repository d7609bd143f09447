# Stage 1: R(2+1)D-18 classifies Kinetics-400, by MMAction2's recipe for R34; none is published.
#
#   bash tools/dist_train.sh configs/acp_r2plus1d_kinetics.py 8
#
# Put the best checkpoint at checkpoints/acp_r2plus1d_kinetics.pth, where stage 2 looks for it. From
# scratch: 180 epochs.
# Paper:    its recipe and its accuracy on Kinetics are not stated
# Ours:     not run
# GPUs:     8 x 8 clips
# Memory, hours: not run
_base_ = ('mmaction::recognition/r2plus1d/'
          'r2plus1d_r34_8xb8-8x8x1-180e_kinetics400-rgb.py')

custom_imports = dict(imports=['mmlofi'], allow_failed_imports=False)
model = dict(backbone=dict(depth=18))
