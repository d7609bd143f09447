# HACS-v1.1 Segments as snippet features, for stage 3: as ActivityNet's.
#
# data/hacs/HACS_segments_v1.1.1.json
# features/lofi_tsm_hacs/--0edUL8zmA.npz ...      as tools/extract_features.py writes them
#
# LOFI_FEATURES in the environment names another folder.
_base_ = './anet_features.py'

feature_root = '{{$LOFI_FEATURES:features/lofi_tsm_hacs}}'
ann_file = 'data/hacs/HACS_segments_v1.1.1.json'
dataset = dict(ann_file=ann_file, data_prefix=dict(feature=feature_root),
               metainfo=dict(_delete_=True))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file)
test_evaluator = val_evaluator
