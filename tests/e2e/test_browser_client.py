"""A page of another origin in headless Chromium calls the services, as the CDS Hooks sandbox does: CORS for real."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading

import pytest

from tests.server.conftest import running

CHROMIUM = shutil.which("chromium")
SERVICE = "nl-lenalidomide-order-select"
PAGE = """<!doctype html><title>waiting</title><pre id="out"></pre><script>
(async () => {
  const base = %(base)s;
  const services = (await (await fetch(base + "/cds-services")).json()).services;
  const answer = await fetch(base + "/cds-services/%(service)s", {
    method: "POST", headers: {"Content-Type": "application/json", "Authorization": "Bearer x"}, body: %(body)s });
  const cards = (await answer.json()).cards;
  document.getElementById("out").textContent =
    JSON.stringify({services: services.length, status: answer.status, summaries: cards.map(card => card.summary)});
  document.title = "done";
})();
</script>"""

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


def test_a_page_of_another_origin_gets_its_cards(tmp_path):
    with running() as server:
        body = json.dumps(json.dumps(server.request("renal-failure", "order-select")))
        page = PAGE % {"base": json.dumps(server.settings.public_url), "service": SERVICE, "body": body}
        (tmp_path / "index.html").write_text(page, encoding="utf-8")
        with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))
        ) as pages:
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            shown = subprocess.run(
                [
                    CHROMIUM,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    f"--user-data-dir={tmp_path / 'profile'}",
                    "--virtual-time-budget=20000",
                    "--dump-dom",
                    f"http://127.0.0.1:{pages.server_address[1]}/index.html",
                ],
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            ).stdout
            pages.shutdown()
    text = shown.partition('<pre id="out">')[2].partition("</pre>")[0]
    result = json.loads(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert result["status"] == 200
    assert any("24 mL/min" in summary for summary in result["summaries"])
