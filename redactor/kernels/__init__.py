"""Sample loops in numba: plain loops, output passed in or worked on in place, no I/O."""
