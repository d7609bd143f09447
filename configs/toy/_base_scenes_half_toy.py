# The first world with half the updates of every encoder after stage 1: 360, as in the world of
# scene and motion. For benchmarks/procedural_table.py, whose 17 rows are trained with 5 seeds each.
_base_ = './_base_scenes_toy.py'

pretraining = dict(epochs=dict(acp_plus=60, tsp=5, arrow=30, bsp=15))
stage_2 = dict(max_epochs=18)
