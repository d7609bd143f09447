"""Methods of the host stack that mends put something around."""
from __future__ import annotations

import inspect
from functools import partial

import pytest
from mmaction.models.heads.base import BaseHead
from mmengine.dist import master_only
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.runner import FlexibleRunner, Runner

from mmlofi.compat.bfloat16_accuracy import mend_accuracy_in_bfloat16
from mmlofi.compat.checkpoint_choice import mend_checkpoint_choice
from mmlofi.compat.frozen_parameters import mend_frozen_parameters


@pytest.mark.parametrize(('mend', 'owner', 'name'), [
    (mend_accuracy_in_bfloat16, BaseHead, 'loss_by_feat'),
    (mend_frozen_parameters, DefaultOptimWrapperConstructor, '__call__'),
    (partial(mend_checkpoint_choice, print), Runner, 'load_or_resume'),
    (partial(mend_checkpoint_choice, print), FlexibleRunner, 'load_or_resume')])
def test_what_a_decorator_of_others_is_around_is_mended_and_once(mend, owner, name, monkeypatch):
    theirs = master_only(inspect.unwrap(getattr(owner, name)))
    monkeypatch.setattr(owner, name, theirs)
    mend()
    mended = getattr(owner, name)
    assert mended.__wrapped__ is theirs
    mend()
    assert getattr(owner, name) is mended
    around = master_only(mended)
    monkeypatch.setattr(owner, name, around)
    mend()
    assert getattr(owner, name) is around
