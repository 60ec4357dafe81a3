"""Check an installation without extras: the metadata, the engine, and a fit.

Run it from a folder that does not contain skscratch, with the engine that is expected: native, or
numpy if there was no compiler.
"""

import re
import sys
from importlib import metadata
from pathlib import Path
from time import perf_counter

from sklearn.datasets import load_iris

import skscratch
from skscratch import native

(engine,) = sys.argv[1:]
assert "site-packages" in skscratch.__file__, skscratch.__file__
assert metadata.version("skscratch") == skscratch.__version__

about = metadata.metadata("skscratch")
text = about.get_payload()
assert "MLPScratchClassifier" in text
assert not re.search(r"\]\((?!http)", text), "The long description has links that lead nowhere."
files = {Path(file).name for file in metadata.files("skscratch")}
assert {"py.typed", "LICENSE", "engine.c", "task.h"} <= files, files

print(native.info())
assert native.is_available() == (engine == "native")
if engine == "numpy":
    assert "compiler failed" in native.info()["reason"]

X, y = load_iris(return_X_y=True)
seconds = {"auto": [], "numpy": []}
for _ in range(5):
    for name, times in seconds.items():
        network = skscratch.MLPScratchClassifier(
            (32,), batch_size=16, max_iter=200, tol=0, random_state=0, engine=name
        )
        start = perf_counter()
        assert network.fit(X, y).score(X, y) > 0.9
        times.append(perf_counter() - start)
if engine == "native":
    # The native engine's speedup over NumPy is at least 3 for small networks.
    speedup = min(seconds["numpy"]) / min(seconds["auto"])
    print(f"The native engine's speedup over NumPy is {speedup:.1f}.")
    assert speedup > 3
