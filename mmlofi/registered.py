"""Importing this mends the host stack, and registers everything into `mmaction.registry`."""
from mmlofi import compat

compat.apply()

from mmlofi import (  # noqa: E402  (mends first)
    datasets,
    detections,
    engine,
    evaluation,
    models,
    pretraining,
)
from mmlofi.apis import TALInferencer  # noqa: E402
from mmlofi.datasets import sampler, segments, transforms, untrimmed  # noqa: E402, F401
from mmlofi.engine.launch import init_gloo  # noqa: E402
from mmlofi.engine.loading import load_together  # noqa: E402
from mmlofi.evaluation import metric  # noqa: E402, F401
from mmlofi.fidelity import Fidelity  # noqa: E402
from mmlofi.models.encoders.recompute import recompute  # noqa: E402
from mmlofi.schedule import FidelityCycle, FidelitySchedule  # noqa: E402

compat.apply_with(recompute=recompute, init_gloo=init_gloo, load_together=load_together)

__all__ = ['Fidelity', 'FidelityCycle', 'FidelitySchedule', 'TALInferencer', 'datasets',
           'detections', 'engine', 'evaluation', 'models', 'pretraining']
