"""Loads a library, counts in it and unloads it, some times over. Shows how many of the loads left
it mapped, how much address space and how many descriptors more there are at the end, and the exit
status of a forked child.

unload.py NAME FILE TIMES
"""

import _ctypes
import ctypes
import os
import sys
import threading
import time

name, file, times = sys.argv[1], sys.argv[2], int(sys.argv[3])


def in_a_thread(run):
    """What a library has for a thread keeps it loaded until the thread is gone."""
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    while len(os.listdir("/proc/self/task")) > 1:
        time.sleep(0.001)


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")


def load():
    handles = []

    def count():
        library = ctypes.CDLL(file)
        handles.append(library._handle)
        start, inc = getattr(library, name + "_start"), getattr(library, name + "_inc")
        start.argtypes, start.restype = [ctypes.c_size_t], ctypes.c_bool
        inc.argtypes = [ctypes.c_double] * 2
        assert start(0)
        inc(1, 2)
        assert getattr(library, name + "_count")() == 1

    in_a_thread(count)
    _ctypes.dlclose(handles[0])
    with open("/proc/self/maps") as maps:
        return file in maps.read()


left = load()
space, descriptors = address_space(), len(os.listdir("/proc/self/fd"))
for _ in range(times):
    left += load()
space, descriptors = address_space() - space, len(os.listdir("/proc/self/fd")) - descriptors
child = os.fork()
if child == 0:
    os._exit(0)
print(int(left), space >> 30, descriptors, os.waitpid(child, 0)[1])
