# Stage 3 as gtad_toy.py, on the features of two encoders side by side: ACP + Arrow, ACP + Speed.
#
#   TOY_FEATURES=features/acp TOY_SECOND_FEATURES=features/arrow \
#       python tools/train.py configs/toy/gtad_two_toy.py
#
# Twice the cost of encoding. Expected: docs/procedural_results.md.
_base_ = './gtad_toy.py'

second = dict(type='AppendFeatures', folder='{{$TOY_SECOND_FEATURES:features/toy_second}}',
              filename_tmpl='{}.npz', num_snippets=_base_.num_snippets,
              feat_dim=_base_.feat_dim, expected=dict(side=_base_.side))
load, *after = _base_.pipeline
pipeline = [load, second, *after]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader
model = dict(head=dict(in_channels=2 * _base_.feat_dim))
if _base_.outside_scores == 'none':
    model['class_scores'] = dict(in_channels=2 * _base_.feat_dim)
