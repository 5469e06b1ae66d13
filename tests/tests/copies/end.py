"""Ends while threads of a library count.

end.py NAME FILE
"""

import ctypes
import sys

name, file = sys.argv[1:]
library = ctypes.CDLL(file)
start = getattr(library, name + "_start")
start.argtypes, start.restype = [ctypes.c_size_t], ctypes.c_bool
assert start(0)
getattr(library, name + "_keep_counting")()
while getattr(library, name + "_count")() < 10_000:
    pass
