"""A page that shows what a set of predictions is worth and why, or how two differ.

`docs/report.md` says what each part means.
"""
from mmlofi.report.page import write_report

__all__ = ['write_report']
