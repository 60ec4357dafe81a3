"""What a user has who installed the wheel and nothing else: README's pipeline, and whole metadata.

Run it from a folder that has no skscratch, with the path of the repository.
"""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import skscratch

assert "site-packages" in skscratch.__file__, skscratch.__file__
assert metadata.version("skscratch") == skscratch.__version__

about = metadata.metadata("skscratch")
text = about.get_payload()
assert "MLPScratchClassifier" in text
assert not re.search(r"\]\((?!http)", text), "The long description has links that lead nowhere."
files = {Path(file).name for file in metadata.files("skscratch")}
assert {"py.typed", "LICENSE"} <= files, files

# Whoever installs no extra needs none.
extras = ("matplotlib", "numba", "dask", "pandas", "rich", "onnx", "skl2onnx", "pytest")
readme = Path(sys.argv[1], "README.md").read_text("utf-8")
code = re.findall(r"```python\n(.*?)```", readme, re.S)[0]
check = f"import sys\nassert not set({extras}) & set(sys.modules)"
subprocess.run([sys.executable, "-W", "ignore", "-c", f"{code}\n{check}"], check=True)
