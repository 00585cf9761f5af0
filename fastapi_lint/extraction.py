"""The facts of all files of a run: of those that were seen before as they were kept, of the others by parsing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from fastapi_lint.cache import FactsCache, shape
from fastapi_lint.facts import ModuleFacts
from fastapi_lint.workers import Job, Outcome

Parse = Callable[[list[Job]], Iterable[Outcome]]


class Extraction:
    """Facts of files, by path relative to the project root, as `contents`, `digests` and `paths` are.

    `before` are facts by content that were extracted before; it is filled with those that are asked for. `failures` are
    the outcomes of files that have no facts. What was not seen before is parsed at once.
    """

    def __init__(
        self,
        contents: Mapping[str, bytes],
        digests: Mapping[str, bytes],
        paths: Mapping[str, Path],
        parse: Parse,
        cache: FactsCache | None,
        before: dict[bytes, ModuleFacts],
    ) -> None:
        self.failures: list[Outcome] = []
        self._contents = contents
        self._digests = digests
        self._paths = paths
        self._extract = parse
        self._cache = cache
        self._before = before
        self._fresh: dict[str, ModuleFacts] = {}
        self._keys = {} if cache is None else {key: cache.key(digest) for key, digest in digests.items()}
        kept = {} if cache is None else cache.shapes(set(self._keys.values()))
        self._shapes = {key: kept[name] for key, name in self._keys.items() if name in kept}
        self._parse(key for key, content in contents.items() if key not in self._shapes and content not in before)

    def _parse(self, keys: Iterable[str]) -> None:
        fresh: dict[str, ModuleFacts] = {}
        for outcome in self._extract([Job(key, str(self._paths[key]), self._contents[key]) for key in keys]):
            if outcome.facts is not None:
                fresh[outcome.key] = outcome.facts
            else:
                self.failures.append(outcome)
        self._fresh.update(fresh)
        if self._cache is not None:
            self._shapes |= {key: shape(facts) for key, facts in fresh.items()}
            self._cache.store({self._keys[key]: (facts, self._shapes[key]) for key, facts in fresh.items()})

    def shapes(self) -> dict[str, bytes]:
        """What stands for the facts of each file, but for their places; the content does, if it has none."""
        return {key: self._shapes.get(key, digest) for key, digest in self._digests.items()}

    def facts(self) -> Iterator[tuple[str, ModuleFacts]]:
        """The facts of every file that has any."""
        unread = [key for key in self._shapes if key not in self._fresh and self._contents[key] not in self._before]
        loaded = self.load(unread)
        lost = [key for key in unread if key not in loaded]
        if lost:  # what is kept of them cannot be read
            self._parse(lost)
        for key, content in self._contents.items():
            facts = self._fresh.get(key) or loaded.get(key) or self._before.get(content)
            if facts is not None:
                self._before[content] = facts
                yield key, facts

    def load(self, keys: Iterable[str]) -> dict[str, ModuleFacts]:
        """What there is of the facts of these files, fresh or kept."""
        wanted = set(keys)
        kept = {} if self._cache is None else self._cache.load({self._keys[key] for key in wanted - set(self._fresh)})
        found = {key: self._fresh.get(key) or kept.get(self._keys.get(key, b"")) for key in wanted}
        return {key: facts for key, facts in found.items() if facts is not None}

    def at(self, digests: Mapping[str, bytes]) -> dict[str, ModuleFacts]:
        """The kept facts of contents that these files had before, as far as there are any."""
        if self._cache is None:
            return {}
        names = {key: self._cache.key(digest) for key, digest in digests.items()}
        kept = self._cache.load(set(names.values()))
        return {key: kept[name] for key, name in names.items() if name in kept}
