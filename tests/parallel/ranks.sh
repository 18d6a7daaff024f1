#!/usr/bin/env bash
# ranks.sh MPIEXEC RANKS PROGRAM ARGUMENTS...: runs a program on so many ranks of this machine, more than it has cores
# perhaps, with one thread each unless XGRAD_NUM_THREADS says otherwise, and without a network. (Other MPIs do not look
# at what Open MPI is told here.)
set -euo pipefail
mpiexec=$1 ranks=$2
shift 2
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_pml=ob1
export OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_orte_base_help_aggregate=0
export XGRAD_NUM_THREADS=${XGRAD_NUM_THREADS:-1} OPENBLAS_NUM_THREADS=${XGRAD_NUM_THREADS:-1}
exec "$mpiexec" -n "$ranks" "$@"
