"""Coverage-guided fuzzing of the path of a request (needs the extra `fuzz`).

python -m tools.fuzz.run_request_path --count 100000
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # has no types

with atheris.instrument_imports(include=["cds"]):
    from cds.errors import RefusedRequest
    from cds.fhir.json import loads
    from tools.fuzz.mutations import mutate_json
    from tools.fuzz.request_path import CORPUS, answer, seeds

_DOCUMENTS = 0.7  # the part of mutations that change the document and not its bytes: most of those are no JSON any more


def mutate(body: bytes, max_size: int, seed: int) -> bytes:
    """Change an input: as a document most of the time, else as bytes."""
    chance = random.Random(seed)
    if chance.random() < _DOCUMENTS:
        try:
            document = mutate_json(loads(body), chance, elm=False)
            return json.dumps(document, default=float).encode()[:max_size]
        except RefusedRequest:
            pass
    return bytes(atheris.Mutate(body, max_size))


def main() -> None:
    """Fuzz until the count is reached; a finding ends it with the input kept in the corpus."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    folder = Path(".cache/fuzz-request-path")
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    CORPUS.mkdir(parents=True, exist_ok=True)
    outcomes: Counter[str] = Counter()
    started = time.monotonic()

    def one(body: bytes) -> None:
        outcomes[answer(body)] += 1
        if outcomes.total() % 5_000 == 0:
            print(f"{outcomes.total()} in {time.monotonic() - started:.0f} s: {dict(outcomes)}", flush=True)

    options = [f"-runs={count}", "-max_len=60000", "-timeout=10", f"-artifact_prefix={CORPUS}/", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(folder)], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
