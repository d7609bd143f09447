# SpeedNet: from scratch, whether one of ACP's trimmed clips is played at its speed or faster.
#
#   python tools/train.py configs/toy/speed_toy.py
#
# Compute and all else as arrow_toy.py.
_base_ = './arrow_toy.py'
from mmlofi.pipelines import change

change(_base_, 'PlaybackRate', rates=((1, 1.2), (1.7, 2.2)))
