"""All checks as named sessions: ``nox --list`` lists them, ``nox -s lint`` runs one.

A session is a function that runs commands in a virtual environment of its own. ``.ci/run`` runs
all of them on copies of the committed files.
"""

import shutil
from pathlib import Path

import nox

METADATA = nox.project.load_toml("pyproject.toml")
EXTRAS = METADATA["project"]["optional-dependencies"]
# The second command of README.md, verbatim
TESTS = "python3 -m venv .venv && .venv/bin/pip install -e '.[tests]' && .venv/bin/python -m pytest"
WITHOUT_COMPILER = {"CC": "/bin/false"}
# Subprocesses of tests also import the installed package, not that in the working directory.
INSTALLED = {"PYTHONSAFEPATH": "1"}

nox.needs_version = ">=2025.11"
nox.options.reuse_existing_virtualenvs = True


def wheel_in(folder: str) -> str:
    """Return the path of the only wheel in a folder."""
    (wheel,) = Path(folder).glob("*.whl")
    return str(wheel)


@nox.session
def lint(session):
    """Check the style and the docstrings."""
    session.install(*EXTRAS["lint"])
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    public = [Path("skscratch", "estimators", f"{name}.py") for name in ("classifier", "regressor")]
    for folder in ("", "nn", "native", "estimators/base.py"):
        path = Path("skscratch", folder)
        public += sorted(path.glob("[a-z]*.py")) if path.is_dir() else [path]
    session.run("numpydoc", "lint", *map(str, public))


@nox.session
def wheel(session):
    """Build with a compiler and without one, and test each wheel without extras."""
    session.install("build", *METADATA["build-system"]["requires"])
    for folder in ("dist", "generic"):
        shutil.rmtree(folder, ignore_errors=True)
    warnings = {"CFLAGS": "-Wall -Wextra -Werror"}
    build = "python", "-m", "build", "--no-isolation", "--outdir", "dist"
    session.run(*build, env=warnings, silent=True)
    (sdist,) = Path("dist").glob("*.tar.gz")
    generic = "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir", "generic"
    session.run(*generic, str(sdist), env=WITHOUT_COMPILER)
    assert wheel_in("generic").endswith("-py3-none-any.whl")
    session.install(wheel_in("dist"))  # and what it depends on
    for folder, engine in (("dist", "native"), ("generic", "numpy")):
        session.install("--force-reinstall", "--no-deps", wheel_in(folder))
        # A folder without skscratch, so that the installed one is imported
        with session.chdir(folder):
            session.run("python", "../.ci/installed.py", "..", engine)


@nox.session
def types(session):
    """Check a user's script with the types of the installed package."""
    mypy = next(tool for tool in EXTRAS["lint"] if tool.startswith("mypy"))
    session.install(mypy, ".", env=WITHOUT_COMPILER)
    with session.chdir("tests"):
        session.run("mypy", "--strict", "typed_script.py")


@nox.session(venv_backend="none")
def tests(session):
    """Run README's test command, and print the coverage of lines and branches."""
    assert TESTS in Path("README.md").read_text("utf-8").splitlines(), TESTS
    session.run("bash", "-c", TESTS, env={"PYTEST_ADDOPTS": "--cov"}, external=True)


@nox.session(venv_backend="none")
def slow(session):
    """Run the tests that README's command leaves out, in the environment that it creates."""
    installation, _, pytest = TESTS.rpartition(" && ")
    if not Path(".venv").exists():
        session.run("bash", "-c", installation, external=True)
    # Not the doctests in skscratch/
    arguments = "-m", "slow", "--durations=8", *(session.posargs or ["tests"])
    session.run(*pytest.split(), *arguments, external=True)


@nox.session
def docs(session):
    """Build the documentation, with warnings as errors."""
    session.install(*METADATA["project"]["dependencies"], *EXTRAS["docs"])
    # The package is imported from the working directory.
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "build/docs")


@nox.session(requires=["wheel"], python="3.11")
def oldest(session):
    """Test what depends on versions with the oldest versions that pyproject.toml admits."""
    tools = "pandas", "polars", "pytest", "pytest-xdist"
    session.install("-c", ".ci/lowest.txt", wheel_in("dist"), *tools)
    names = "native", "parity", "scikit_learn", "check_estimator", "classifier"
    files = [f"tests/test_{name}.py" for name in names]
    session.run("pytest", "-n", "auto", *files, env={**INSTALLED, "SKSCRATCH_N_FUZZ": "20"})


@nox.session
def sanitizers(session):
    """Test the engine with sanitizers, print its coverage, and test it with Clang if installed."""
    session.install("numpy", "scipy", "scikit-learn", "pytest", "pytest-xdist")
    folder = Path(session.create_tmp())

    def test(compiler: str, options: str, environment: dict[str, str] | None = None) -> None:
        library = str(folder / f"{compiler}.so")
        flags = "-std=gnu11 -DBASELINE_ONLY -Og -g1 -fno-math-errno -fno-trapping-math -Wno-psabi"
        flags = f"{flags} -ffp-contract=fast -shared -fPIC {options}"
        source = "skscratch/native/engine.c"
        session.run(compiler, *flags.split(), source, "-o", library, "-lm", external=True)
        selected = "tests/test_native.py", "-k", "not threads and not processes"
        variables = {"SKSCRATCH_NATIVE_LIBRARY": library, "SKSCRATCH_N_FUZZ": "60"}
        variables.update(environment or {})
        session.run("python", "-m", "pytest", "-n", "0", *selected, env=variables)

    names = "-print-file-name=libasan.so", "-print-file-name=libubsan.so"
    runtimes = [session.run("gcc", name, external=True, silent=True).strip() for name in names]
    environment = {"LD_PRELOAD": " ".join(runtimes), "ASAN_OPTIONS": "detect_leaks=0"}
    test("gcc", "--coverage -fsanitize=address,undefined -fno-sanitize-recover=all", environment)
    session.run("gcov", "-n", *map(str, folder.glob("*.gcda")), external=True)
    clang = next(filter(shutil.which, ("clang", "clang-14")), None)
    if clang:
        test(clang, "-Wall -Wextra -Werror -Wno-unused-parameter")
