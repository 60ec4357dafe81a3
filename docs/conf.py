"""The documentation: ``sphinx-build docs build/docs``, after ``pip install -e '.[docs]'``."""

import importlib
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

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
    "sphinx.ext.viewcode",
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

# Docstrings contain the types, so signatures omit them.
autodoc_typehints = "none"
autodoc_member_order = "alphabetical"
toc_object_entries_show_parents = "hide"
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Code is copied without prompts and results.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_math_renderer = "mathml"
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
    "show_toc_level": 3,
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {
    page: [] for page in ("changelog", "faq", "getting_started", "glossary", "installation")
}

SCIKIT_LEARN = "https://scikit-learn.org/stable"
ELSEWHERE = {
    "sklearn": f"{SCIKIT_LEARN}/modules/generated/{{page}}.html#{{name}}",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{page}.html#{name}",
    "joblib": "https://joblib.readthedocs.io/en/stable/generated/{page}.html#{name}",
}
EXCEPTIONS = "https://docs.python.org/3/library/exceptions.html#{name}"
LABELS = {
    "metadata_routing": f"{SCIKIT_LEARN}/metadata_routing.html",
    "accuracy_score": f"{SCIKIT_LEARN}/modules/model_evaluation.html#accuracy-score",
}


def resolve(app, env, node, contnode):
    """Link to other projects without fetching their inventories, and to short names of our own."""
    target, kind = node["reftarget"], node["reftype"]
    package, *rest = target.split(".")
    if kind == "term":
        return link(f"{SCIKIT_LEARN}/glossary.html#term-{target}", contnode)
    if kind == "ref" and target in LABELS:
        return link(LABELS[target], contnode)
    if kind == "attr" and not rest:
        # An attribute of the documented class, which has no heading.
        return contnode
    if package in ELSEWHERE and rest:
        # Methods are on their class's page.
        page = target.rpartition(".")[0] if kind == "meth" else target
        return link(ELSEWHERE[package].format(page=page, name=target), contnode)
    if package.endswith(("Error", "Warning")) and not rest:
        return link(EXCEPTIONS.format(name=target), contnode)
    if package == "skscratch" and rest:
        # ``skscratch.nn.Adam`` is documented as ``skscratch.nn.optimizers.Adam``.
        module, _, name = target.rpartition(".")
        home = getattr(getattr(importlib.import_module(module), name, None), "__module__", module)
        if home != module:
            domain, document = env.get_domain("py"), node["refdoc"]
            full_name = f"{home}.{name}"
            return domain.resolve_xref(env, document, app.builder, "obj", full_name, node, contnode)
    return None


def link(address: str, contnode):
    """Return a link to another site."""
    return nodes.reference("", "", contnode, internal=False, refuri=address)


def initials(app, what, name, obj, options, lines):
    """Keep "D. Kingma" from being read as the fourth item of a list."""
    lines[:] = [re.sub(r"^(\s*\.\. \[\d\] \w)\. ", r"\1\. ", line) for line in lines]


def formula(writer, node):
    """Write a formula as MathML, which browsers draw without help from another server."""
    writer.body.append(tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block)))
    raise nodes.SkipNode


def setup(app):
    """Connect the functions above, and the pages of the examples."""
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    gallery.setup(app)
    app.connect("autodoc-process-docstring", initials, priority=400)  # before numpydoc
    app.connect("missing-reference", resolve)
