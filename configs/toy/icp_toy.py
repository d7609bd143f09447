# Stage 1 as acp_toy.py, from still images: ICP, the encoder that has seen no motion at all.
#
#   python tools/train.py configs/toy/icp_toy.py
#
# ImageNet's part in the paper. A clip is one frame of a trimmed clip, shown clip_len times, so that
# layers over time are trained on what never changes. 30 s on 1 CPU core.
_base_ = './acp_toy.py'
from mmlofi.pipelines import change

change(_base_, 'SampleFrames', frame_interval=0)
test_dataloader = _base_.val_dataloader
