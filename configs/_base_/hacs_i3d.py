# HACS-v1.1 Segments as two-stream I3D features, two a second, (snippets, 2048), of whole videos:
#
# data/hacs/HACS_segments_v1.1.1.json
# data/hacs/i3d_features/--0edUL8zmA.npy ...
#
# LOFI_FEATURES in the environment names another folder. Videos without features are to be taken out
# of the annotations: tools/check_dataset.py CONFIG --write-usable FILE.
_base_ = './whole_videos.py'

feature_root = '{{$LOFI_FEATURES:data/hacs/i3d_features}}'
ann_file = 'data/hacs/HACS_segments_v1.1.1.json'

load = dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=2048, layout='LC',
            feature_stride=1, fps=2)
train_pipeline = [load, dict(type='RandomTruncation', max_seq_len=512),
                  dict(type='PadFeatures', max_seq_len=512),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='{}.npy')
train_dataloader = dict(batch_size=16,
                        dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(dataset, subset='validation',
                                   pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='validation', tious='0.5:0.95:0.05')
test_evaluator = val_evaluator
