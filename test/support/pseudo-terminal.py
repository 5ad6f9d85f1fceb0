"""Runs a command in a pseudo-terminal of a given size: pseudo-terminal.py COLUMNS ROWS COMMAND...

What the command draws comes out of stdout, what comes in by stdin is typed. `ESC [ 8 ; ROWS ; COLUMNS t`, typed alone, gives
the terminal another size; a reader that is gone closes it. Exits as the command does, 128 + signal
where a signal ended it.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def resize(to, rows, columns):
    fcntl.ioctl(to, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    # The size is set before the program looks at it.
    resize(0, rows, columns)
    os.execvp(command[0], command)

watched = [terminal, 0]
while True:
    ready, _, _ = select.select(watched, [], [])
    if 0 in ready:
        typed = os.read(0, 4096)
        size = re.fullmatch(rb"\x1b\[8;(\d+);(\d+)t", typed)
        if size:
            resize(terminal, int(size[1]), int(size[2]))
        elif typed:
            os.write(terminal, typed)
        else:
            watched.remove(0)
    if terminal in ready:
        try:
            drawn = os.read(terminal, 65536)
        except OSError:
            drawn = b""
        if not drawn:
            break
        os.write(1, drawn)

_, status = os.waitpid(child, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
