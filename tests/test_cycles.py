"""Answers about things that depend on each other in circles."""

import random

import pytest

from fastapi_lint.deep_stack import with_deep_stack
from fastapi_lint.project.code.cycles import AnyOf


class Graph:
    """Nodes that have a property if they have it themselves, or any of those they lead to has it."""

    def __init__(self, leads_to: dict[int, list[int]], own: set[int]) -> None:
        self.leads_to, self.own = leads_to, own
        self.answers = AnyOf[int]()
        self.decided = 0

    def ask(self, node: int) -> bool:
        return self.answers.ask(node, lambda: self.decide(node))

    def decide(self, node: int) -> bool:
        self.decided += 1
        return node in self.own or any(self.ask(other) for other in self.leads_to[node])

    def reaches(self, node: int) -> bool:
        seen, todo = {node}, [node]
        while todo:
            at = todo.pop()
            new = set(self.leads_to[at]) - seen
            seen |= new
            todo += new
        return bool(seen & self.own)


@pytest.mark.parametrize("seed", range(60))
def test_the_order_of_questions_makes_no_difference(seed: int) -> None:
    chosen = random.Random(seed)
    nodes = range(chosen.randint(2, 14))
    leads_to = {node: [chosen.choice(nodes) for _ in range(chosen.randint(0, 3))] for node in nodes}
    own = {node for node in nodes if chosen.random() < 0.15}
    graph = Graph(leads_to, own)
    order = [*nodes, *nodes]
    chosen.shuffle(order)
    assert {node: graph.ask(node) for node in order} == {node: graph.reaches(node) for node in nodes}


def test_a_circle_without_the_property_is_gone_through_once() -> None:
    count = 30
    graph = Graph({node: [(node + step) % count for step in (1, 2, 3)] for node in range(count)}, set())
    assert not any(graph.ask(node) for node in range(count))
    assert graph.decided == count


def test_a_long_way_is_given_up() -> None:
    graph = Graph({node: [node + 1] for node in range(1000)} | {1000: []}, {1000})
    assert not with_deep_stack(lambda: graph.ask(0))
    assert graph.ask(990)
