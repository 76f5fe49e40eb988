"""A real HAPI FHIR R4 server for tests and for trying things out: built by Maven once, started on loopback.

python -m tools.hapi.server 8090    serves http://127.0.0.1:8090/fhir until Ctrl-C; it begins empty and forgets all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cds.authoring.translator import cache_folder

HERE = Path(__file__).parent
MAX_START_SECONDS = 600  # it takes 35 s on two idle cores
# A run takes minutes: what the second compiler makes faster it does not win back (measured: half the processor time).
JAVA_OPTIONS = ("-Xmx2g", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:TieredStopAtLevel=1")


class HapiFailed(Exception):
    """HAPI could not be built or did not start; the message ends with what it wrote last."""


@dataclass(frozen=True)
class Hapi:
    """A running server: its FHIR base URL, and the seconds that building and starting took."""

    base_url: str
    build_seconds: float
    start_seconds: float


def build(project: Path = HERE) -> list[str]:
    """Fetch HAPI's artefacts from Maven Central and compile our main class, once; give the class path.

    Another project than this folder may build on what is here.
    """
    sources = [
        path
        for folder in dict.fromkeys((project, HERE))
        for path in (folder / "pom.xml", *sorted(path for path in (folder / "src").rglob("*") if path.is_file()))
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = cache_folder() / "hapi" / digest
    listed = folder / "classpath"
    if not (listed.is_file() and all(Path(jar).is_file() for jar in listed.read_text().split(os.pathsep))):
        maven = shutil.which("mvn")
        if maven is None:
            raise HapiFailed("Maven, which fetches HAPI, is not installed")
        command = [maven, "-q", "-B", "-f", str(project / "pom.xml"), "process-classes", f"-Dhapi.build={folder}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            msg = f"Maven could not build HAPI:\n{(done.stdout + done.stderr).strip()[-2000:]}"
            raise HapiFailed(msg)
    return [str(folder / "classes"), *listed.read_text().strip().split(os.pathsep)]


@contextlib.contextmanager
def running(log: Path, port: int | None = None) -> Iterator[Hapi]:
    """Serve on loopback, on a free port if none is given, until the block ends; what HAPI writes goes to `log`."""
    port = port or _free_port()
    begin = time.monotonic()
    class_path = build()
    built = time.monotonic()
    java = shutil.which("java")
    if java is None:
        raise HapiFailed("Java is not installed")
    base_url = f"http://127.0.0.1:{port}/fhir"
    command = [java, *JAVA_OPTIONS, "-cp", os.pathsep.join(class_path), "HapiServer", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, f"{base_url}/metadata", log)
        yield Hapi(base_url, built - begin, time.monotonic() - built)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + MAX_START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with opener.open(address, timeout=30):
                return
        except OSError:
            time.sleep(0.5)
    msg = f"HAPI did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise HapiFailed(msg)


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    log = cache_folder() / "hapi" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with running(log, port) as hapi:
        print(f"HAPI serves {hapi.base_url} ({hapi.start_seconds:.0f} s to start); Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
