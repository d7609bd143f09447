# AdaTAD (CVPR 2024): AdamW for head and adapters, whose rate is `lr_mult` of the head's; linear
# warm-up over 5 epochs, then the cosine; gradients clipped to 1; the test takes the running mean of
# all weights. Published trainings are in fp16: --amp.
#
# The authors publish the best epoch, chosen on the test videos; 0.4 to 1.2 points of mAP above the
# last, which is tested here.
_base_ = './one_stage_schedule.py'

train_cfg = dict(val_interval=1000)      # there is no validation but the test
# As the authors', all of an adapter decays, its biases and its scale, too.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(adapter=dict(lr_mult=1))))
