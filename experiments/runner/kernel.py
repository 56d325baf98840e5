"""A notebook's kernel that never outlives the process that started it: `python -m experiments.runner.kernel -f FILE`.

A kernel left behind by a killed runner would hold memory and the GPU. Linux kills this one the moment its parent dies,
however it dies; elsewhere ipykernel's own poller notices within a second.
"""

from __future__ import annotations

import logging
import os

from experiments.runner.machine import die_first, die_with_parent

if __name__ == "__main__":
    die_with_parent(int(os.environ["JPY_PARENT_PID"]))
    die_first()
    # ipykernel turns stdout and stderr into notebook output; the run's log keeps its own way out
    logging.basicConfig(stream=os.fdopen(os.dup(2), "w"), format="%(asctime)s %(message)s")
    logging.getLogger("s6core").setLevel(logging.INFO)
    from ipykernel import kernelapp  # takes a second, in which the parent may die

    kernelapp.launch_new_instance()
