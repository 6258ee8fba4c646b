"""Pages from templates: everything is text unless a template says otherwise, and nobody's text is obeyed."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from reconciler.model.visible import visible
from reconciler.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Renders templates for one site."""

    environment: Environment

    def show(self, name: str, status: HTTPStatus = HTTPStatus.OK, **values: object) -> HTMLResponse:
        """A page. A value that a template names and nobody gave is an error."""
        return HTMLResponse(self.environment.get_template(name).render(values), status)


def pages(site: Site) -> Pages:
    """Templates see `here(path)`, our own address, and the filters `visible` and `web_link`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["here"] = lambda path: f"{site.prefix}{path}"
    environment.filters["visible"] = visible
    environment.filters["web_link"] = web_link
    return Pages(environment=environment)


def web_link(text: object) -> str:
    """An address a person may follow; "#" for what is not http(s) (issue 5: text from strangers)."""
    try:
        parts = urlsplit(str(text))
    except ValueError:
        return "#"
    return str(text) if parts.scheme in ("http", "https") and parts.hostname else "#"
