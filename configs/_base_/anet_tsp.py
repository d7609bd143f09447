# ActivityNet-v1.3 as TSP features of 16 frames at 15 frames a second, side by side, (snippets, 512),
# as anet_1.3.tar.gz of ActionFormer's README has them, resized to 192 a video:
#
# data/anet_1.3/annotations/anet1.3_tsp_filtered.json       of the videos that have features
# data/anet_1.3/tsp_features/v_QOlSCBRmfWY.npy ...
#
# LOFI_FEATURES in the environment names another folder, or an h5 file of all videos.
_base_ = ['./whole_videos.py', './anet_classes.py']

feature_root = '{{$LOFI_FEATURES:data/anet_1.3/tsp_features}}'
ann_file = 'data/anet_1.3/annotations/anet1.3_tsp_filtered.json'

load = dict(type='LoadSnippetFeatures', num_snippets=192, feat_dim=512, layout='LC',
            feature_stride=16, fps=15)
train_pipeline = [load, dict(type='CleanSegments'),
                  dict(type='RandomTruncation', max_seq_len=192, offset=0.5),
                  dict(type='PadFeatures', max_seq_len=192),
                  dict(type='PackTALInputs', clip=False)]
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root), filename_tmpl='v_{}.npy',
               metainfo=dict(classes=_base_.anet_classes))
train_dataloader = dict(batch_size=16,
                        dataset=dict(dataset, subset='training', pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(dataset, subset='validation',
                                                  pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file, subset='validation', tious='0.5:0.95:0.05')
test_evaluator = val_evaluator

# The published mAP is with CUHK's class scores; this default needs no file.
class_scores = dict(type='VideoClassifier', num_classes=200)
