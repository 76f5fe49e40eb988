"""A CDS Hooks service on HealthChain with the rule written by hand; runs in HealthChain's own environment.

python healthchain_service.py PORT

HealthChain's request model keeps only user and patient of the context, so the drafts come under a prefetch key.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import uvicorn
from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import Card, CDSRequest, CDSResponse

LENALIDOMIDE = {("http://www.whocc.no/atc", "L04AX04")}
EGFR = {("http://loinc.org", "62238-1")}
USABLE = ("final", "amended", "corrected")

service = CDSHooksService()


@service.hook("order-select", id="bench-renal")
def weak_kidneys(request: CDSRequest) -> CDSResponse:
    """Answer the rule of the benchmark."""
    prefetch = request.prefetch or {}
    drafted = any(
        is_one_of(order["medicationCodeableConcept"], LENALIDOMIDE) for order in resources(prefetch, "drafts")
    )
    if not drafted:
        return CDSResponse(cards=[])
    usable = [
        result
        for result in resources(prefetch, "observations")
        if result["status"] in USABLE and is_one_of(result["code"], EGFR)
    ]
    latest = max(usable, key=lambda result: result["effectiveDateTime"], default=None)
    if latest is None:
        return CDSResponse(cards=[])
    quantity = latest["valueQuantity"]
    if quantity["code"] != "mL/min/{1.73_m2}" or quantity["value"] >= 30:
        return CDSResponse(cards=[])
    card = Card(
        summary=f"eGFR {quantity['value']} (<30): reduce lenalidomide",
        detail="The latest eGFR is below 30 mL/min/1.73 m²: the starting dose is to be reduced.",
        indicator="warning",
        source={"label": "Rule of the benchmark"},
    )
    return CDSResponse(cards=[card])


def resources(prefetch: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Give the resources under a prefetch key."""
    return [entry["resource"] for entry in prefetch[key]["entry"]]


def is_one_of(concept: dict[str, Any], codes: set[tuple[str, str]]) -> bool:
    """Say whether a concept has one of these codes."""
    return any((coding.get("system"), coding.get("code")) in codes for coding in concept["coding"])


def main() -> None:
    """Serve on loopback, with the fastest parts that uvicorn has and the garbage collector as the others have it."""
    app = HealthChainAPI()
    app.register_service(service)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", ws="none", log_level="error", access_log=False
    )


if __name__ == "__main__":
    main()
