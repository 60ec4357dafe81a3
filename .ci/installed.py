"""What a user has who installed the wheel and nothing else: README's pipeline, and whole metadata.

Run it from a folder that has no skscratch, with the path of the repository.
"""

import re
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

readme = Path(sys.argv[1], "README.md").read_text("utf-8")
exec(re.findall(r"```python\n(.*?)```", readme, re.S)[0])
