# The first world at the budget of the world of scene and motion: 360 updates of every encoder after
# stage 1, bfloat16, G-TAD of 8 + 2 samples an anchor, 120 updates of the head on features. Half the
# cost of its own settings: for benchmarks/procedural_table.py, whose rows have 5 seeds each.
_base_ = './_base_scenes_toy.py'

stage_1 = dict(wrapper='AmpOptimWrapper')
pretraining = dict(epochs=dict(acp_plus=60, tsp=5, arrow=30, bsp=15))
stage_2 = dict(max_epochs=18, optim_wrapper=dict(type='AmpOptimWrapper'))
gtad_bins = dict(inner_bins=8, context_bins=2)
stage_3_epochs = 24       # of 5 updates
