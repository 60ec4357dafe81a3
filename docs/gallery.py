"""Pages of the examples, from examples/README.md, the scripts, and their stored figures and output.

The build runs no example. ``python docs/gallery.py [example ...]`` runs examples, by default all,
and stores their figures and output in ``examples/figures``.
"""

import ast
import contextlib
import faulthandler
import io
import json
import multiprocessing
import os
import re
import runpy
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
EXAMPLE = re.compile(r"(?P<number>\d+\. )?\[(?P<title>[^]]+)\]\((?P<stem>\w+)\.py\)")
FIGURE = re.compile(r"!\[(?P<alt>[^]]*)\]\(figures/(?P<file>[\w.]+)\)")
FIGURES = "../../examples/figures"

# Each example runs in a process of its own. It is a fork of a process that has imported what most
# examples import, because imports take longer than many examples. Windows has no forks.
METHODS = multiprocessing.get_all_start_methods()
PROCESSES = multiprocessing.get_context("forkserver" if "forkserver" in METHODS else "spawn")
IMPORTED = ["matplotlib.pyplot", "nnfs", "pandas", "skscratch", "sklearn.model_selection"]


def run(script: Path, folder: Path) -> str:
    """Run an example, save its figures to a folder, and return its output."""
    os.environ.update(MPLBACKEND="agg", OPENBLAS_NUM_THREADS="1")
    PROCESSES.set_forkserver_preload(IMPORTED)
    with ProcessPoolExecutor(1, PROCESSES) as process:
        return process.submit(_run, script, folder).result()


def _run(script: Path, folder: Path) -> str:
    faulthandler.dump_traceback_later(600, exit=True)  # ends an example that hangs
    import matplotlib.pyplot as plt

    def show() -> None:
        """Save figures under their labels, otherwise under the name of the script."""
        for figure in map(plt.figure, plt.get_fignums()):
            figure.savefig(folder / f"{figure.get_label() or script.stem}.png", dpi=110)
        plt.close("all")

    plt.show = show
    with contextlib.redirect_stdout(io.StringIO()) as output:
        runpy.run_path(str(script), run_name="__main__")
    return output.getvalue()


def write(docs: Path) -> None:
    """Write ``examples/index.md``, and a page and a notebook for each example."""
    pages = docs / "examples"
    pages.mkdir(exist_ok=True)
    head, *sections = re.split(r"^##+ ", (EXAMPLES / "README.md").read_text("utf-8"), flags=re.M)
    index, cards, titles = [_linked(head)], [], {}
    for section in sections:
        heading, text = section.split("\n", 1)
        example = EXAMPLE.fullmatch(heading.strip())
        if heading == "From the book":
            _update(pages / "from_the_book.txt", _by_title(text, titles))
        elif example is None:
            index += [_grid(cards), f"## {heading}\n", _linked(text)]
            cards = []
        else:
            title = (example["number"] or "") + example["title"]
            stem = example["stem"]
            cards.append(_card(title, stem, FIGURE.search(text)["file"]))
            titles[stem] = title
            _update(pages / f"{stem}.md", _page(title, stem, text))
            _update(pages / f"{stem}.ipynb", _notebook(title, stem))
    toctree = "\n".join(["```{toctree}", ":hidden:", "", *titles, "```", ""])
    _update(pages / "index.md", "\n".join([*index, _grid(cards), toctree]))
    for page in [*pages.glob("*.md"), *pages.glob("*.ipynb")]:
        if page.stem not in (*titles, "index"):
            page.unlink()


