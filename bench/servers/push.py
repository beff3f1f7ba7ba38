"""The time from a store on one connection to its push on another, with blocking sockets.

Usage: push.py protocol port count     prints the median in microseconds.

A client in Python for all: its calls return as soon as the kernel has the bytes, and it costs each server
the same.
"""

import base64
import json
import socket
import statistics
import sys
import time


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def message(n):
    return json.dumps(
        {
            "id": 9737962806006804483 + n,
            "sender": {"id": "bench", "name": "Bench"},
            "topics": "bench",
            "payload": {"task": "process_data", "text": "x" * 64},
            "format": "generic_json",
            "timestamp": 1993000000000 + n,
            "priority": 4,
        }
    ).encode()


def resp(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def line_store(text):
    return b"STORE_MESSAGE bench pushed JSON:" + base64.b64encode(text) + b"\r\n"


# Before a measurement a server executes this part of its commands: a program in JavaScript is compiled while
# it runs.
WARM_UP = 1 / 5

PROTOCOLS = {
    "line": (b"SUBSCRIBE pushed\r\n", line_store),
    "redis": (resp(b"SUBSCRIBE", b"pushed"), lambda text: resp(b"PUBLISH", b"pushed", text)),
}


def main():
    protocol, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    subscribe, store = PROTOCOLS[protocol]
    writer, reader = connect(port), connect(port)
    reader.sendall(subscribe)
    reader.recv(65536)
    micros = []
    warm_up = int(count * WARM_UP)
    for n in range(warm_up + count):
        command = store(message(n))
        begun = time.perf_counter()
        writer.sendall(command)
        reader.recv(65536)
        micros.append((time.perf_counter() - begun) * 1e6)
        writer.recv(65536)
    print(statistics.median(micros[warm_up:]))


main()
