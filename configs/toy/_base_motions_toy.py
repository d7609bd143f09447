# The world of several classes a video, told by the motion (TOY_WORLD=motions): its encoder, and how
# each stage trains.
#
#   python tools/make_procedural.py data/toy_motions --classes-per-video 3 \
#       --train-videos 160 --clips-per-class 400
#
# All layers see neighbouring frames, at a finer grid: with the other world's encoder, whose first
# stages see single frames, stage 1 stays at chance (docs/procedural_benchmark.md).
side = 48
num_classes = 5
backbone = dict(
    type='ResNet3dSlowOnly', depth=18, base_channels=16, pretrained=None, lateral=False,
    conv1_kernel=(3, 5, 5), conv1_stride_t=1, with_pool1=False, inflate=(1, 1, 1, 1))

stage_1 = dict(batch_size=32, max_epochs=7, optimizer=dict(
    type='AdamW', lr=3e-3, weight_decay=0.01))
# Those of the scenes' world: not of as many updates as this stage 2.
pretraining = dict(batch_size=32, clips_per_segment=5,
                   epochs=dict(acp_plus=120, tsp=10, arrow=60, bsp=29))
# The encoder knows motion from stage 1, and keeps it at a tenth of the head's rate. S and ST have
# 5/6 of the side, since at half of it, 24 pixels, the kinds of motion cannot be told apart. The cycle
# is the short one, since three epochs have no room for the long. bfloat16 halves the encoder's time
# on a CPU that has it.
slower = dict(lr_mult=0.1)
stage_2 = dict(   # 2 videos at every fidelity: 80 updates an epoch
    batch_size=2, max_epochs=3,
    optim_wrapper=dict(
        type='AmpOptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4),
        paramwise_cfg=dict(custom_keys={'backbone.layer': slower, 'backbone.conv1': slower})),
    by='iter', cycle=[dict(name='S', spatial=1.2), dict(name='T', temporal=4),
                      dict(name='ST', temporal=2, spatial=1.2)])
gtad_bins = dict()        # G-TAD's own
stage_3_epochs = 10       # of 10 updates
one_stage_epochs = 10     # of 40 updates: stage 3 of ActionFormer and TriDet
