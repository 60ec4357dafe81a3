"""The C library: its loader, its interface, and the reason if it is not available."""

import ctypes
import functools
import os
import sys
from pathlib import Path

import numpy as np
from scipy.linalg import cython_blas

__all__ = ["info", "is_available", "unavailable_reason"]

FOLDER = Path(__file__).parent
# Written by the build if the compiler fails.
BUILD_LOG = FOLDER / "build_failure.txt"
# Path of another build of the library, for example one with sanitizers.
LIBRARY_VARIABLE = "SKSCRATCH_NATIVE_LIBRARY"
_KINDS = {"i": ctypes.c_int64, "d": ctypes.c_double, "p": ctypes.c_void_p}
_CLASSES = ("activations", "losses", "optimizers")


class _Member(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_char_p), ("name", ctypes.c_char_p), ("offset", ctypes.c_int64)]


class _Task(ctypes.Structure):
    """The struct of ``task.h``, whose members are set by :meth:`Library._task_type`."""

    def point(self, **arrays: np.ndarray) -> None:
        """Set addresses; the arrays stay alive until they are replaced."""
        for name, array in arrays.items():
            setattr(self, name, array.ctypes.data)
        # Attributes in addition to the members of the struct keep the arrays alive.
        vars(self).update({f"_{name}": array for name, array in arrays.items()})


class Library:
    """The functions and properties of a shared library.

    ``level`` is the index of the instruction set to use, by default the best one of the processor.
    ``Task`` is the struct that the functions expect, ``numbers`` the names of its real numbers, and
    ``codes`` the codes of the supported classes of :mod:`skscratch.nn`. An ImportError is raised if
    the library has the interface of another version.
    """

    def __init__(self, path, level: int | None = None) -> None:
        self.path, self._library = path, ctypes.CDLL(os.fspath(path))
        for name in ("level_name", "compiler", "class_name"):
            getattr(self._library, name).restype = ctypes.c_char_p
        for name in ("n_task_members", "task_size", "workspace_size"):
            getattr(self._library, name).restype = ctypes.c_int64
        self._library.task_members.restype = ctypes.POINTER(_Member)
        self.Task = self._task_type()
        self.numbers = [name for name, kind in self.Task._fields_ if kind is ctypes.c_double]
        pointer = ctypes.POINTER(self.Task)
        for name in ("train", "predict", "workspace_size"):
            getattr(self._library, name).argtypes = pointer, ctypes.c_int
        self.codes = {kind: dict(self._class_names(table)) for table, kind in enumerate(_CLASSES)}
        self.level = self._library.best_level() if level is None else level
        self.compiler = self._library.compiler().decode()
        self.gemm = _address("sgemm"), _address("dgemm")

    def _task_type(self) -> type[_Task]:
        members = self._library.task_members()[: self._library.n_task_members()]
        fields = [(member.name.decode(), _KINDS[member.kind.decode()]) for member in members]
        task_type = type("Task", (_Task,), {"_fields_": fields})
        offsets = [getattr(task_type, name).offset for name, _ in fields]
        if (
            offsets != [member.offset for member in members]
            or ctypes.sizeof(task_type) != self._library.task_size()
        ):
            raise ImportError(f"{self.path} was built for a different version of skscratch.")
        return task_type

    def _class_names(self, table: int):
        code = 0
        while (name := self._library.class_name(table, code)) is not None:
            yield name.decode(), code
            code += 1

    @property
    def levels(self) -> list[str]:
        """Instruction sets that the library and the processor support, the best one last."""
        n_levels = self._library.best_level() + 1
        return [self._library.level_name(level).decode() for level in range(n_levels)]

    def train(self, task) -> None:
        """Train for about ``task.rows_per_call`` rows, without the GIL."""
        self._library.train(task, self.level)

    def predict(self, task) -> None:
        """Fill ``task.output``, without the GIL."""
        self._library.predict(task, self.level)

    def workspace(self, task) -> np.ndarray:
        """Return the memory that a task requires, filled with zeros."""
        return np.zeros(self._library.workspace_size(task, self.level), np.uint8)


def _address(name: str) -> int | None:
    """Return the address of a BLAS function; None unless its integers have 32 bits."""
    capsule, api = cython_blas.__pyx_capi__[name], ctypes.pythonapi
    get_name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))
    get_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", api)
    )
    signature = get_name(capsule)
    return get_pointer(capsule, signature) if b"int *" in signature else None


def _path() -> Path | None:
    if LIBRARY_VARIABLE in os.environ:
        return Path(os.environ[LIBRARY_VARIABLE])
    suffix = ".dll" if sys.platform == "win32" else ".so"
    path = FOLDER / f"_engine{suffix}"
    return path if path.exists() else None


@functools.cache
def _load() -> "Library | str":
    """Return the library, or the reason for its absence."""
    path = _path()
    if path is None:
        if BUILD_LOG.exists():
            return f"The compiler failed at installation: {BUILD_LOG.read_text('utf-8').strip()}"
        return "It was not built at installation."
    try:
        return Library(path)
    except (OSError, ImportError) as error:
        return f"It cannot be loaded: {error}"


def library() -> Library:
    """Return the library, which is loaded once per process, or raise an ImportError."""
    loaded = _load()
    if isinstance(loaded, str):
        raise ImportError(
            f"engine='native' requires the library of skscratch.native. {loaded} Install a C "
            f"compiler (GCC or Clang) and reinstall skscratch, or use engine='numpy'."
        )
    return loaded


def is_available() -> bool:
    """Return whether the native engine is available; if not, ``engine="auto"`` uses NumPy."""
    return isinstance(_load(), Library)


def unavailable_reason() -> str | None:
    """Return the reason why the native engine is not available; None if it is."""
    loaded = _load()
    return loaded if isinstance(loaded, str) else None


def info() -> dict[str, str | bool | None]:
    """Return facts about the native engine, for bug reports.

    Returns
    -------
    info : dict
        ``available``; if True, also ``path`` of the library, ``instruction_set`` in use,
        ``compiler`` of the library, and ``blas``, the name of the BLAS used for large matrix
        products, or None. If False, also ``reason``.
    """
    loaded = _load()
    if isinstance(loaded, str):
        return {"available": False, "reason": loaded}
    import scipy

    blas = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "available": True,
        "path": os.fspath(loaded.path),
        "instruction_set": loaded.levels[loaded.level],
        "compiler": loaded.compiler,
        "blas": f"{blas['name']} {blas['version']}" if all(loaded.gemm) else None,
    }
