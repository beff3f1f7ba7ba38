"""A client of the line protocol, from the Python standard library alone, and what it expects of a server.

Usage: line_client.py port     ends with 0 if the server does all that is asked of it here.
"""

import base64
import json
import queue
import socket
import sys
import threading

EPOCH_MS = 1672531200000
TIMEOUT_SECONDS = 30


def message_id(priority, time_ms, sequence=0, machine=7):
    return priority << 61 | (time_ms - EPOCH_MS) << 22 | machine << 12 | sequence


def encode(argument):
    if not isinstance(argument, str):
        argument = json.dumps(argument)
    if argument.startswith(("{", "[")) or '"' in argument:
        return "JSON:" + base64.b64encode(argument.encode()).decode()
    return f'"{argument}"' if " " in argument else argument


def decode(argument):
    if argument.startswith("JSON:"):
        return json.loads(base64.b64decode(argument[5:]))
    return argument[1:-1] if argument.startswith('"') else argument


def split(line):
    """An argument in quotes is one, even with spaces in it."""
    parts = []
    for i, part in enumerate(line.split('"')):
        parts += [f'"{part}"'] if i % 2 else part.split()
    return parts


class Refused(Exception):
    pass


class Client:
    """Replies arrive in the order of the commands; pushes arrive between them."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.replies = queue.Queue()
        self.pushes = queue.Queue()
        threading.Thread(target=self.read_all, daemon=True).start()

    def read_all(self):
        with self.socket.makefile("rb") as lines:
            for line in lines:
                assert line.endswith(b"\r\n"), line
                text = line[:-2].decode()
                if text.startswith("MESSAGE "):
                    _, topic, data = split(text)
                    self.pushes.put((decode(topic), decode(data)))
                else:
                    self.replies.put(text)

    def send(self, *words):
        line = " ".join([words[0], *map(encode, words[1:])])
        self.socket.sendall((line + "\r\n").encode())

    def reply(self):
        text = self.replies.get(timeout=TIMEOUT_SECONDS)
        if text.startswith("ERROR"):
            raise Refused(split(text)[1])
        return text

    def ask(self, *words):
        self.send(*words)
        return self.reply()

    def messages(self, *words):
        word, data = split(self.ask(*words))
        assert word == "MESSAGES", word
        return decode(data)

    def ids(self, *words):
        return [message["id"] for message in self.messages(*words)]

    def store(self, topic, message, namespace="interop"):
        assert self.ask("STORE_MESSAGE", namespace, topic, message) == "OK STORED"

    def pushed(self):
        return self.pushes.get(timeout=TIMEOUT_SECONDS)


def message(identifier, **payload):
    return {
        "id": identifier,
        "sender": {"id": "python", "name": "Python"},
        "topics": "t",
        "payload": payload,
        "format": "generic_json",
        "priority": identifier >> 61,
        "thread": [identifier, 2**64 - 1],
        "ttl": None,
        "an_unknown_field": {"deep": [2**70, None, "ü"]},
    }


def expect(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def check_words(client):
    expect(client.ask("PING"), "PONG")
    expect(client.ask("ping"), "PONG")
    client.socket.sendall(b"PING\nPING\r\n")
    expect([client.reply(), client.reply()], ["PONG", "PONG"])
    expect(client.ask("SUBSCRIBE", "a"), "OK SUBSCRIBED a")
    expect(client.ask("UNSUBSCRIBE", "a"), "OK UNSUBSCRIBED a")
    expect(client.ask("SUBSCRIBE", "two words"), 'OK SUBSCRIBED "two words"')
    expect(client.ask("UNSUBSCRIBE", "two words"), 'OK UNSUBSCRIBED "two words"')


def check_messages(client):
    now = EPOCH_MS + 10**10
    normal, urgent, later = (
        message_id(4, now),
        message_id(0, now + 1),
        message_id(4, now, sequence=1),
    )
    sent = [message(each, text="naïve 日本語 😀", n=each) for each in (later, normal, urgent)]
    for each in sent:
        client.store("ordered", each)
    expect(client.messages("GET_MESSAGES", "ordered"), [sent[2], sent[1], sent[0]])
    expect(client.ids("GET_MESSAGES_SINCE", "ordered", str(normal)), [urgent, later])
    expect(client.ids("GET_MESSAGES_SINCE", "ordered", str(urgent)), [])
    expect(client.ids("GET_MESSAGES_BY_ID", "interop", [later, 5, urgent]), [later, urgent])
    expect(client.ids("GET_MESSAGES_BY_ID", "elsewhere", [later]), [])
    expect(client.ids("GET_MESSAGES", "nothing"), [])
    client.store("two words", sent[0])
    expect(client.ids("GET_MESSAGES", "two words"), [later])


def check_pushes(client, other):
    expect(other.ask("SUBSCRIBE", "news"), "OK SUBSCRIBED news")
    expect(other.ask("SUBSCRIBE", "world news"), 'OK SUBSCRIBED "world news"')
    stored = message(9737962806006804483, a=[1, {"b": "c"}])
    client.store("news", stored)
    expect(other.pushed(), ("news", stored))
    client.store("world news", stored)
    expect(other.pushed(), ("world news", stored))
    expect(client.ask("PUBLISH", "news", "plain"), "OK 1")
    expect(client.ask("PUBLISH", "news", "with space"), "OK 1")
    expect(client.ask("PUBLISH", "news", {"any": ["json", 2**64]}), "OK 1")
    expect(
        [other.pushed() for _ in range(3)],
        [("news", "plain"), ("news", "with space"), ("news", {"any": ["json", 2**64]})],
    )
    expect(other.ask("UNSUBSCRIBE", "news"), "OK UNSUBSCRIBED news")
    expect(client.ask("PUBLISH", "news", "none"), "OK 0")
    expect(client.ask("PUBLISH", "world news", "last"), "OK 1")
    expect(other.pushed(), ("world news", "last"))


def check_own_pushes(client):
    """Pushes arrive between the replies, and the replies keep their order."""
    client.ask("SUBSCRIBE", "own")
    for n in range(500):
        client.send("STORE_MESSAGE", "interop", "own", message(message_id(4, EPOCH_MS + n), n=n))
        client.send("PING")
    for _ in range(500):
        expect([client.reply(), client.reply()], ["OK STORED", "PONG"])
    expect([client.pushed()[1]["payload"]["n"] for _ in range(500)], list(range(500)))
    client.ask("UNSUBSCRIBE", "own")


def check_large(client):
    large = message(1, text="é" * 1_000_000)
    client.store("large", large)
    expect(client.messages("GET_MESSAGES", "large"), [large])


def check_refusals(client):
    rejected = [
        b"NONSENSE",
        b"GET_MESSAGES",
        b'GET_MESSAGES "open',
        b"STORE_MESSAGE n t JSON:!!!!",
        b"STORE_MESSAGE n t JSON:eyI=",
        b"GET_MESSAGES_SINCE t soon",
    ]
    for line in rejected:
        client.socket.sendall(line + b"\r\n")
        try:
            reply = client.reply()
        except Refused:
            expect(client.ask("PING"), "PONG")
        else:
            raise AssertionError(f"{line} got the reply {reply}")


def main():
    port = int(sys.argv[1])
    client, other = Client(port), Client(port)
    check_words(client)
    check_messages(client)
    check_pushes(client, other)
    check_own_pushes(client)
    check_large(client)
    check_refusals(client)
    print("passed")


main()
