"""Put the parts together: settings in, an application out. Nothing else in the package knows all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware

from cds import __version__, service
from cds.cache import NO_CACHE, Cache, default_directory, open_cache
from cds.content.library import UnknownGuideline, load_content
from cds.content.shipped import holds_guidelines, shipped_path
from cds.content_watch import ContentWatch, state_of_files
from cds.data.fhir_servers import AllowedServers, NoFHIRServers
from cds.decisions.log import DecisionLog
from cds.decisions.replay import UsedTokens
from cds.decisions.store import open_database
from cds.errors import SettingsError
from cds.fhir.search_parameters import patient_parameter
from cds.hooks.caller import ANYBODY, Caller
from cds.knowledge import Knowledge, prepare_knowledge
from cds.service import Serving, World
from cds.settings import Settings
from cds.web.admission import Admission
from cds.web.cds_services import Authenticate, cds_services_router
from cds.web.decisions import decisions_router
from cds.web.door import STATE, Door
from cds.web.error_responses import install_error_responses
from cds.web.fhir_operations.routes import fhir_router
from cds.web.guard import Guard
from cds.web.health import Draining, health_router
from cds.web.metrics import CountingLog, Metrics
from cds.web.openapi import install_openapi
from cds.web.rates import CallRates
from cds.web.request_body import TimedBodies
from cds.web.standing_aside import AsideLog, AsideServers

# What only some servers need is read where it is needed: HTTP clients, keys and signatures, the sandbox with its pages.
if TYPE_CHECKING:
    from cds.content.loader import Reading
    from cds.data.fhir_client import FHIRServers
    from cds.sandbox.store import FHIRStore
    from cds.web.client_auth import ClientAuthenticator
    from cds.web.playground.ports import Sandbox

SANDBOX_PATH = "/sandbox/fhir"


def local_now() -> datetime:
    """Return the present instant in the zone of this machine."""
    return datetime.now(UTC).astimezone()


def sandbox_url(settings: Settings) -> str:
    """Return the FHIR base URL of the embedded sandbox."""
    return settings.public_url + SANDBOX_PATH


def content_paths(chosen: Sequence[Path]) -> list[Path]:
    """Return what to load: the shipped mappings, what was chosen, and the shipped guidelines if none was chosen.

    A chosen folder without a guideline, such as a site's ConceptMaps, adds to the shipped guidelines.
    """
    mappings = shipped_path("fhir_mappings")
    others = [path for path in chosen if path.resolve() != mappings.resolve()]  # named too, so that it can be checked
    shipped = [] if any(map(holds_guidelines, others)) else [shipped_path("plan_definitions")]
    return [mappings, *shipped, *others]


def build_knowledge(settings: Settings) -> Knowledge:
    """Read all content, check it and compile it; raises `ContentError` and `EngineError`. Blocks, for seconds."""
    for name in settings.not_kept:
        if name == "Patient" or patient_parameter(name) is None:
            msg = f"CDS_NOT_KEPT: {name} is no resource type about a patient, such as AdverseEvent"
            raise SettingsError(msg)
    servers = _artifact_servers(settings)
    paths = content_paths(settings.content)
    cache = cache_of(settings)
    try:
        content = load_content(paths, settings.guidelines or None, more=servers, cache=cache)
    except UnknownGuideline as error:
        msg = f"CDS_GUIDELINES: {error}"
        raise SettingsError(msg) from None
    return prepare_knowledge(content, not_kept=settings.not_kept, cache=cache)


def cache_of(settings: Settings) -> Cache:
    """Open the cache that the settings name."""
    if settings.cache == "none":
        return NO_CACHE
    return open_cache(default_directory() if settings.cache == "auto" else settings.cache)


def content_state(settings: Settings) -> tuple[Any, ...]:
    """Return what differs as soon as any of the content does: files by time and size, resources by digest."""
    servers = _artifact_servers(settings)
    return state_of_files(content_paths(settings.content)), [reading.digests for reading in servers]


def _artifact_servers(settings: Settings) -> list[Reading]:
    if not settings.content_servers:
        return []
    from cds.data.artifact_server import read_artifact_servers

    return read_artifact_servers(settings.content_servers)


def build_world(
    settings: Settings,
    *,
    decision_log: service.DecisionLog,
    fhir_servers: service.FHIRServers,
    clock: Callable[[], datetime] = local_now,
) -> World:
    """Load and compile the content; raises `ContentError` and `EngineError` with what is broken and where."""
    return World(
        knowledge=build_knowledge(settings),
        fhir_servers=fhir_servers,
        decision_log=decision_log,
        clock=clock,
        seconds=settings.deadline_ms / 1000,
    )


def create_app(settings: Settings, *, sandbox: bool = False, clock: Callable[[], datetime] = local_now) -> FastAPI:
    """Return the application; with `sandbox` it also plays the EHR's FHIR server under `/sandbox/fhir`."""
    engine = open_database(settings.database)
    decision_log = DecisionLog(engine, keep_values=settings.log_values)
    urls = [*settings.fhir_servers, *([sandbox_url(settings)] if sandbox else [])]
    fhir_servers = open_fhir_servers(urls)
    served = content_state(settings) if settings.reload_seconds else None
    metrics = Metrics()
    world = build_world(
        settings,
        decision_log=CountingLog(AsideLog(decision_log), metrics),
        fhir_servers=AsideServers(fhir_servers),
        clock=clock,
    )
    serving = Serving(world)
    admission = Admission(settings.max_wait_ms / 1000)
    authenticator = _authenticator(settings, urls, UsedTokens(engine, clock=clock), clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(decision_log.close)
            if authenticator is not None:
                stack.push_async_callback(authenticator.aclose)
            stack.push_async_callback(fhir_servers.aclose)
            await decision_log.start()
            if settings.reload_seconds:
                watching = asyncio.create_task(_watch(serving, metrics, settings, served).run())
                stack.callback(watching.cancel)
            yield {STATE: Door(admission, metrics, max_bodies=max(1, settings.max_in_flight // 2))}

    app = FastAPI(
        title="fhir-cds",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    install_error_responses(app)
    install_openapi(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-request-id"],
        )
    app.add_middleware(TimedBodies)
    app.add_middleware(Guard, metrics=metrics, max_in_flight=settings.max_in_flight)
    authenticate = _authenticate(settings, authenticator)
    app.include_router(
        cds_services_router(
            serving,
            metrics,
            admission=admission,
            rates=CallRates(settings.client_calls_per_second),
            max_body_bytes=settings.max_body_bytes,
            authenticate=authenticate,
        )
    )
    app.include_router(
        fhir_router(
            serving,
            admission=admission,
            public_url=settings.public_url,
            max_body_bytes=settings.max_body_bytes,
            authenticate=authenticate,
        )
    )
    app.include_router(decisions_router(decision_log, authenticate))
    app.state.serving = serving
    app.state.draining = Draining()
    app.include_router(health_router(decision_log, metrics, serving, app.state.draining))
    if sandbox:
        from cds.sandbox.http import sandbox_router
        from cds.sandbox.server import SandboxServer
        from cds.web.playground.routes import playground_router

        store, embedded = _sandbox(settings, clock())
        app.include_router(sandbox_router(SandboxServer(store), SANDBOX_PATH))
        page = playground_router(
            serving, embedded, public_url=settings.public_url, content=content_paths(settings.content)
        )
        app.include_router(page)
    return app


def _sandbox(settings: Settings, now: datetime) -> tuple[FHIRStore, Sandbox]:
    """Fill the embedded FHIR server with the synthetic patients, as they stand today."""
    from cds.sandbox.in_memory_reader import InMemoryReader
    from cds.sandbox.store import FHIRStore
    from cds.sandbox.synthetic_patients import STORIES, sandbox_resources
    from cds.web.playground.ports import Sandbox

    def opened(resources: Sequence[dict[str, Any]] = ()) -> tuple[FHIRStore, InMemoryReader]:
        store = FHIRStore(resources, base_url=sandbox_url(settings), zone=now.tzinfo or UTC)
        return store, InMemoryReader(store)

    store, reader = opened(sandbox_resources(now.date()))
    return store, Sandbox(store=store, reader=reader, stories=STORIES, open_record=opened)


def _watch(serving: Serving, metrics: Metrics, settings: Settings, served: Any) -> ContentWatch:
    return ContentWatch(
        serving,
        metrics,
        served=served,
        state=lambda: content_state(settings),
        load=lambda: build_knowledge(settings),
        seconds=settings.reload_seconds,
    )


def open_fhir_servers(urls: Sequence[str]) -> FHIRServers | NoFHIRServers:
    """Return the FHIR servers that may be called."""
    if not urls:
        return NoFHIRServers()
    from cds.data.fhir_client import FHIRServers

    return FHIRServers(AllowedServers(urls))


def _authenticator(
    settings: Settings, fhir_servers: Sequence[str], used: UsedTokens, clock: Callable[[], datetime]
) -> ClientAuthenticator | None:
    """Return who checks the tokens of clients; None where nobody asks who calls."""
    if settings.client_auth == "none" or settings.clients is None:
        return None
    import httpx

    from cds.web.client_auth import ClientAuthenticator
    from cds.web.clients import read_clients
    from cds.web.key_sets import KeySets

    keys = KeySets(httpx.AsyncClient(follow_redirects=False, trust_env=False))
    return ClientAuthenticator(read_clients(settings.clients, fhir_servers), keys, used, clock=clock)


def _authenticate(settings: Settings, authenticator: ClientAuthenticator | None) -> Authenticate:
    if authenticator is None:

        async def anybody(_request: Request) -> Caller:
            """Let every caller through: the network in front decides."""
            return ANYBODY

        return anybody

    async def registered_clients(request: Request) -> Caller:
        """Let registered clients through."""
        url = settings.public_url + request.url.path
        client = await authenticator.authenticate(request.headers.getlist("authorization"), url)
        return Caller(name=client.name, fhir_servers=client.fhir_servers, system_actions=client.system_actions)

    return registered_clients
