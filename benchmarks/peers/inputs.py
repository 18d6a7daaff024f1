"""What all sides start from: the numbers that benchmarks/inputs.cpp makes of the same arguments."""

import numpy


def drawn(count, seed):
    """32 bits each, as std::mt19937 gives them."""
    generator = numpy.random.MT19937()
    generator._legacy_seeding(seed)
    return generator.random_raw(count)


def uniform(shape, seed, low=-1.0, high=1.0):
    low, high = numpy.float32(low), numpy.float32(high)
    bits = (drawn(int(numpy.prod(shape)), seed) >> 8).astype(numpy.float32)
    return (low + (high - low) * bits * numpy.float32(2.0**-24)).reshape(shape)


def classes(count, number_of_classes, seed):
    return (drawn(count, seed) % number_of_classes).astype(numpy.int64)


def layers(sizes):
    """Weights [out, in] and biases [out] of linear layers, in turn, drawn from U(-1/sqrt(in), 1/sqrt(in))."""
    parameters = []
    for i in range(1, len(sizes)):
        bound = numpy.float32(1) / numpy.sqrt(numpy.float32(sizes[i - 1]))
        parameters.append(uniform((sizes[i], sizes[i - 1]), 100 * i, -bound, bound))
        parameters.append(uniform((sizes[i],), 100 * i + 1, -bound, bound))
    return parameters


def filled(shapes):
    """Values for the parameters of a module, in the order of their names."""
    return [uniform(shapes[name], 50 + i, -0.1, 0.1) for i, name in enumerate(sorted(shapes))]
