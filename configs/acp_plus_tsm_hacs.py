# Stage 1 goes on: ACP+, TSM-R18 classifies HACS's own segments after Kinetics.
#
#   bash tools/dist_train.sh configs/acp_plus_tsm_hacs.py 8
#
# Then stage 3: acp_plus_gtad_tsm_hacs.py.
# Paper:    its recipe is not stated
# Ours:     not run
# GPUs, memory, hours: as acp_plus_tsm_anet.py
_base_ = './acp_plus_tsm_anet.py'

segments = dict(data_root='data/hacs/', ann_file='HACS_segments_v1.1.1.json',
                metainfo=dict(_delete_=True))     # the classes are those of the file
train_dataloader = dict(dataset=segments)
val_dataloader = dict(dataset=segments)
test_dataloader = dict(dataset=segments)
