# SpeedNet: TSM-R18 tells whether a clip of Kinetics-400 is played at its speed or faster.
#
#   bash tools/dist_train.sh configs/speed_tsm_kinetics.py 8
#
# As arrow_tsm_kinetics.py. The rates are those of SpeedNet, frames left out at random; both
# versions of a stretch are in one batch.
# Paper:    LoFi's table 7: average mAP 29.39, beside ACP 33.75; its settings are not stated
# Ours:     not run
# GPUs, memory, hours: as arrow_tsm_kinetics.py
_base_ = './arrow_tsm_kinetics.py'
from mmlofi.pipelines import change

change(_base_, 'PlaybackRate', rates=((1, 1.2), (1.7, 2.2)))
