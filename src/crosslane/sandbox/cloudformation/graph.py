"""Order of resources: who needs whom, cycles, and the walk that works on independent ones side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from crosslane.sandbox.cloudformation.errors import invalid
from crosslane.sandbox.cloudformation.references import mentions
from crosslane.sandbox.cloudformation.template import Template

Edges = Mapping[str, frozenset[str]]
"""Each node with the nodes that come before it."""

WORKERS = 6


def active_resources(template: Template, conditions: Mapping[str, bool]) -> tuple[str, ...]:
    """Logical ids whose condition holds, in the template's order."""
    return tuple(
        name
        for name, resource in template.resources.items()
        if resource.condition is None or conditions.get(resource.condition, False)
    )


def dependencies(template: Template, conditions: Mapping[str, bool]) -> dict[str, frozenset[str]]:
    """For each active resource the active resources that it needs, by reference or ``DependsOn``."""
    active = active_resources(template, conditions)
    names = frozenset(active)
    edges = {}
    for name in active:
        resource = template.resources[name]
        needed = {mention.name for mention in mentions(resource.properties, conditions)} | set(resource.depends_on)
        edges[name] = frozenset(needed & names)
    return edges


def order(edges: Edges) -> tuple[str, ...]:
    """All nodes, each after those it needs. Raises ServiceError (``ValidationError``) when they go in a circle."""
    done: dict[str, None] = {}
    remaining = dict(edges)
    while remaining:
        ready = [name for name, needed in remaining.items() if all(n in done or n not in edges for n in needed)]
        if not ready:
            raise invalid(f"Circular dependency between resources: [{', '.join(_circle(remaining))}]")
        for name in ready:
            done[name] = None
            del remaining[name]
    return tuple(done)


def _circle(remaining: Mapping[str, frozenset[str]]) -> list[str]:
    """Only the nodes that lie on a circle: those that nobody on it needs are peeled off as well."""
    nodes = dict(remaining)
    while True:
        needed = {name for needs in nodes.values() for name in needs}
        loose = [name for name in nodes if name not in needed]
        if not loose:
            return sorted(nodes)
        for name in loose:
            del nodes[name]


def reverse(edges: Edges) -> dict[str, frozenset[str]]:
    """The same nodes for going back: each after those that needed it."""
    return {name: frozenset(other for other, needed in edges.items() if name in needed) for name in edges}


def walk(edges: Edges, act: Callable[[str], bool], *, stop_at_failure: bool) -> frozenset[str]:
    """Call ``act`` on every node after those it needs, independent ones side by side.

    ``act`` answers whether it went well. After a failure nothing new is begun (``stop_at_failure``), or only what
    does not need the failed. Returns the nodes on which ``act`` answered False. Raises ServiceError for a circle, which
    would leave its nodes out.
    """
    order(edges)
    remaining = dict(edges)
    done: set[str] = set()
    failed: set[str] = set()
    running: dict[Future[bool], str] = {}
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="resource") as pool:
        while True:
            halted = bool(failed) and stop_at_failure
            ready = [] if halted else [n for n, needs in remaining.items() if _met(needs, done, edges)]
            for name in ready:
                del remaining[name]
            if len(ready) == 1 and not running:
                # Nothing else to do meanwhile: a thread would only cost time.
                (done if act(ready[0]) else failed).add(ready[0])
                continue
            running.update({pool.submit(act, name): name for name in ready})
            if not running:
                return frozenset(failed)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                (done if future.result() else failed).add(name)


def _met(needs: frozenset[str], done: set[str], edges: Edges) -> bool:
    return all(name in done or name not in edges for name in needs)
