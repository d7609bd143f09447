# The world in which a class is a scene and a kind of motion (TOY_WORLD=both): its encoder, and how
# each stage trains. A row of the table takes about a minute of one CPU core.
#
#   python tools/make_procedural.py data/toy_both --scene-and-motion --difficulty 0 --classes 6 \
#       --side 64 --train-videos 120 --clips-per-class 80
#
# All layers see neighbouring frames: with the first world's encoder, whose first stages see single
# frames, a training stays longer at what stills tell (docs/procedural_benchmark.md). bfloat16 halves
# the encoder's time on a CPU that has it.
side = 48
num_classes = 6
backbone = dict(
    type='ResNet3dSlowOnly', depth=18, base_channels=16, pretrained=None, lateral=False,
    conv1_kernel=(3, 5, 5), conv1_stride_t=1, pool1_stride_t=1, inflate=(1, 1, 1, 1))

stage_1 = dict(batch_size=16, max_epochs=8,   # of 30 updates
               wrapper='AmpOptimWrapper', optimizer=dict(type='AdamW', lr=3e-3, weight_decay=0.01))
# What comes after ACP, or in its place: as many updates of 32 clips, and pixels, as stage 2 (360; TSP
# has 357).
pretraining = dict(batch_size=32, clips_per_segment=1,
                   epochs=dict(acp_plus=40, tsp=17, arrow=12, bsp=6))
stage_2 = dict(   # 4 videos at every fidelity: 30 updates an epoch
    batch_size=4, max_epochs=12,
    optim_wrapper=dict(type='AmpOptimWrapper',
                       optimizer=dict(type='AdamW', lr=3e-3, weight_decay=1e-4)),
    by='epoch', cycle=[dict(name='S', spatial=2), dict(name='T', temporal=4),
                       dict(name='ST', temporal=2, spatial=2**0.5)])
# G-TAD has a quarter of its bins, as it would take most of the time; an action is 5 snippets long.
gtad_bins = dict(inner_bins=8, context_bins=2)
stage_3_epochs = 15       # of 8 updates
one_stage_epochs = 20     # of 20 updates: stage 3 of ActionFormer and TriDet
