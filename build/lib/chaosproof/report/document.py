"""A page from its template: HTML that loads nothing from anywhere, in which whatever a file says is text.

Jinja escapes every value (autoescape); `tojson` writes JSON that cannot end the element that it stands in.
"""

from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from chaosproof.report.plot_library import plot_library

__all__ = ["render"]


def render(template: str, **view: Any) -> str:
    """The page that `template` (a name in `chaosproof/report/templates`) makes of `view`.

    A `view` with `plots` gets the plotting library: raises ChaosproofError when that is missing or another.
    """
    library = plot_library() if "plots" in view else None
    page = _environment().get_template(template).render(library=library, **view)
    # half of a surrogate pair, which a hostile file may hold, is no character
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("chaosproof.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.globals["asset"] = _asset
    return environment


def _asset(name: str) -> Markup:
    """A style or script of our own, which goes into the page as it is."""
    return Markup(resources.files("chaosproof.report.templates").joinpath(name).read_text(encoding="utf-8"))
