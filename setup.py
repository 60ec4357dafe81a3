"""The build of the native engine, which is optional, and the description for package indexes.

The library is loaded with ctypes, not imported, so one library and one wheel serve all versions of
Python. Everything else about the package is in pyproject.toml.
"""

import os
import re
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

NATIVE = Path("skscratch", "native")
LIBRARY = "skscratch.native._engine"
FAILURE = "build_failure.txt"
FLAGS = [
    "-std=gnu11",
    "-O3",
    "-g0",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fvisibility=hidden",
    "-Wno-psabi",
    "-Wno-unused-parameter",
]


class BuildLibrary(build_ext):
    """Build a library without a Python module, or record the compiler's failure."""

    failure = None

    def get_ext_filename(self, name):
        """Return the path, which has no tag of a Python version."""
        return os.path.join(*name.split(".")) + (".dll" if os.name == "nt" else ".so")

    def get_export_symbols(self, extension):
        """Return the exported symbols, without a module's init function."""
        return extension.export_symbols

    def build_extension(self, extension):
        """Build the library; a failure is caught by setuptools, because it is optional."""
        try:
            super().build_extension(extension)
        except Exception:
            compiler = " ".join(self.compiler.compiler_so[:1])
            self.failure = f"{compiler} returned an error, see pip install --verbose."
            raise

    def run(self):
        """Build, and leave either the library or the reason for its absence."""
        super().run()
        folders = [Path(self.build_lib) / NATIVE] + [NATIVE] * bool(self.inplace)
        for folder in folders:
            (folder / FAILURE).unlink(missing_ok=True)
            if self.failure:
                (folder / "_engine.so").unlink(missing_ok=True)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / FAILURE).write_text(self.failure, "utf-8")


class Wheel(bdist_wheel):
    """A wheel for this platform, or for any if the library was not built."""

    def get_tag(self):
        """Return the tags of Python version, ABI and platform."""
        library = self.get_finalized_command("build_ext").get_ext_fullpath(LIBRARY)
        return "py3", "none", super().get_tag()[2] if os.path.exists(library) else "any"


def long_description() -> str:
    """Return README.md without pictures and without links to files of the repository."""
    text = Path("README.md").read_text("utf-8")
    text = re.sub(r"!\[[^\]]*\]\((?!https?://)[^)]+\)\n*", "", text)
    return re.sub(r"\[([^\]]*)\]\((?!https?://)[^)]+\)", r"\1", text)


setup(
    long_description=long_description(),
    long_description_content_type="text/markdown",
    ext_modules=[
        Extension(
            LIBRARY,
            [str(NATIVE / "engine.c")],
            depends=[str(path) for path in NATIVE.glob("*.h")],
            extra_compile_args=FLAGS,
            libraries=[] if os.name == "nt" else ["m"],
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildLibrary, "bdist_wheel": Wheel},
)