def backreferences() -> dict[str, dict[str, str]]:
    """Return the titles of the examples that import a name of the package, by name and stem."""
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    users: dict[str, dict[str, str]] = {}
    for example in EXAMPLE.finditer(readme[: readme.index("\n## From the book")]):
        for node in ast.walk(ast.parse((EXAMPLES / f"{example['stem']}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("skscratch"):
                for alias in node.names:
                    users.setdefault(alias.name, {})[example["stem"]] = example["title"]
    return users


def _page(title: str, stem: str, text: str) -> str:
    text = FIGURE.sub(rf"![\g<alt>]({FIGURES}/\g<file>)", _linked(text))
    parts = [f"# {title}\n", text]
    output = EXAMPLES / "figures" / f"{stem}.txt"
    if output.exists():
        parts.append(f"## Output\n\n```text\n{output.read_text('utf-8').strip()}\n```\n")
    rendered = EXAMPLES / "figures" / f"{stem}.html"
    if rendered.exists():
        html = rendered.read_text("utf-8")
        parts.append(f"Displays of the script in a notebook:\n\n```{{raw}} html\n{html}```\n")
    script = f"{{download}}`{stem}.py <../../examples/{stem}.py>`"
    notebook = f"{{download}}`{stem}.ipynb <{stem}.ipynb>`"
    parts.append(f"## Script\n\nDownload: {script}, {notebook}.\n")
    for words, code in _cells(stem)[1:]:
        parts += [_escaped(words) + "\n", f"```python\n{code}\n```\n" if code else ""]
    return "\n".join(parts)


def _notebook(title: str, stem: str) -> str:
    (docstring, _), *cells = _cells(stem)
    cells = [(f"# {title}\n\n{docstring}", "%matplotlib inline"), *cells]
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for words, code in cells:
        number = len(notebook["cells"])
        text = {"cell_type": "markdown", "id": f"cell{number}", "metadata": {}, "source": words}
        notebook["cells"].append(text)
        if code:
            outputs = {"execution_count": None, "outputs": []}
            text = {"cell_type": "code", "id": f"cell{number + 1}", "metadata": {}, "source": code}
            notebook["cells"].append(text | outputs)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cells(stem: str) -> list[tuple[str, str]]:
    """Return the docstring, and the text and the code of each cell."""
    code = (EXAMPLES / f"{stem}.py").read_text("utf-8")
    head, *cells = re.split(r"^# %% ?", code, flags=re.M)
    parts = [(ast.get_docstring(ast.parse(head)), "")]
    for cell in cells:
        comment = re.match(r"[^\n]*\n(?:#[^\n]*\n)*", cell)[0]
        lines = (line.removeprefix("#").strip() for line in comment.splitlines())
        paragraphs = "\n".join(lines).split("\n\n")
        words = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
        parts.append((words, cell[len(comment) :].strip("\n")))
    return parts


def _card(title: str, stem: str, figure: str) -> str:
    return "\n".join(
        [
            f"::::{{figure}} {FIGURES}/{figure}",
            f":target: {stem}.html",
            "",
            f"[{title}]({stem}.md)",
            "::::",
            "",
        ]
    )


def _grid(cards: list[str]) -> str:
    if not cards:
        return ""
    return "\n".join([":::::{container} gallery", *cards, ":::::", ""])


def _escaped(words: str) -> str:
    """Return plain text as Markdown; inline code is unchanged."""
    plain = re.compile(r"(`[^`]*`)|([*_<>\[\]$#|])")
    return plain.sub(lambda found: found[1] or "\\" + found[2], words)


def _linked(text: str) -> str:
    """Replace links to scripts, and to the table of the book, by links to their pages."""
    text = text.replace("](#from-the-book)", "](/guide/from_the_book.md)")
    return re.sub(r"\]\((\w+)\.py\)", r"](\1.md)", text)


def _by_title(text: str, titles: dict[str, str]) -> str:
    """Replace links to scripts by absolute links to their pages, and numbers by titles."""
    text = re.sub(r"\[\d+\]\((\w+)\.py\)", lambda m: f"[{titles[m[1]]}]({m[1]}.py)", text)
    return re.sub(r"\]\((\w+)\.py\)", r"](/examples/\1.md)", text)


def _update(path: Path, text: str) -> None:
    """Write a file if its content changes: Sphinx reads modified files again."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def setup(app) -> None:
    """Write the pages before Sphinx reads them, and link to examples from the API pages."""
    users = backreferences()

    def link(app, what, name, obj, options, lines):
        examples = users.get(name.rpartition(".")[2]) if what in ("class", "function") else None
        if examples:
            links = [f"- :doc:`{title} </examples/{stem}>`" for stem, title in examples.items()]
            lines += ["", ".. rubric:: Used in these examples", "", *links, ""]

    app.connect("builder-inited", lambda app: write(Path(app.srcdir)))
    app.connect("autodoc-process-docstring", link, priority=600)  # after numpydoc


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in EXAMPLES.glob("*.py")):
        script = EXAMPLES / f"{Path(name).stem}.py"
        output = run(script, EXAMPLES / "figures")
        (EXAMPLES / "figures" / f"{script.stem}.txt").write_text(output, "utf-8")
        print(script.stem)
