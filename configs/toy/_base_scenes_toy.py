# The world of one class a video, told by the scene: its encoder, and how each stage trains.
side = 64
num_classes = 5
# MMAction2's SlowOnly with 18 layers and a quarter of the channels: 0.7 ms a frame.
backbone = dict(
    type='ResNet3dSlowOnly', depth=18, base_channels=16, pretrained=None, lateral=False,
    conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1))

stage_1 = dict(batch_size=16, max_epochs=15, optimizer=dict(
    type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4))
# What comes after ACP, or in its place, by as many updates and pixels as 36 epochs of stage 2.
pretraining = dict(batch_size=32, clips_per_segment=5,
                   epochs=dict(acp_plus=120, tsp=10, arrow=60, bsp=29))
stage_2 = dict(   # 4 videos at every fidelity: 20 updates an epoch
    batch_size=4, max_epochs=36,
    optim_wrapper=dict(optimizer=dict(type='AdamW', lr=3e-3, weight_decay=1e-4)),
    by='epoch', cycle=[dict(name='S', spatial=2), dict(name='T', temporal=4),
                       dict(name='ST', temporal=2, spatial=2**0.5)])
gtad_bins = dict()        # G-TAD's own
stage_3_epochs = 40       # of 5 updates
one_stage_epochs = 20     # of 20 updates: stage 3 of ActionFormer and TriDet
