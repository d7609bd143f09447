# Stage 1: TSM-R18 classifies Kinetics-400, by MMAction2's recipe for R50; none is published.
#
#   bash tools/dist_train.sh configs/acp_tsm_kinetics.py 8
#
# Put the best checkpoint at checkpoints/acp_tsm_kinetics.pth, where stage 2 looks for it. The dense
# sampling is the paper's snippet: 8 frames, every 8th of 64. Data: MMAction2's guide to Kinetics.
# Paper:    its recipe and its accuracy on Kinetics are not stated
# Ours:     not run
# GPUs:     8 x 16 clips
# Memory:   3.0 GiB of activations a GPU (computed, not measured)
# Hours:    not run
_base_ = ('mmaction::recognition/tsm/'
          'tsm_imagenet-pretrained-r50_8xb16-dense-1x1x8-50e_kinetics400-rgb.py')

custom_imports = dict(imports=['mmlofi'], allow_failed_imports=False)
model = dict(
    backbone=dict(depth=18, pretrained='https://download.pytorch.org/models/resnet18-f37072fd.pth'),
    cls_head=dict(in_channels=512))
