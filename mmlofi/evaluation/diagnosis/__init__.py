"""Why a score is what it is, after DETAD (Alwassel et al., ECCV 2018).

What kinds of mistakes the false positives are and what each costs, and how score and misses depend
on what the actions are like. `docs/diagnosis.md` has every formula.
"""
from mmlofi.evaluation.diagnosis.characteristics import Characteristic, characterize
from mmlofi.evaluation.diagnosis.report import diagnose

__all__ = ['Characteristic', 'characterize', 'diagnose']
