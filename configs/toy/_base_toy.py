# What the stages on the procedural benchmark share (tools/make_procedural.py).
#
# Full fidelity is 32 snippets x 4 frames x 64² here; S, T and ST have a quarter of the pixels each,
# as in the paper. Folders come from the environment, so that one config serves many runs, and so
# does the world: TOY_WORLD=motions for videos of several classes, told by the motion, and
# TOY_WORLD=both for classes told by the scene and the motion.
_base_ = ['../_base_/default_runtime.py', '../_base_/gtad.py',
          './_base_{{$TOY_WORLD:scenes}}_toy.py']

data_root = '{{$TOY_DATA:data/toy}}'
feature_root = '{{$TOY_FEATURES:features/toy}}'
ann_file = data_root + '/annotations.json'
num_snippets, clip_len, frame_interval = 32, 4, 2
feat_dim = 128

frame_preprocessor = dict(
    type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    format_shape='NCTHW')

val_evaluator = dict(type='TALMetric', ann_file=ann_file, subset='validation',
                     tious='0.5:0.95:0.05')
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(save_best=None))
