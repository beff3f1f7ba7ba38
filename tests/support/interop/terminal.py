"""Runs a program on a terminal: argv is a text to wait for, the keys to send then, and the program.

What it wrote to the terminal goes to the standard output, its exit code is ours. The variable COLUMNS sets
how wide the terminal is.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

awaited, keys, *program = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    if "COLUMNS" in os.environ:
        size = struct.pack("HHHH", 24, int(os.environ["COLUMNS"]), 0, 0)
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execvp(program[0], program)

output = b""
is_sent = False
deadline = time.monotonic() + 40
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    if not is_sent and awaited.encode() in output:
        os.write(terminal, keys.encode().decode("unicode_escape").encode())
        is_sent = True
else:
    os.kill(child, 9)
sys.stdout.buffer.write(output)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
