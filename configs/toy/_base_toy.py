# What the stages on the procedural benchmark share (tools/make_procedural.py).
#
# Full fidelity is 32 snippets x 4 frames x 64² here; S, T and ST have a quarter of the pixels each,
# as in the paper. Folders come from the environment, so that one config serves many runs.
_base_ = ['../_base_/default_runtime.py', '../_base_/gtad.py']

data_root = '{{$TOY_DATA:data/toy}}'
feature_root = '{{$TOY_FEATURES:features/toy}}'
ann_file = data_root + '/annotations.json'
num_snippets, clip_len, frame_interval, side = 32, 4, 2, 64
num_classes, feat_dim = 5, 128

backbone = dict(   # MMAction2's SlowOnly with 18 layers and a quarter of the channels: 0.7 ms a frame
    type='ResNet3dSlowOnly', depth=18, base_channels=16, pretrained=None, lateral=False,
    conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1))
frame_preprocessor = dict(
    type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    format_shape='NCTHW')

val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='validation',
                     tious='0.5:0.95:0.05')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(save_best=None))
