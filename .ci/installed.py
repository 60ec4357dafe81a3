"""Check an installation without extras: the metadata, the engine, README's first pipeline.

Run it from a folder that does not contain skscratch, with the path of the repository and the engine
that is expected: native, or numpy if there was no compiler.
"""

import re
import sys
from importlib import metadata
from pathlib import Path
from time import perf_counter

from sklearn.datasets import load_iris

import skscratch
from skscratch import native

repository, engine = sys.argv[1:]
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

readme = Path(repository, "README.md").read_text("utf-8")
exec(re.findall(r"```python\n(.*?)```", readme, re.S)[0])

if engine == "native":
    # The native engine's speedup over NumPy is at least 3 for small networks.
    X, y = load_iris(return_X_y=True)
    seconds = {"native": [], "numpy": []}
    for _ in range(5):
        for name, times in seconds.items():
            network = skscratch.MLPScratchClassifier(
                (32,), batch_size=16, max_iter=200, tol=0, random_state=0, engine=name
            )
            start = perf_counter()
            network.fit(X, y)
            times.append(perf_counter() - start)
    speedup = min(seconds["numpy"]) / min(seconds["native"])
    print(f"The native engine's speedup over NumPy is {speedup:.1f}.")
    assert speedup > 3
