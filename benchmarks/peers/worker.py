"""Runs one side that is written in Python, as the lines of stdin say: see benchmarks/serve.hpp.

    worker.py SIDE THREADS

SIDE names a module of this folder, perhaps with a variant: torch_side:compile. `about` answers what the side is.
"""

import importlib
import json
import os
import sys
import time

import numpy

from arrays import write_arrays
from case import NotThere
from definitions import definitions


def seconds_of(run, count):
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) / count


class Worker:
    def __init__(self, side, threads):
        self.side, self.threads = side, threads
        self.definitions = definitions()
        self.case, self.calls = None, None

    def about(self):
        return self.side.about()

    def setup(self, _, name):
        self.drop()
        if name in self.side.MISSING:
            raise NotThere(self.side.MISSING[name])
        self.case = self.side.build(self.definitions[name])
        first = None
        for _ in range(3):
            took = seconds_of(self.case.run, 1)
            first = took if first is None else first
            if self.case.observe:
                self.case.observe()
        return {"first_us": first * 1e6}

    def results(self, path):
        arrays = [numpy.asarray(array, numpy.float64) for array in self.case.results()]
        write_arrays(arrays, path)
        return {"arrays": len(arrays)}

    def turn(self, seconds):
        if self.calls is None:
            self.case.run()
            once = min(seconds_of(self.case.run, 1), seconds_of(self.case.run, 1))
            self.calls = max(1, min(1000, int(100e-6 / once)))
        time.sleep(0.04 if self.threads > 1 else 0.005)
        seconds_of(self.case.run, self.calls)
        samples, start = [], time.perf_counter()
        while not samples or time.perf_counter() - start < float(seconds):
            samples.append(seconds_of(self.case.run, self.calls) * 1e6)
        return {"us": [samples]}

    def drop(self):
        if self.case is not None:
            self.case, self.calls = None, None
            self.side.finish()
        return {}


def main():
    name, _, variant = sys.argv[1].partition(":")
    side = importlib.import_module(name)
    threads = int(sys.argv[2])
    if hasattr(side, "begin"):
        side.begin(threads, variant)
    # Whatever a library prints goes to stderr: stdout is for the answers alone.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(side, threads)
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            answer = getattr(worker, command)(*arguments)
        except NotThere as why:
            answer = {"missing": str(why)}
        except Exception as error:  # a side that fails is told, and the others go on
            text = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {text[0][:300]}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
