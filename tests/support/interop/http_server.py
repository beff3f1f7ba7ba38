"""A server of the HTTP protocol on http.server, from the Python standard library alone.

Usage: http_server.py [HTTP/1.0 [single]]   keeps connections alive; with HTTP/1.0 it closes them, as http.server
does by default; with single it serves one request at a time

For each line of its input it starts a server with a store of its own, and prints its port; it ends with
its input.
"""

import json
import re
import sys
import threading
import time
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

EPOCH_MS = 1672531200000


def time_of(message):
    found = message.get("timestamp")
    return found if found is not None else EPOCH_MS + ((message["id"] >> 22) & 0x7FFFFFFFFF)


def matcher(pattern):
    escaped = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(escaped + r"\Z", re.DOTALL)


def check_name(name):
    control = any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in name)
    if len(name) > 1024 or control:
        raise ValueError(f"{name[:50]!r} cannot be a name")
    return name


class Subscriber:
    def __init__(self):
        self.topics, self.patterns, self.queue = set(), {}, deque(maxlen=10000)


class Store:
    def __init__(self):
        self.changed = threading.Condition()
        self.started = time.time()
        self.topics = defaultdict(dict)
        self.by_id = {}
        self.subscribers = {}
        self.strings, self.hashes, self.sets = {}, defaultdict(dict), defaultdict(list)

    def live(self, topic):
        now = time.time()
        kept = {k: v for k, v in self.topics.get(topic, {}).items() if v[1] is None or v[1] > now}
        if topic in self.topics:
            self.topics[topic] = kept
        return sorted((message for message, _ in kept.values()), key=lambda m: m["id"])

    def hand_out(self, topic, entry):
        reached = 0
        for subscriber in self.subscribers.values():
            if topic in subscriber.topics:
                subscriber.queue.append({"type": "message", **entry})
                reached += 1
            for pattern, matches in subscriber.patterns.items():
                if matches.match(topic):
                    subscriber.queue.append({"type": "pmessage", "pattern": pattern, **entry})
                    reached += 1
        self.changed.notify_all()
        return reached

    def store_message(self, body):
        message, topic = body["message"], check_name(body["topic"])
        check_name(body["namespace"])
        ttl = body.get("ttl") or message.get("ttl")
        expires = time.time() + ttl if ttl else None
        key = (body["namespace"], message["id"])
        self.topics[topic][key] = (message, expires)
        self.by_id[key] = (message, expires)
        self.hand_out(topic, {"topic": topic, "data": message})
        return {"status": "success"}

    def subscriber_of(self, body):
        return self.subscribers.setdefault(body["subscriber_id"], Subscriber())

    def subscribe(self, body):
        self.subscriber_of(body).topics.add(check_name(body["topic"]))
        return {"status": "subscribed"}

    def unsubscribe(self, body):
        self.subscriber_of(body).topics.discard(body["topic"])
        return {"status": "unsubscribed"}

    def psubscribe(self, body):
        self.subscriber_of(body).patterns[body["pattern"]] = matcher(body["pattern"])
        return {"status": "psubscribed"}

    def punsubscribe(self, body):
        self.subscriber_of(body).patterns.pop(body["pattern"], None)
        return {"status": "punsubscribed"}

    def publish(self, body):
        channel = body["channel"]
        data = {"channel": channel, "data": body["message"], "timestamp": time.time()}
        return {"subscribers": self.hand_out(channel, {"channel": channel, "data": data})}

    def set_string(self, body):
        ex = body.get("ex")
        self.strings[body["key"]] = (body["value"], time.time() + ex if ex else None)
        return {"status": "OK"}

    def hset(self, body):
        self.hashes[body["key"]][body["field"]] = body["value"]
        return {"status": "OK"}

    def sadd(self, body):
        members = body["members"] if isinstance(body["members"], list) else [body["members"]]
        known = self.sets[body["key"]]
        added = 0
        for member in members:
            if member not in known:
                known.append(member)
                added += 1
        return {"added": added}

    def messages_by_id(self, _, query):
        now = time.time()
        found = [self.by_id.get((query["namespace"][0], int(i))) for i in query.get("ids", [])]
        return [f[0] for f in found if f is not None and (f[1] is None or f[1] > now)]

    def messages_since(self, args, _):
        return [m for m in self.live(args[0]) if time_of(m) > float(args[1])]

    def get_string(self, args, _):
        value, expires = self.strings.get(args[0], (None, None))
        return {"value": None if expires is not None and expires <= time.time() else value}

    def poll(self, _, query):
        deadline = time.monotonic() + float(query.get("timeout", ["30"])[0])
        subscriber = self.subscribers.get(query["subscriber_id"][0])
        if subscriber is None:
            return {"messages": []}
        while not subscriber.queue:
            rest = deadline - time.monotonic()
            if rest <= 0 or not self.changed.wait(rest):
                break
        count = min(100, len(subscriber.queue))
        return {"messages": [subscriber.queue.popleft() for _ in range(count)]}

    def stats(self, _args, _query):
        subscribers = self.subscribers.values()
        return {
            "status": "running",
            "uptime": time.time() - self.started,
            "topics": len(self.topics),
            "total_messages": sum(len(each) for each in self.topics.values()),
            "subscriptions": sum(len(each.topics) for each in subscribers),
            "pattern_subscriptions": sum(len(each.patterns) for each in subscribers),
        }


POSTS = {
    "store_message": Store.store_message,
    "subscribe": Store.subscribe,
    "unsubscribe": Store.unsubscribe,
    "psubscribe": Store.psubscribe,
    "punsubscribe": Store.punsubscribe,
    "publish": Store.publish,
    "set": Store.set_string,
    "hset": Store.hset,
    "sadd": Store.sadd,
}
GETS = {
    "messages": lambda store, args, _: store.live(args[0]),
    "messages_since": Store.messages_since,
    "messages_by_id": Store.messages_by_id,
    "poll": Store.poll,
    "get": Store.get_string,
    "hget": lambda store, args, _: {"value": store.hashes.get(args[0], {}).get(args[1])},
    "smembers": lambda store, args, _: {"members": store.sets.get(args[0], [])},
    "health": lambda _store, _args, _query: {"status": "healthy"},
    "stats": Store.stats,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = sys.argv[1] if len(sys.argv) > 1 else "HTTP/1.1"
    # Head and body are two writes, which Nagle's algorithm would keep apart for 40 ms.
    disable_nagle_algorithm = True

    def reply(self, work):
        try:
            with self.server.store.changed:
                status, text = 200, json.dumps(work())
        except Exception as error:
            status, text = 500, json.dumps({"error": f"{type(error).__name__}: {error}"})
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(lambda: POSTS[self.path.strip("/")](self.server.store, json.loads(text)))

    def do_GET(self):
        parts = urlsplit(self.path)
        call, *args = [unquote(segment) for segment in parts.path.split("/")[1:]]
        self.reply(lambda: GETS[call](self.server.store, args, parse_qs(parts.query)))

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class SingleServer(HTTPServer):
    request_queue_size = 128


def main():
    for _ in sys.stdin:
        make = SingleServer if "single" in sys.argv else Server
        server = make(("127.0.0.1", 0), Handler)
        server.store = Store()
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    main()
