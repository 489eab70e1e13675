"""The HTML document around a report's body: one file that loads nothing from anywhere."""

from html import escape
from importlib import resources

__all__ = ["asset", "document"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def asset(name: str) -> str:
    """A file of `chaosproof/report/templates` as text."""
    return resources.files("chaosproof.report.templates").joinpath(name).read_text(encoding="utf-8")


def document(title: str, body: str, *, footer: str, style: str = "", scripts: str = "") -> str:
    """The whole page. `body` is HTML from the header on, with `<main>` still open; `style` goes before the own one."""
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{style}\n{asset('report.css')}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">To the claims</a>\n{body}</main>\n'
        f"<footer><p>{footer}</p></footer>\n"
        f'<div id="live" class="hidden" role="status" aria-live="polite"></div>\n{scripts}</body>\n</html>\n'
    )
    # half of a surrogate pair, which a hostile file may hold, is no character
    return page.encode("utf-8", "replace").decode("utf-8")
