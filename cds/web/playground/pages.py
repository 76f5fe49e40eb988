"""Templates and the headers that every page is sent with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

from cds.fhir.json import dumps
from cds.web.playground import display, line_chart, markdown

FOLDER = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def pretty(value: Any) -> str:
    """Write JSON for reading; numbers keep their digits."""
    return dumps(value, indent=True).decode()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markdown": markdown.render, "pretty": pretty, "value_text": display.value_text}
    environment.globals |= {"chart_width": line_chart.WIDTH, "chart_height": line_chart.HEIGHT}
    return environment


_ENVIRONMENT = _environment()


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a template: alone for htmx, which puts it into the page; inside the layout for a browser without it."""
    body = _ENVIRONMENT.get_template(template).render(context)
    if request.headers.get("HX-Request") != "true":
        body = _ENVIRONMENT.get_template("layout.html").render(
            context | {"body": body, "path": request.url.path, "title": context.get("title", "Sandbox")}
        )
    return Response(body, status, {**HEADERS, "Vary": "HX-Request"}, media_type="text/html")
