"""The documentation: ``sphinx-build docs build/docs``, after ``pip install -e '.[docs]'``."""

import importlib
import sys
from pathlib import Path

from docutils import nodes

sys.path.insert(0, str(Path(__file__).parent))

import gallery

import skscratch

project = "skscratch"
author = "The authors of skscratch"
copyright = author
version = release = skscratch.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
]
templates_path = ["_templates"]
exclude_patterns = ["build"]
nitpicky = True

# Guide and examples are Markdown. Headings can be linked to.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Docstrings say the types; signatures would say them again.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Code is copied without prompts and results.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"skscratch {release}"
html_static_path = ["_static"]
html_css_files = ["skscratch.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skscratch"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"changelog": [], "getting_started": []}

SCIKIT_LEARN = "https://scikit-learn.org/stable"
ELSEWHERE = {
    "sklearn": f"{SCIKIT_LEARN}/modules/generated/{{page}}.html#{{name}}",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{page}.html#{name}",
    "joblib": "https://joblib.readthedocs.io/en/stable/generated/{page}.html#{name}",
}
# Objects that have a page are the library's classes and functions; methods are on their class's.
PYTHON = "https://docs.python.org/3/library/exceptions.html#{name}"


def resolve(app, env, node, contnode):
    """Link to other projects without fetching their inventories, and to short names of our own."""
    target = node["reftarget"]
    if node.get("reftype") == "term":
        return link(f"{SCIKIT_LEARN}/glossary.html#term-{target}", contnode)
    package, *rest = target.split(".")
    if package in ELSEWHERE and rest:
        page = target.rsplit(".", 1)[0] if node["reftype"] == "meth" else target
        return link(ELSEWHERE[package].format(page=page, name=target), contnode)
    if package.endswith(("Error", "Warning")) and not rest:
        return link(PYTHON.format(name=target), contnode)
    if package == "skscratch" and rest:
        # ``skscratch.nn.Adam`` is documented as ``skscratch.nn.optimizers.Adam``.
        module, _, name = target.rpartition(".")
        thing = getattr(importlib.import_module(module), name, None)
        home = getattr(thing, "__module__", module)
        if home != module:
            domain = env.get_domain("py")
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", f"{home}.{name}", node, contnode
            )
    return None


def link(address: str, contnode):
    """Return a link to another site."""
    return nodes.reference("", "", contnode, internal=False, refuri=address)


def setup(app):
    """Write the pages of the examples before anything is read."""
    app.connect("builder-inited", lambda app: gallery.write(Path(app.srcdir)))
    app.connect("missing-reference", resolve)
