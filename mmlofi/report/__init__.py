"""A page that shows what a set of predictions is worth and why, or how two differ.

`docs/report.md` says what each part means.
"""
from mmlofi.lazy_names import lazy_names

__all__ = ['write_report']

__getattr__ = lazy_names(__name__, dict(write_report='mmlofi.report.page'))
