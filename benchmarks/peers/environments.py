"""The peers' virtual environments, made where they are asked for; pinned versions, each peer by itself."""

import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

from process import Process

HERE = pathlib.Path(__file__).parent
WORKER = HERE / "worker.py"


@dataclass
class Peer:
    name: str  # in the options, and of requirements/NAME.txt
    title: str
    sides: tuple  # modules that worker.py runs
    asked: bool = False  # only where it is asked for by name
    reason: str = ""  # why


PEERS = [
    Peer("jax", "JAX", ("jax_side",)),
    Peer("mlx", "MLX", ("mlx_side",)),
    Peer("torch", "PyTorch 2", ("torch_side:eager", "torch_side:compile"), True, "its wheel is several GB"),
    Peer("torch-debian", "PyTorch 1.13 (Debian)", ("torch_side:eager",), True,
         "it is libtorch's own version, driven from Python"),
]  # fmt: skip


class NotInstalled(Exception):
    pass


def installed(peer, folder):
    """The interpreter that has the peer."""
    if peer.name == "torch-debian":
        if subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode != 0:
            raise NotInstalled("the package python3-torch is not installed")
        return sys.executable
    requirements = HERE / "requirements" / f"{peer.name}.txt"
    environment = pathlib.Path(folder) / peer.name
    stamp, python = environment / "installed.txt", environment / "bin" / "python"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return str(python)
    print(f"{peer.title}: installing {', '.join(requirements.read_text().split())}", file=sys.stderr)
    for command in ([sys.executable, "-m", "venv", "--clear", environment],
                    [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]):
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines() or [""]
            raise NotInstalled(errors[-1].strip())
    stamp.write_text(requirements.read_text())
    return str(python)


def environment_of(threads, blas, temporary):
    """Threads pinned, nothing compiled before, and the kernels of OpenBLAS that are the fastest here."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
    count = str(threads)
    environment |= {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    environment |= {"TMPDIR": temporary, "PYTHONDONTWRITEBYTECODE": "1", "JAX_PLATFORMS": "cpu"}
    if blas.startswith("OpenBLAS, "):
        environment["OPENBLAS_CORETYPE"] = blas.removeprefix("OpenBLAS, ")
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return environment


def worker(python, side, threads, environment, log):
    return Process([python, str(WORKER), side, str(threads)], environment, log)
