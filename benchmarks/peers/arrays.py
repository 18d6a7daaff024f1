"""Arrays in files, as benchmarks/serve.cpp writes them, and how far they lie apart."""

import numpy


def write_arrays(arrays, path):
    with open(path, "wb") as file:
        numpy.array([len(arrays), *(array.size for array in arrays)], numpy.int64).tofile(file)
        for array in arrays:
            numpy.ascontiguousarray(array, numpy.float64).tofile(file)


def read_arrays(path):
    with open(path, "rb") as file:
        count = int(numpy.fromfile(file, numpy.int64, 1)[0])
        sizes = numpy.fromfile(file, numpy.int64, count)
        return [numpy.fromfile(file, numpy.float64, size) for size in sizes]


def difference(ours, theirs, tolerance, amplified=()):
    """What differs by more than `tolerance` of the largest number of its array and what is amplified; None if nothing.

    A number that is not finite differs from everything.
    """
    if len(ours) != len(theirs):
        return f"{len(ours)} and {len(theirs)} arrays"
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a.size != b.size:
            return f"array {i} has {a.size} and {b.size} numbers"
        beside = amplified[i] if len(amplified) else 0
        far = ~(numpy.abs(a - b) <= tolerance * numpy.abs(b).max(initial=0) + beside)
        if far.any():
            j = int(numpy.argmax(far))
            return f"number {j} of array {i} is {a[j]:.9g} and {b[j]:.9g}; {int(far.sum())} of {a.size} differ"
    return None
