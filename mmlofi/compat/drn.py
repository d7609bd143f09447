"""mmaction2 1.2.0: `import mmaction.models` fails for want of `localizers.drn`.

The folder has no `__init__.py` upstream, so neither wheel nor sdist holds it, and the copy in a
source checkout imports torchvision, which is no requirement of mmaction2. A finder for just these
two names offers the real modules where they can be used and an inert `DRN` where not.
"""
from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

PACKAGE = 'mmaction.models.localizers.drn'
MODULE = 'mmaction.models.localizers.drn.drn'


class DRNFinder(MetaPathFinder):
    """Finds the two names that mmaction2 imports but does not ship."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of the two names; None leaves any other to Python."""
        if fullname not in (PACKAGE, MODULE):
            return None
        real = PathFinder.find_spec(fullname, path)
        if fullname == PACKAGE:
            # A source checkout has the folder (a namespace package): leave it to Python.
            return None if real else ModuleSpec(PACKAGE, DRNLoader(None), is_package=True)
        if real is None:
            return ModuleSpec(MODULE, DRNLoader(None))
        real.loader = DRNLoader(real.loader)
        return real


class DRNLoader(Loader):
    """Runs the real module if there is one that can be imported, else fills in an inert `DRN`."""

    def __init__(self, real: Loader | None) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fills the module in."""
        if module.__name__ == PACKAGE:
            return
        reason = 'the published mmaction2 does not ship it'
        if self.real is not None:
            try:
                self.real.exec_module(module)
                return
            except ImportError as error:
                reason = str(error)
        module.DRN = inert_drn(reason)


def inert_drn(reason: str) -> type:
    """A class named DRN that can be imported and registered, and says why when it is built."""
    from mmaction.registry import MODELS

    class DRN:
        """Stands in for mmaction2's video grounding model, which mmlofi does not use."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            raise ImportError(
                f'DRN cannot be used here ({reason}); it needs a source checkout of mmaction2 '
                'and torchvision'
            )

    MODELS.register_module(name='DRN', module=DRN, force=True)
    return DRN


def mend_missing_drn() -> None:
    """mmaction2 1.2.0, wheel and source checkout: make `mmaction.models` importable.

    Does nothing when `mmaction.models` is already imported. Recovers also after an `import
    mmaction.models` that failed: Python then keeps the modules that had been imported, but not
    their names in the packages around them.
    """
    if 'mmaction.models' in sys.modules:
        return
    if not any(isinstance(finder, DRNFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, DRNFinder())
    left_over = [name for name in sys.modules if name.startswith('mmaction.models.')]
    if left_over:
        importlib.import_module('mmaction.models')
        for name in left_over:
            parent, _, child = name.rpartition('.')
            setattr(sys.modules[parent], child, sys.modules[name])
