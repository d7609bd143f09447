# THUMOS14 as two-stream I3D features of 16 frames, every 4th, (snippets, 2048), as thumos.tar.gz of
# ActionFormer's README has them, with annotations that say the frame rate of each video:
#
# data/thumos/annotations/thumos14.json                its subsets are "Validation" and "Test"
# data/thumos/i3d_features/video_validation_0000051.npy ...
#
# LOFI_FEATURES in the environment names another folder.
_base_ = ['./whole_videos.py', './thumos_classes.py']

feature_root = '{{$LOFI_FEATURES:data/thumos/i3d_features}}'
ann_file = 'data/thumos/annotations/thumos14.json'

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2048, layout='LC',
            feature_stride=4, feature_len=16)
train_pipeline = [load, dict(type='RandomTruncation', max_seq_len=2304, offset=2),
                  dict(type='PadFeatures', max_seq_len=2304),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='{}.npy',
               metainfo=dict(classes=_base_.thumos_classes))
train_dataloader = dict(dataset=dict(dataset, subset='Validation', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, subset='Test',
                                   pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='Test', tious='0.3:0.7:0.1')
test_evaluator = val_evaluator
