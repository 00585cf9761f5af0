"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.corpora import Corpus, generated, pinned
from benchmarks.measure import Cost, OverdueError, measure, middle
from benchmarks.report import markdown
from benchmarks.scenarios import Scenario, scenarios
from benchmarks.tools import OURS, PEERS, Installed, python_version

_HERE = Path(__file__).parent
_CORPORA = ("argilla-server", "open-webui", "langflow-base", "prefect", "litellm")
_SIZES = (100, 1000, 5000, 20000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, and writes the report and its JSON."""
    options = _parser().parse_args(arguments)
    known = [OURS, *(peer for peer in PEERS if not options.peer or peer.name in options.peer)]
    # measured commands run in the projects' folders
    tools = {tool.name: Installed(tool, options.environments.absolute()) for tool in known}
    results: dict[str, Any] = {
        "machine": _machine(),
        "versions": {"Python": python_version()} | {name: tool.version() for name, tool in tools.items()},
        "rounds": options.rounds,
        "corpora": [],
        "scaling": [],
    }
    with tempfile.TemporaryDirectory() as place:
        for name in options.corpus or _CORPORA:
            corpus = pinned(name, options.cache_dir.absolute(), Path(place))
            results["corpora"].append(_measure_corpus(corpus, tools, options))
            _write(results, options.output)
        for size in options.size if options.size is not None else _SIZES:
            results["scaling"].append(_measure_size(size, Path(place), tools["fastapi-lint"], options))
            _write(results, options.output)
    print(markdown(results))
    return 0


def _measure_corpus(corpus: Corpus, tools: dict[str, Installed], options: argparse.Namespace) -> dict[str, Any]:
    size = corpus.size()
    by_cores: dict[str, Any] = {}

    def run(command: list[str]) -> None:
        subprocess.run(command, cwd=corpus.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    for cores in options.cores:
        is_largest = cores == max(options.cores)
        known = [s for s in scenarios(corpus, tools, run) if s.fits(size["bytes"], is_largest)]
        wanted = [s for s in known if not options.scenario or s.name in options.scenario]
        for scenario in wanted:
            scenario.setup()
        found: dict[str, list[Cost]] = {scenario.name: [] for scenario in wanted}
        overdue: set[str] = set()
        for number in range(options.rounds):
            for scenario in wanted:
                spent = sum(cost.wall for cost in found[scenario.name])
                if scenario.name not in overdue and spent < options.patience:
                    _one(scenario, corpus, cores, found, overdue, options.timeout)
            print(f"{corpus.name}, {cores} cores: round {number + 1} of {options.rounds}", file=sys.stderr)
        by_cores[str(cores)] = {
            name: {
                "median": asdict(middle(costs)) if costs and name not in overdue else None,
                "all": [asdict(cost) for cost in costs],
                "timeout": options.timeout,
            }
            for name, costs in found.items()
        }
    return {"name": corpus.name, "size": size, "cores": by_cores}


def _one(
    scenario: Scenario, corpus: Corpus, cores: int, found: dict[str, list[Cost]], overdue: set[str], timeout: float
) -> None:
    scenario.prepare()
    try:
        found[scenario.name].append(measure(scenario.command(cores), corpus.folder, cores, timeout))
    except OverdueError:
        overdue.add(scenario.name)


def _measure_size(size: int, place: Path, tool: Installed, options: argparse.Namespace) -> dict[str, Any]:
    corpus = generated(size, place)
    command = [tool.path("fastapi-lint"), "."]
    cores = max(options.cores)
    costs = {}
    for name in ("cold", "warm"):
        costs[name] = asdict(measure(command, corpus.folder, cores, options.timeout * 10))
        print(f"{size} generated modules, {name}", file=sys.stderr)
    return {"modules": size, "size": corpus.size(), **costs}


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    system = f"{platform.system()} on {platform.machine()}"
    return {"cores": os.cpu_count(), "memory_gb": memory, "system": system, "load": os.getloadavg()[0]}


def _write(results: dict[str, Any], output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (output / "results.md").write_text(markdown(results), "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--corpus", action="append", help="a project of the ecosystem run; repeatable")
    parser.add_argument("--peer", action="append", help="only this peer; repeatable")
    parser.add_argument("--scenario", action="append", help="only this scenario; repeatable")
    parser.add_argument("--size", action="append", type=int, help="a generated project of so many modules; repeatable")
    parser.add_argument("--no-scaling", dest="size", action="store_const", const=[], help="no generated projects")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="on how many cores (default: 1 2)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each scenario runs at most (default: 5)")
    parser.add_argument(
        "--patience", type=float, default=15, help="seconds after which a scenario is not repeated (default: 15)"
    )
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which a scenario is given up")
    parser.add_argument("--cache-dir", type=Path, default=Path(".ecosystem"), help="where the projects are kept")
    parser.add_argument("--environments", type=Path, default=Path(".benchmarks"), help="where the tools are installed")
    parser.add_argument("--output", type=Path, default=_HERE / "results", help="where the results go")
    return parser
