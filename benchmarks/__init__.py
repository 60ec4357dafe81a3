"""Benchmarks of skscratch; ``python -m benchmarks`` runs them, README.md explains them."""

import os

# Without these variables, BLAS chooses its kernels by the processor, as for users. They have to be
# removed before NumPy loads BLAS. The report names the kernels.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
