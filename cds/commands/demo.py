"""`cds serve --demo`: two real calls at the server that runs, as an EHR would make them."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
from rich.console import Console

from cds.app import local_now, sandbox_url
from cds.commands.card_text import print_cards
from cds.sandbox.synthetic_patients import DEMO_PATIENT, Story, find_story
from cds.settings import Settings

_REVIEW_PATIENT = "suspected-myeloma"


async def demonstrate(settings: Settings, console: Console) -> None:
    """Fire one order-select and one patient-view at ourselves, as an EHR would, and print the cards."""
    async with httpx.AsyncClient(base_url=settings.public_url, trust_env=False, timeout=30) as http:
        services = (await http.get("/cds-services")).json()["services"]
        for patient, hook in ((DEMO_PATIENT, "order-select"), (_REVIEW_PATIENT, "patient-view")):
            story = find_story(patient)
            assert story is not None
            console.print(f"\n[bold]{hook}[/bold]: {story.story}")
            silent = [
                service["id"]
                for service in services
                if service["hook"] == hook and not await _call(http, service, story, hook, settings, console)
            ]
            if silent:
                console.print(f"\n  nothing to advise: {', '.join(silent)}", style="dim")
    console.print(f"\nTry it: curl -s {settings.public_url}/cds-services | python3 -m json.tool")


async def _call(
    http: httpx.AsyncClient, service: dict[str, Any], story: Story, hook: str, settings: Settings, console: Console
) -> bool:
    """Make one call; print its cards, or why there are none; return False when the guideline has nothing to say."""
    answer = await http.post(f"/cds-services/{service['id']}", json=demo_request(story, hook, sandbox_url(settings)))
    if answer.is_success and not answer.json()["cards"]:
        return False
    console.print(f"\nPOST /cds-services/{service['id']}: {answer.status_code}")
    if answer.is_success:
        print_cards(console, answer.json()["cards"])
    else:
        console.print(answer.json()["issue"][0]["diagnostics"], style="red")
    return True


def demo_request(story: Story, hook: str, fhir_server: str) -> dict[str, Any]:
    """Return the call that an EHR would make for this story; the data are read from the sandbox's FHIR server."""
    drafts = story.chart(local_now().date()).drafts
    context: dict[str, Any] = {"userId": "Practitioner/sandbox-doctor", "patientId": story.id}
    if hook.startswith("order-"):
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": draft} for draft in drafts],
        }
    if hook == "order-select":
        context["selections"] = [f"{draft['resourceType']}/{draft['id']}" for draft in drafts]
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "fhirServer": fhir_server, "context": context}
