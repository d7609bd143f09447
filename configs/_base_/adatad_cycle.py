# AdaTAD by LoFi's long cycle: S, T and ST in turn, a quarter of the pixels each. T has fewer frames
# over the same time, so that neighbours are four times as far apart for adapters, too.
#
# A leaf puts `cycle` before its other hooks, and lets the head take any length (`max_seq_len=None`,
# `positions=False`).
cycle = dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2),                       # 48 clips, side  80 (patches of 14:  84)
    dict(name='T', temporal=4),                      # 12 clips, side 160 (                154)
    dict(name='ST', temporal=2, spatial=2**0.5)])    # 24 clips, side 112 (                112)
