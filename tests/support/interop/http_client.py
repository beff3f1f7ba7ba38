"""A client of the HTTP protocol from the Python standard library alone, and what it expects of a server.

Usage: http_client.py URL [TOKEN]   prints "passed" if all is as it should be.
"""

import json
import sys
import threading
import time
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

EPOCH_MS = 1672531200000
BIG = 9737962806006804483


class Client:
    def __init__(self, url, token=None):
        self.url = url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def request(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, headers=self.headers, method=method)
        with urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def post(self, call, **body):
        return self.request(f"/{call}", body)

    def get(self, call, *args, **query):
        path = "/".join([f"/{call}", *(quote(str(arg), safe="") for arg in args)])
        return self.request(f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def store(self, topic, message, namespace="n", **more):
        return self.post(
            "store_message", namespace=namespace, topic=topic, message=message, **more
        )

    def poll(self, subscriber, timeout=30):
        return self.get("poll", subscriber_id=subscriber, timeout=timeout)["messages"]


def message(number, milliseconds=0, priority=4, **more):
    return {
        "id": (priority << 61) | (milliseconds << 22) | number,
        "sender": {"id": "py", "name": "Python"},
        "topics": "t",
        "payload": {"number": number, "text": "Grüße 😀"},
        "timestamp": EPOCH_MS + milliseconds,
        "priority": priority,
        **more,
    }


def rejects(call):
    try:
        call()
    except HTTPError as error:
        assert error.code >= 400
        assert "error" in json.loads(error.read())
        return True
    return False


def health(client):
    assert client.get("health") == {"status": "healthy"}


def messages(client):
    sent = [message(2, 5), message(1, 5, priority=0), message(3, 1, unknown={"z": [1, None], "a": BIG})]
    for each in sent:
        assert client.store("t 1/%", each) == {"status": "success"}
    expected = sorted(sent, key=lambda m: m["id"])
    found = client.get("messages", "t 1/%")
    assert found == expected
    assert json.dumps(found) == json.dumps(expected), "order of fields"
    assert client.get("messages", "nothing") == []


def big_ids(client):
    sent = message(0)
    sent["id"] = BIG
    client.store("big", {**sent, "thread": [BIG, 2**64 - 1], "payload": {"n": 2**70}})
    (found,) = client.get("messages", "big")
    assert (found["id"], found["thread"], found["payload"]["n"]) == (BIG, [BIG, 2**64 - 1], 2**70)


def since(client):
    for number, milliseconds in [(1, 10), (2, 20), (3, 30)]:
        client.store("since", message(number, milliseconds))
    numbers = lambda found: [each["payload"]["number"] for each in found]
    assert numbers(client.get("messages_since", "since", EPOCH_MS + 10)) == [2, 3]
    assert numbers(client.get("messages_since", "since", EPOCH_MS + 19.5)) == [2, 3]
    assert numbers(client.get("messages_since", "since", EPOCH_MS + 30)) == []


def by_id(client):
    one, two = message(1, 100), message(2, 100)
    client.store("ids", one, namespace="a b")
    client.store("ids", two, namespace="a b")
    ids = [two["id"], 5, one["id"]]
    assert client.get("messages_by_id", namespace="a b", ids=ids) == [two, one]
    assert client.get("messages_by_id", "", namespace="a b", ids=ids) == [two, one]
    assert client.get("messages_by_id", "", namespace="other", ids=ids) == []


def ttl(client):
    client.store("ttl", message(1), ttl=0.3)
    client.store("ttl", message(2, ttl=0.3))
    client.store("ttl", message(3, ttl=0.3), ttl=100)
    client.store("ttl", message(4, ttl=None), ttl=None)
    assert len(client.get("messages", "ttl")) == 4
    time.sleep(0.4)
    left = client.get("messages", "ttl")
    assert [each["payload"]["number"] for each in left] == [3, 4]
    client.store("no ttl", message(5, ttl=0), ttl=0)
    client.store("no ttl", message(6), ttl=-1)
    assert [each["payload"]["number"] for each in client.get("messages", "no ttl")] == [5]
    assert rejects(lambda: client.store("ttl", message(5), ttl="soon"))


def subscriptions(client):
    assert client.post("subscribe", topic="news", subscriber_id="s1") == {"status": "subscribed"}
    reply = client.post("psubscribe", pattern="sensor.?*", subscriber_id="s1")
    assert reply == {"status": "psubscribed"}
    sent = message(1)
    threading.Timer(0.2, lambda: client.store("news", sent)).start()
    started = time.monotonic()
    assert client.poll("s1") == [{"type": "message", "topic": "news", "data": sent}]
    assert 0.1 < time.monotonic() - started < 25
    client.store("sensor.", message(2))
    client.store("sensor.1", sent)
    (entry,) = client.poll("s1")
    expected = {"type": "pmessage", "pattern": "sensor.?*", "topic": "sensor.1", "data": sent}
    assert entry == expected
    assert client.poll("s1", timeout=0.1) == []
    reply = client.post("unsubscribe", topic="news", subscriber_id="s1")
    assert reply == {"status": "unsubscribed"}
    reply = client.post("punsubscribe", pattern="sensor.?*", subscriber_id="s1")
    assert reply == {"status": "punsubscribed"}
    client.store("news", message(3))
    client.store("sensor.1", message(3))
    assert client.poll("s1", timeout=0.1) == []
    assert client.poll("none", timeout=0.1) == []
    assert rejects(lambda: client.get("poll"))


def publishing(client):
    assert client.post("publish", channel="c", message="none") == {"subscribers": 0}
    client.post("subscribe", topic="c", subscriber_id="s2")
    client.post("psubscribe", pattern="c*", subscriber_id="s3")
    assert client.post("publish", channel="c", message="hello") == {"subscribers": 2}
    (entry,) = client.poll("s2")
    data = entry["data"]
    assert (entry["type"], entry["channel"]) == ("message", "c")
    assert (data["channel"], data["data"]) == ("c", "hello")
    assert abs(data["timestamp"] - time.time()) < 60
    (entry,) = client.poll("s3")
    assert (entry["type"], entry["pattern"], entry["data"]["data"]) == ("pmessage", "c*", "hello")


def many(client):
    client.post("subscribe", topic="many", subscriber_id="s4")
    for number in range(150):
        client.store("many", message(number))
    first, second = client.poll("s4"), client.poll("s4")
    assert (len(first), len(second)) == (100, 50)
    numbers = [each["data"]["payload"]["number"] for each in first + second]
    assert numbers == list(range(150))


def values(client):
    assert client.post("set", key="k/1", value="v") == {"status": "OK"}
    assert client.get("get", "k/1") == {"value": "v"}
    assert client.get("get", "nothing") == {"value": None}
    client.post("set", key="k/2", value={"n": BIG}, ex=0.3)
    assert client.get("get", "k/2") == {"value": {"n": BIG}}
    time.sleep(0.4)
    assert client.get("get", "k/2") == {"value": None}
    assert client.post("hset", key="h", field="f 1", value="x") == {"status": "OK"}
    assert client.get("hget", "h", "f 1") == {"value": "x"}
    assert client.get("hget", "h", "nothing") == {"value": None}
    assert client.post("sadd", key="s", members=["a", "b", "a"]) == {"added": 2}
    assert client.post("sadd", key="s", members="c") == {"added": 1}
    assert sorted(client.get("smembers", "s")["members"]) == ["a", "b", "c"]
    assert client.get("smembers", "nothing") == {"members": []}


def stats(client):
    found = client.get("stats")
    assert {"status", "uptime"} <= found.keys()
    assert found["topics"] > 0 and found["total_messages"] > 0
    assert found["subscriptions"] >= 2 and found["pattern_subscriptions"] >= 1


def rejections(client):
    assert rejects(lambda: client.post("store_message", namespace="n", topic="t"))
    assert rejects(lambda: client.request("/set", None, "POST"))
    assert rejects(lambda: client.get("nothing"))


CHECKS = [
    health, messages, big_ids, since, by_id, ttl, subscriptions, publishing, many, values, stats,
    rejections,
]


def main():
    client = Client(*sys.argv[1:])
    for check in CHECKS:
        check(client)
    print("passed")


if __name__ == "__main__":
    main()
