# TSP by stage 2's optimizer in place of stage 1's, to tell what is the optimizer's doing in
# benchmarks/procedural_table.py, row tsp_adamw.
#
#   python tools/train.py configs/toy/tsp_adamw_toy.py --cfg-options load_from=ACP_CHECKPOINT
_base_ = './tsp_toy.py'

optim_wrapper = dict(optimizer=dict(_base_.stage_2.optim_wrapper.optimizer, _delete_=True))
