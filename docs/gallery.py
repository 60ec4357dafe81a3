"""The examples as pages: what examples/README.md says of each, its figures and its cells.

Its last section, the tables from the book to the examples, goes to the guide's page on the book.

Nothing is run here. The tests run every example, and its figures are part of the repository.
"""

import re
from pathlib import Path

EXAMPLE = re.compile(r"(?P<number>\d+\. )?\[(?P<title>[^]]+)\]\((?P<stem>\w+)\.py\)")
FIGURE = re.compile(r"!\[(?P<alt>[^]]*)\]\(figures/(?P<file>[\w.]+)\)")
FIGURES = "../../examples/figures"


def write(docs: Path) -> None:
    """Write ``examples/index.md`` and a page for each example."""
    examples, pages = docs.parent / "examples", docs / "examples"
    pages.mkdir(exist_ok=True)
    head, *sections = re.split(r"^##+ ", (examples / "README.md").read_text("utf-8"), flags=re.M)
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
            code = (examples / f"{stem}.py").read_text("utf-8")
            _update(pages / f"{stem}.md", _page(title, stem, text, code))
    toctree = "\n".join(["```{toctree}", ":hidden:", "", *titles, "```", ""])
    _update(pages / "index.md", "\n".join([*index, _grid(cards), toctree]))
    for page in pages.glob("*.md"):
        if page.stem not in (*titles, "index"):
            page.unlink()


def _page(title: str, stem: str, text: str, code: str) -> str:
    text = FIGURE.sub(rf"![\g<alt>]({FIGURES}/\g<file>)", _linked(text))
    script = f"{{download}}`{stem}.py <../../examples/{stem}.py>`"
    parts = [f"# {title}\n", text, f"## The script\n\n{script}, cell by cell.\n"]
    # The module's docstring says what the text above says.
    code = re.sub(r'\A""".*?"""\n+', "", code, flags=re.S)
    before, *cells = re.split(r"^# %% ?", code, flags=re.M)
    if before.strip():
        parts.append(_block(before))
    for cell in cells:
        comment = re.match(r"[^\n]*\n(?:#[^\n]*\n)*", cell)[0]
        words = " ".join(line.removeprefix("#").strip() for line in comment.splitlines())
        parts += [_escaped(words) + "\n", _block(cell[len(comment) :])]
    return "\n".join(parts)


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


def _block(code: str) -> str:
    code = code.strip("\n")
    return f"```python\n{code}\n```\n" if code else ""


def _escaped(words: str) -> str:
    """Return plain words as Markdown that says them, with its code as it is."""
    plain = re.compile(r"(`[^`]*`)|([*_<>\[\]$#|])")
    return plain.sub(lambda found: found[1] or "\\" + found[2], words)


def _linked(text: str) -> str:
    """Let links to scripts, and to the table of the book, lead to their pages."""
    text = text.replace("](#from-the-book)", "](/guide/from_the_book.md)")
    return re.sub(r"\]\((\w+)\.py\)", r"](\1.md)", text)


def _by_title(text: str, titles: dict[str, str]) -> str:
    """Let links to scripts lead to their pages from anywhere, and numbers be titles."""
    text = re.sub(r"\[\d+\]\((\w+)\.py\)", lambda m: f"[{titles[m[1]]}]({m[1]}.py)", text)
    return re.sub(r"\]\((\w+)\.py\)", r"](/examples/\1.md)", text)


def _update(path: Path, text: str) -> None:
    """Write a file, unless it says so already: Sphinx reads again what is newer."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
