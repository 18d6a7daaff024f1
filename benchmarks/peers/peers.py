"""Puts xgrad beside libtorch and the peers that are written in Python, case by case, in one run on the same cores.

    peers.py --compare PROGRAM --folder DIR [--threads N] [--filter REGEX] [--seconds S] [--with PEER ...] [--json FILE]
    peers.py --compare PROGRAM --list

Each side runs in a process of its own, on the same cores, and waits while another one is timed. First every side runs
a case three times, and its results are compared with xgrad's: one whose results differ is told and not timed. Then the
sides are timed in turn. --list prints the cases instead, and tells whether the tables of all sides agree on them.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import agreement
import report
from arrays import difference, read_arrays
from environments import PEERS, NotInstalled, environment_of, installed, worker
from process import Gone, Process

TURNS = 10


class Side:
    def __init__(self, key, process, limit):
        self.key, self.process, self.limit = key, process, limit
        about = process.ask("about")
        self.title, self.blas = about.get("name", key), about["blas"]

    def ask(self, *words):
        answer = self.process.ask(*words, limit=self.limit)
        if "error" in answer:
            raise Gone(answer["error"])
        return answer


def expression(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from None


def arguments():
    parser = argparse.ArgumentParser(prog="./run bench --peers")
    parser.add_argument("--compare", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="build/peers", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--filter", type=expression, default="")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case, all sides together")
    parser.add_argument("--limit", type=float, default=180.0, help="seconds after which an answer is not waited for")
    parser.add_argument("--with", dest="asked", action="append", default=[],
                        choices=[peer.name for peer in PEERS if peer.asked])  # fmt: skip
    parser.add_argument("--json", help="a file for all figures")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if given.threads < 1 or not given.seconds > 0:
        parser.error("--threads and --seconds are positive")
    return given


# What single kernels do: scans, order, indexing, movements and draws. `./run bench` has them beside libtorch alone.
SINGLE_KERNELS = (
    "cumsum/1000x1000/", "cumsum/1M", "cumprod/", "cummax/", "logcumsumexp/", "prod/1000x50/", "argmax/", "sort/20/",
    "sort/1000/", "topk/5_of_20/", "kthvalue/", "median/", "gather/", "take/", "index_add/", "transpose/", "permute/",
    "flip/", "roll/", "pad/", "concat/", "slice/", "uniform/", "normal/", "randint/")  # fmt: skip


def names_of_cases(program):
    """Those of xgrad and libtorch but compositions, which write other cases in another way, and single kernels."""
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    return [name for name in listed if not name.endswith("/composition") and not name.startswith(SINGLE_KERNELS)]


def check_tables(names):
    wrong = agreement.disagreements(names)
    for line in wrong:
        print(line, file=sys.stderr)
    return not wrong


def pin(threads):
    """To the last of the cores that there are: the first ones have more to do with everything else."""
    there = sorted(os.sched_getaffinity(0))
    if threads > len(there):
        sys.exit(f"run bench --peers: there are {len(there)} cores for {threads} threads")
    os.sched_setaffinity(0, there[-threads:])
    return there[-threads:]


def start(given, temporary, log):
    """The sides that there are, xgrad first, and what to say of the others."""
    interpreters, notes = [], []
    for peer in PEERS:
        if peer.asked and peer.name not in given.asked:
            notes.append(f"{peer.title}: left out, since {peer.reason} (--with {peer.name})")
            continue
        try:
            interpreters.append((peer, installed(peer, given.folder)))
        except NotInstalled as why:
            notes.append(f"{peer.title}: not installed: {why}")
    cores = pin(given.threads)
    serve = [given.compare, "--serve", "--threads", str(given.threads)]
    sides = [Side(key, Process(serve, None, log), given.limit) for key in ("xgrad", "libtorch")]
    sides[1].title = "libtorch 1.13 (Debian)"
    for peer, python in interpreters:
        for module in peer.sides:
            environment = environment_of(given.threads, sides[0].blas, temporary)
            process = worker(python, module, given.threads, environment, log)
            try:
                sides.append(Side(f"{peer.name}:{module}", process, given.limit))
            except Gone as why:
                notes.append(f"{peer.title}: does not start: {why}")
                continue
            if peer.name == "torch-debian":
                sides[-1].title = sides[-1].title.replace(",", " (Debian),")
    return sides, notes, cores


def set_up(side, name, temporary):
    """What the first call took, the tolerance, what the results are, and how far apart they may lie beside it."""
    answer = side.ask("setup", side.key, name)
    if "missing" in answer:
        return answer
    path = os.path.join(temporary, "results")
    side.ask("results", path)
    answer["results"], answer["amplified"] = read_arrays(path), []
    if side.key == "libtorch" and side.ask("amplified", path)["arrays"]:
        answer["amplified"] = read_arrays(path)
    return answer


def compared(sides, name, temporary):
    """For each side what its first call took, or why it is not timed; and the sides that are."""
    cells, ready, ours, beside = {}, [], None, []
    for side in sides:
        try:
            answer = set_up(side, name, temporary)
            if "missing" in answer:
                cells[side.key] = {"missing": answer["missing"]}
                continue
            if side.key == "xgrad":
                ours, tolerance = answer["results"], answer["tolerance"]
            if side.key == "libtorch":
                beside = answer["amplified"]
            differs = difference(ours, answer["results"], tolerance, beside)
        except Gone as why:
            if side.key == "xgrad":
                raise
            cells[side.key] = {"failed": str(why)}
            continue
        cells[side.key] = {"differs": differs} if differs else {"first_us": answer["first_us"]}
        if not differs:
            ready.append(side)
    return cells, ready


def timed(cells, ready, seconds):
    """Medians of samples that the sides take in turn; one that fails meanwhile is told."""
    samples, began = {side.key: [] for side in ready}, time.monotonic()
    for turn in range(TURNS):
        if turn >= 3 and time.monotonic() - began > 2 * seconds:
            break
        for side in [side for side in ready if "failed" not in cells[side.key]]:
            try:
                samples[side.key].append(side.ask("turn", seconds / TURNS / len(ready))["us"])
            except Gone as why:
                cells[side.key]["failed"] = str(why)
    for side in [side for side in ready if "failed" not in cells[side.key]]:
        of_each_setting = [sum(parts, []) for parts in zip(*samples[side.key])]
        cells[side.key]["us"] = min(map(statistics.median, of_each_setting))
        side.ask("drop")


def main():
    given = arguments()
    names = names_of_cases(given.compare)
    if not check_tables(names):
        sys.exit("run bench --peers: the sides' tables of cases do not agree")
    names = [name for name in names if given.filter.search(name)]
    if not names:
        sys.exit(f"run bench --peers: no case matches '{given.filter.pattern}'")
    if given.list:
        report.print_list(names, {side: agreement.missing(side) for side in agreement.SIDES})
        return
    folder = pathlib.Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, open(folder / "log.txt", "w") as log:
        sides, notes, cores = start(given, temporary, log)
        table = report.Table(sides, notes, cores, given)
        for name in names:
            try:
                cells, ready = compared(sides, name, temporary)
            except Gone as why:
                table.fail(name, why)
                continue
            timed(cells, ready, given.seconds)
            table.add(name, cells)
        for side in sides:
            side.process.end()
    table.finish()
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main()
