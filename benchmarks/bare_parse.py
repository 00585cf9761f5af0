"""The yardstick: `libcst.parse_module` over all files of a folder, and nothing else.

python bare_parse.py FOLDER CORES
"""

from __future__ import annotations

import sys
from multiprocessing import Pool
from pathlib import Path

import libcst


def parse(files: list[Path]) -> int:
    """Parses files; one that does not parse costs what it costs."""
    for file in files:
        try:
            libcst.parse_module(file.read_bytes())
        except libcst.ParserSyntaxError:
            continue
    return len(files)


def main(folder: Path, cores: int) -> None:
    """The files in parts of about equal size, one for each core."""
    parts: list[list[Path]] = [[] for _ in range(cores)]
    sizes = [0] * cores
    for file in sorted(folder.rglob("*.py"), key=lambda file: -file.stat().st_size):
        smallest = sizes.index(min(sizes))
        parts[smallest].append(file)
        sizes[smallest] += file.stat().st_size
    if cores == 1:
        parse(parts[0])
        return
    with Pool(cores) as pool:
        pool.map(parse, parts, chunksize=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
