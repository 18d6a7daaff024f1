"""Which libraries of linear algebra this process has loaded, but that of numpy, which serves for inputs alone."""

import os
import re


def loaded_blas():
    with open("/proc/self/maps") as maps:
        names = {os.path.basename(line.split()[-1]) for line in maps if ".so" in line}
    return ", ".join(sorted(name for name in names if re.search(r"^lib(blas|openblas|mkl|dnnl|blis)", name))) or "of its own"
