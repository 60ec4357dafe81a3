"""Benchmarks of skscratch; ``python -m benchmarks`` runs them, README.md explains them."""
