"""scikit-learn's side: the estimators, and what only they need."""
