# Stage 2, LoFi section 4: SGD, one learning rate for encoder and head, halved every 5 epochs.

# Not stated in the paper: the number of epochs. 15 are five rounds of the S, T, ST cycle and end
# with the third learning rate. The head is thrown away, so nothing is validated here.
train_cfg = dict(type='FidelityTrainLoop', max_epochs=15)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0, weight_decay=1e-4))
param_scheduler = [dict(type='StepLR', step_size=5, gamma=0.5, by_epoch=True)]

# The learning rate is for this batch: --auto-scale-lr scales it by GPUs x batch_size / 16.
auto_scale_lr = dict(enable=False, base_batch_size=16)

# Not stated in the paper: the encoder's batch norm. 'frozen' keeps the statistics of stage 1 and
# trains the affine part; 'running' mixes those of three resolutions, of which the test has none but
# full; 'reestimated' takes those of full fidelity for each checkpoint. On the procedural benchmark
# 'frozen' did not learn from an encoder that had seen no motion, and later than others from one that
# had, as Kinetics' has; 'mean_only', the batch's mean alone, did: docs/fidelity_schedule.md.
norm = 'frozen'
