# Ego4D's Moment Queries as SlowFast features of 32 frames, every 16th, at 30 frames a second,
# (snippets, 2304) of each clip, in the layout of ActionFormer's ego4d_slowfast.yaml:
#
# data/ego4d/annotations/ego4d.json
# data/ego4d/slowfast_features/CLIP_UID.npy ...
#
# LOFI_FEATURES in the environment names another folder. Classes are the 110 of the annotations, by
# the alphabet.
_base_ = './whole_videos.py'

feature_root = '{{$LOFI_FEATURES:data/ego4d/slowfast_features}}'
ann_file = 'data/ego4d/annotations/ego4d.json'

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2304, layout='LC',
            feature_stride=16, feature_len=32, fps=30)
train_pipeline = [load, dict(type='RandomTruncation', max_seq_len=1024, trunc_thresh=0.3, offset=1),
                  dict(type='PadFeatures', max_seq_len=1024),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='{}.npy')
train_dataloader = dict(dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, subset='validation',
                                   pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='validation', tious='0.1:0.5:0.1',
                     metric_type=['mAP', 'Recall@1x'])
test_evaluator = val_evaluator
