"""A server of the line protocol on asyncio, from the Python standard library alone.

For each line of its standard input it starts one more server, with a store of its own, and prints its
port. It ends with its standard input.
"""

import asyncio
import base64
import json
import sys

EPOCH_MS = 1672531200000
QUEUE_LENGTH = 10000


def time_of(message_id):
    return EPOCH_MS + ((message_id >> 22) & 0x7FFFFFFFFF)


def split_arguments(line):
    arguments, at = [], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] == '"':
            end = line.index('"', at + 1)
            arguments.append(line[at + 1 : end])
            at = end + 1
        else:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            arguments.append(line[at:end])
            at = end
    return arguments


def decode(argument):
    if argument.startswith("JSON:"):
        return base64.b64decode(argument[5:], validate=True).decode()
    return argument


def encode(text):
    if text.startswith(("{", "[")) or '"' in text:
        return "JSON:" + base64.b64encode(text.encode()).decode()
    return f'"{text}"' if " " in text or not text else text


class Client:
    def __init__(self, writer):
        self.writer = writer
        self.queue = asyncio.Queue(QUEUE_LENGTH)
        self.task = asyncio.create_task(self.send_all())

    def push(self, line):
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(line)

    async def send_all(self):
        while True:
            self.writer.write((await self.queue.get() + "\r\n").encode())
            await self.writer.drain()


class Server:
    def __init__(self):
        self.topics = {}
        self.by_id = {}
        self.subscribers = {}
        self.commands = {
            "PING": self.ping,
            "PUBLISH": self.publish,
            "SUBSCRIBE": self.subscribe,
            "UNSUBSCRIBE": self.unsubscribe,
            "STORE_MESSAGE": self.store_message,
            "GET_MESSAGES": self.get_messages,
            "GET_MESSAGES_SINCE": self.get_messages_since,
            "GET_MESSAGES_BY_ID": self.get_messages_by_id,
        }

    def ping(self, client):
        return "PONG"

    def subscribe(self, client, topic):
        self.subscribers.setdefault(topic, set()).add(client)
        return "OK SUBSCRIBED " + encode(topic)

    def unsubscribe(self, client, topic):
        self.subscribers.get(topic, set()).discard(client)
        return "OK UNSUBSCRIBED " + encode(topic)

    def publish(self, client, topic, text):
        return f"OK {self.hand_out(topic, text)}"

    def hand_out(self, topic, text):
        subscribers = self.subscribers.get(topic, ())
        for subscriber in subscribers:
            subscriber.push(f"MESSAGE {encode(topic)} {encode(text)}")
        return len(subscribers)

    def store_message(self, client, namespace, topic, text):
        message = json.loads(text)
        self.topics.setdefault(topic, {})[namespace, message["id"]] = message
        self.by_id[namespace, message["id"]] = message
        self.hand_out(topic, text)
        return "OK STORED"

    def sorted_messages(self, topic):
        return sorted(self.topics.get(topic, {}).values(), key=lambda message: message["id"])

    def get_messages(self, client, topic):
        return messages_reply(self.sorted_messages(topic))

    def get_messages_since(self, client, topic, since):
        since = int(since)
        later = [
            message
            for message in self.sorted_messages(topic)
            if (time_of(message["id"]), message["id"]) > (time_of(since), since)
        ]
        return messages_reply(later)

    def get_messages_by_id(self, client, namespace, ids):
        found = [self.by_id.get((namespace, each)) for each in json.loads(ids)]
        return messages_reply([message for message in found if message is not None])

    def reply(self, client, line):
        try:
            word, *arguments = split_arguments(line)
            arguments = [decode(argument) for argument in arguments]
            return self.commands[word.upper()](client, *arguments)
        except Exception as error:
            return 'ERROR "{}"'.format(str(error).replace('"', "'"))

    async def serve(self, reader, writer):
        client = Client(writer)
        try:
            while line := await reader.readline():
                writer.write((self.reply(client, line.decode().strip("\r\n")) + "\r\n").encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            for subscribers in self.subscribers.values():
                subscribers.discard(client)
            client.task.cancel()
            writer.close()


def messages_reply(messages):
    return "MESSAGES " + encode(json.dumps(messages))


async def main():
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, limit=2**26)
        print(server.sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    asyncio.run(main())
