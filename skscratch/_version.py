"""The package's version, which fitted estimators keep too."""

__version__ = "0.1.0"
