# HACS-v1.1 Segments as frames, for stage 2 and for extracting features: as ActivityNet's.
#
# data/hacs/HACS_segments_v1.1.1.json                  the official annotations
# data/hacs/videos/v_--0edUL8zmA.mp4 ...               the videos, in one folder
#
# The official download makes a folder for each class; links put all videos into one:
#     mkdir -p data/hacs/videos
#     find "$PWD/HACS" -name 'v_*.mp4' -exec ln -sf -t data/hacs/videos {} +
# The 200 classes are numbered as the annotation file has them, in alphabetical order.
_base_ = './anet_videos.py'

data_root = 'data/hacs/'
ann_file = 'HACS_segments_v1.1.1.json'
dataset = dict(data_root=data_root, ann_file=ann_file, metainfo=dict(_delete_=True))
train_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
test_evaluator = dict(ann_file=data_root + ann_file)
