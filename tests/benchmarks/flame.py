"""A flame graph of a hook call under load: `python -m tests.benchmarks.flame` writes .cache/bench/flame.svg.

py-spy looks at the server from outside, which Linux allows to the one who started it, or to root.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cds.authoring.translator import cache_folder
from tests.benchmarks.calls import CEILING_AT, GUIDELINE, HOOKS
from tests.benchmarks.load import load
from tests.benchmarks.requests import telling, with_observations
from tests.benchmarks.servers import ours


def main() -> None:
    """Load the server with one client and sample it meanwhile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", default=f"{GUIDELINE}-{HOOKS[0]}")
    parser.add_argument("--observations", type=int, default=CEILING_AT)
    parser.add_argument("--seconds", type=int, default=15)
    chosen = parser.parse_args()
    file = cache_folder() / "bench" / "flame.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    with ours() as started, ThreadPoolExecutor(1) as beside:
        body = with_observations(telling(started.url, chosen.service), chosen.observations)
        url = f"{started.url}/cds-services/{chosen.service}"
        load(started.server, url, body, clients=1, seconds=2)
        running = beside.submit(load, started.server, url, body, clients=1, seconds=chosen.seconds + 2)
        spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(started.server.process.pid)]
        subprocess.run([*spy, "--duration", str(chosen.seconds), "--rate", "500", "--output", str(file)], check=True)
        running.result()
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
