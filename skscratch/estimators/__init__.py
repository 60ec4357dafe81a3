"""The scikit-learn estimators and their internal modules."""
