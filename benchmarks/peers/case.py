"""One side of a case, as benchmarks/work.hpp has it."""

from dataclasses import dataclass
from typing import Callable, Optional

import numpy


class NotThere(Exception):
    """A side cannot write a case; the text says why."""


@dataclass
class Case:
    run: Callable[[], None]  # what is timed; it may go on from where the last call left off
    results: Callable[[], list]  # arrays: what the calls so far came to
    observe: Optional[Callable[[], None]] = None  # called after each of the first calls, untimed


def calls(call):
    """A case that calls a function, which waits until its results are there."""
    last = []

    def run():
        last[:] = call()

    return Case(run, lambda: last)


def training(definition, batches, step, parameters, integers=lambda array: array):
    """Steps on each batch in turn: `step(x, y)` gives the loss as a number, `parameters()` what it has come to."""
    here = {"loss": 0.0, "total": 0.0, "first": None}

    def in_turn():
        if not definition.epoch_of:
            yield from batches
            return
        ((images, labels),) = batches
        order = numpy.random.permutation(len(images))
        for start in range(0, len(order), definition.epoch_of):
            chosen = integers(order[start : start + definition.epoch_of])
            yield images[chosen], labels[chosen]

    def run():
        for x, y in in_turn():
            here["loss"] = step(x, y)
            here["total"] += here["loss"]

    def observe():
        if here["first"] is None:
            here["first"] = [numpy.array(p) for p in parameters()]

    def results():
        if definition.epoch_of:
            return [here["total"]]
        at = here["first"] if definition.first_step else parameters()
        return [*at, *([here["loss"]] if definition.with_loss else [])]

    return Case(run, results, observe if definition.first_step else None)
