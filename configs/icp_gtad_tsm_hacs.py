# The ICP baseline of gtad_tsm_hacs.py: the encoder as ImageNet left it, trained on no video.
#
#   python tools/extract_features.py configs/lofi_tsm_hacs.py --out features/icp_tsm_hacs \
#       --cfg-options model.backbone.pretrained2d=True \
#       model.backbone.pretrained=https://download.pytorch.org/models/resnet18-f37072fd.pth
#   python tools/train.py configs/icp_gtad_tsm_hacs.py
#
# Paper:    ICP, 31.74 / 19.64 / 5.67 at tIoU 0.5 / 0.75 / 0.95, average mAP 20.18
# Ours:     not run
# GPUs, memory, hours: as gtad_tsm_hacs.py
_base_ = './gtad_tsm_hacs.py'

data_prefix = dict(feature='features/icp_tsm_hacs')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
