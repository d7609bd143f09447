# The world of several classes a video, told by the motion (TOY_WORLD=motions): its encoder, and how
# long each stage takes.
#
#   python tools/make_procedural.py data/toy_motions --classes-per-video 3 \
#       --train-videos 160 --clips-per-class 400
#
# All layers see neighbouring frames, at a finer grid: with the other world's encoder, whose first
# stages see single frames, stage 1 stays at chance (docs/procedural_benchmark.md).
side = 48
backbone = dict(
    type='ResNet3dSlowOnly', depth=18, base_channels=16, pretrained=None, lateral=False,
    conv1_kernel=(3, 5, 5), conv1_stride_t=1, with_pool1=False, inflate=(1, 1, 1, 1))

stage_1 = dict(batch_size=32, max_epochs=7, optimizer=dict(
    type='AdamW', lr=3e-3, weight_decay=0.01))
stage_2_epochs = 6        # of 40 updates
stage_3_epochs = 10       # of 10 updates
one_stage_epochs = 10     # of 40 updates: stage 3 of ActionFormer and TriDet
