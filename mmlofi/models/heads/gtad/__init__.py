from .head import GTADHead

__all__ = ['GTADHead']
