"""The source hashes of all workloads stay: numbers of committed runs stay comparable."""

import json

from tests.golden import HERE, source_hashes


def test_no_workload_has_another_source_hash_than_when_its_runs_were_made() -> None:
    kept = json.loads((HERE / "sources.json").read_text(encoding="utf-8"))
    assert source_hashes() == kept
