"""Inputs of the fuzzers have seconds of work, not of waiting."""
from __future__ import annotations

import time

import pytest
from timed_case import timed_case


def test_a_busy_machine_makes_no_case_late():
    with timed_case(0, seconds=0.02):
        time.sleep(0.2)


def test_one_that_works_too_long_fails_with_its_seed():
    def works_for_ever():
        with timed_case(7, seconds=0.02):
            while True:
                pass
    with pytest.raises(AssertionError, match='seed 7: .*more than 0.02 s'):
        works_for_ever()
