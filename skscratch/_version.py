"""The version of the package, which fitted estimators store."""

__version__ = "0.1.0"
