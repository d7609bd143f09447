from .head import BMNHead

__all__ = ['BMNHead']
