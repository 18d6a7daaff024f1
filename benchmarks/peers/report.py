"""The table that is printed, and the figures in JSON."""

import json
import math
import platform
import re
import sys

CASE, COLUMN = 40, 22  # widths


def cpu():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def vectors():
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "neither AVX2")


def geometric_mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def short(us):
    return f"{us:.1f}" if us < 100 else f"{us:,.0f}"


def label(side):
    """PyTorch 2.15 eager."""
    return re.sub(r"(\d+\.\d+)[^,(]*(, | ?\(.*)?", lambda found: found[1] + " " * (found[2] == ", "), side.title).strip()


def print_list(names, missing):
    for name in names:
        without = [f"not {side}: {cases[name]}" for side, cases in missing.items() if name in cases]
        print(name + (f"  ({'; '.join(without)})" if without else ""))
    print(f"{len(names)} cases; the tables of all sides agree on them")


class Table:
    """One line for each case: xgrad's median, and for each peer its median and the ratio of xgrad's to it."""

    def __init__(self, sides, notes, cores, given):
        self.sides, self.notes, self.given = sides, notes, given
        self.peers = [side for side in sides if side.key != "xgrad"]
        self.cases, self.failed = {}, False
        self.machine = {"processor": cpu(), "vectors": vectors(), "system": platform.platform(),
                        "cores": cores, "threads": given.threads}  # fmt: skip
        print(f"{self.machine['processor']}, {self.machine['vectors']}, cores {cores}, {given.threads} thread(s)")
        for side in sides:
            print(f"{side.title}: BLAS {side.blas}")
        for note in notes:
            print(note)
        print("Medians in microseconds; behind each the ratio of xgrad's to it.\n")
        self.head()

    def head(self):
        self.row("case", "xgrad", [side.title for side in self.peers], "best peer", "ratio")
        self.row("---", "--:", ["--:"] * len(self.peers), "---", "--:")

    def row(self, case, ours, cells, best, ratio):
        widths = [max(COLUMN, len(side.title)) for side in self.peers]
        cells = " | ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths))
        print(f"| {case:<{CASE}} | {ours:>10} | {cells} | {best:<20} | {ratio:>6} |", flush=True)

    def figures(self, name, figure):
        """The row of a case: medians, or what the first calls took."""
        cells, texts = self.cases[name], []
        for side in self.peers:
            cell, ratio = cells[side.key], self.ratio(name, side, figure)
            why = next((word for word in ("missing", "failed", "differs") if word in cell), "")
            texts.append(why or f"{short(cell[figure])} ({ratio:.{2 if figure == 'us' else 4}f})")
        ratio, side = self.best(name, figure)
        self.row(name, short(cells["xgrad"][figure]) if figure in cells["xgrad"] else "failed", texts,
                 label(side) if side else "", f"{ratio:.2f}" if ratio else "")  # fmt: skip

    def ratio(self, name, side, figure="us"):
        cells = self.cases[name]
        ours, theirs = cells["xgrad"].get(figure), cells[side.key].get(figure)
        return ours / theirs if ours and theirs else None

    def best(self, name, figure="us"):
        """The ratio to the fastest peer, and which it is."""
        ratios = [(ratio, side) for side in self.peers if (ratio := self.ratio(name, side, figure)) is not None]
        return max(ratios, key=lambda each: each[0]) if ratios else (None, None)

    def add(self, name, cells):
        self.cases[name] = cells
        self.figures(name, "us")

    def fail(self, name, why):
        print(f"{name}: xgrad: {why}", file=sys.stderr)
        self.failed = True

    def means(self, figure):
        found = {}
        for side in self.peers:
            ratios = [r for name in self.cases if (r := self.ratio(name, side, figure)) is not None]
            found[side.key] = {"cases": len(ratios), "mean": geometric_mean(ratios), "worst": max(ratios, default=None)}
        return found

    def finish(self):
        print("\nFirst calls, in microseconds, with tracing, planning and compiling:\n")
        self.head()
        for name in self.cases:
            self.figures(name, "first_us")
        best = [ratio for name in self.cases if (ratio := self.best(name)[0]) is not None]
        steady, first = self.means("us"), self.means("first_us")
        print("\nGeometric means of the ratios (the worst), steady state and first call:")
        for side in self.peers:
            s, f = steady[side.key], first[side.key]
            if s["cases"]:
                print(f"  {side.title}: {s['mean']:.3f} ({s['worst']:.2f}) and {f['mean']:.4f} ({f['worst']:.3f}),"
                      f" {s['cases']} cases")  # fmt: skip
        if best:
            print(f"  the best peer of each case: {geometric_mean(best):.3f} ({max(best):.2f}), {len(best)} cases;"
                  f" above 1.3: {sum(ratio > 1.3 for ratio in best)}")  # fmt: skip
        self.print_untimed()
        if self.given.json:
            self.write(steady, first, best)

    def print_untimed(self):
        for name, cells in self.cases.items():
            for side in self.peers:
                for word, text in cells[side.key].items():
                    if word in ("missing", "failed", "differs"):
                        print(f"{name}, {side.title}: {word}: {text}")
                        self.failed |= word == "differs"

    def write(self, steady, first, best):
        figures = {
            "machine": self.machine,
            "sides": {side.key: {"name": side.title, "blas": side.blas} for side in self.sides},
            "notes": self.notes,
            "seconds": self.given.seconds,
            "cases": self.cases,
            "means": {"steady": steady, "first": first, "best": geometric_mean(best) if best else None},
        }
        with open(self.given.json, "w") as file:
            json.dump(figures, file, indent=1)
