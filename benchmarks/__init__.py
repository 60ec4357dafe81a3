"""Benchmarks of skscratch; ``python -m benchmarks`` runs them, README.md explains them."""

import os

# BLAS chooses its kernels by the processor, as it does for users, and is told so before NumPy loads
# it. The report says which they are.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
