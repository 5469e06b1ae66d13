"""Loads libraries into one process, counts in each from two threads, and shows the counts.

load.py local|global NAME=FILE ...
"""

import ctypes
import sys
import threading

mode = {"local": ctypes.RTLD_LOCAL, "global": ctypes.RTLD_GLOBAL}[sys.argv[1]]
libraries = []
for argument in sys.argv[2:]:
    name, file = argument.split("=", 1)
    library = ctypes.CDLL(file, mode=mode)
    start, inc = getattr(library, name + "_start"), getattr(library, name + "_inc")
    start.argtypes, start.restype = [ctypes.c_size_t], ctypes.c_bool
    inc.argtypes, inc.restype = [ctypes.c_double] * 2, ctypes.c_double
    counts = [getattr(library, name + what) for what in ("_count", "_overflow")]
    for count in counts:
        count.restype = ctypes.c_uint64
    libraries.append((start, inc, counts))

# The first has the smallest segment, and its cells must not be where another's records go.
for number, (start, _, _) in enumerate(libraries):
    assert start(65536 if number == 0 else 0)


def count():
    for _, inc, _ in libraries:
        assert inc(1.5, 2.25) == 3.75 * 1.5


count()
for _ in range(3):
    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
for _, _, counts in libraries:
    print(*(count() for count in counts))
