"""Clients that write names into URLs and lines as they are, and read messages with the types of a fixed model.

Usage: plain_client.py URL PORT   both servers have one store; prints "passed" if all is as it should be.
Usage: plain_client.py read URL TOPIC   reads the messages of a topic with the model, and prints their number.
"""

import base64
import http.client
import json
import socket
import sys
import time
from urllib.parse import urlsplit

KNOWN = {
    "id": int, "sender": dict, "topics": (str, list), "payload": dict, "format": str,
    "timestamp": (int, float), "priority": int, "thread": list, "recipient_list": list,
    "in_response_to": int, "conversation_id": int, "forward_header": dict, "routing_slip": dict,
    "message_history": list, "ttl": int, "is_error_message": bool, "traceparent": str,
    "session_state": dict, "topic_published_to": str, "enrich_with_history": int,
}
NULLABLE = {
    "in_response_to", "conversation_id", "forward_header", "routing_slip", "ttl", "traceparent",
    "session_state", "topic_published_to", "enrich_with_history",
}


def check_model(message):
    for name in ("id", "sender", "topics", "payload"):
        assert name in message, f"{name} is missing in {message}"
    for name, value in message.items():
        assert name in KNOWN, f"{name} is not a field"
        assert value is None and name in NULLABLE or isinstance(value, KNOWN[name]), f"{name}: {value!r}"
    assert message["payload"], "an empty payload"
    return message


class Http:
    """One connection that has to stay usable all the time."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def call(self, method, path, body=None):
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    def post(self, path, **body):
        status, reply = self.call("POST", path, body)
        assert status == 200, (path, body, reply)
        return reply

    def get(self, path):
        status, reply = self.call("GET", path)
        assert status == 200, (path, reply)
        return reply


class Line:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.file.readline().decode().rstrip("\r\n")

    def messages(self, line):
        word, data = self.ask(line).split(" ")
        assert word == "MESSAGES", word
        return json.loads(base64.b64decode(data[5:]))


def encoded(value):
    return "JSON:" + base64.b64encode(json.dumps(value).encode()).decode()


def message(number, **more):
    return {"id": (4 << 61) | (1 << 40) | number, "payload": {"n": number}, **more}


def numbers(messages):
    return [each["payload"]["n"] for each in messages]


KEYS = ["100%", "a%20b", "a b%", "q?x=1", "q", "%zz", "%", "a#b?c=%41", "a/b", "", "?", "??", "a+b", ".."]


def check_keys(client):
    for key in KEYS:
        client.post("/set", key=key, value=key)
        client.post("/sadd", key="set " + key, members=[key])
        for field in KEYS:
            client.post("/hset", key="hash " + key, field=field, value=[key, field])
    for key in KEYS:
        if " " not in key:
            assert client.get(f"/get/{key}") == {"value": key}, key
    for key in ["100%", "q?x=1"]:
        client.post("/hset", key=key + "h", field="f%", value=key)
        assert client.get(f"/hget/{key}h/f%") == {"value": key}
        client.post("/sadd", key=key + "s", members=[key])
        assert client.get(f"/smembers/{key}s") == {"members": [key]}
    client.post("/set", key="a b", value="careful")
    assert client.get("/get/a%20b") == {"value": "careful"}, "a careful client comes first"
    assert client.get("/get/no%20where?x=1") == {"value": None}


def check_topics(http, line):
    for i, topic in enumerate(["100%", "a%20b", "q?x=1", "q", ""]):
        http.post("/store_message", namespace="", topic=topic, message=message(i))
        assert numbers(http.get(f"/messages/{topic}")) == [i], topic
        assert numbers(http.get(f"/messages_since/{topic}/1672531200000.0")) == [i], topic
        assert http.get(f"/messages_since/{topic}/inf") == http.get(f"/messages_since/{topic}/nan") == []
        quoted = topic if topic else '""'
        assert numbers(line.messages(f"GET_MESSAGES {quoted}")) == [i], topic
    assert http.get("/messages_by_id/?namespace=&ids=" + str(message(4)["id"])) == [message(4)]
    assert numbers(line.messages("GET_MESSAGES ")) == [4], "an empty argument without quotes"
    assert numbers(line.messages("GET_MESSAGES_SINCE  0")) == [4]
    assert numbers(line.messages("GET_MESSAGES_BY_ID  " + encoded([message(4)["id"]]))) == [4]
    assert line.ask("SUBSCRIBE ") == 'OK SUBSCRIBED ""'
    assert line.ask("STORE_MESSAGE   " + encoded(message(5))) == "OK STORED"
    assert line.file.readline().decode().startswith('MESSAGE "" JSON:')
    assert line.ask("PUBLISH  ") == "OK 1"
    assert line.file.readline().decode() == 'MESSAGE "" ""\r\n'
    assert line.ask("UNSUBSCRIBE ") == 'OK UNSUBSCRIBED ""'
    assert line.ask("GET_MESSAGES").startswith("ERROR ")
    http.post("/subscribe", topic="", subscriber_id="s")
    assert http.post("/publish", channel="", message="m") == {"subscribers": 1}
    assert http.get("/poll?subscriber_id=s&timeout=-1")["messages"][0]["data"]["data"] == "m"


def check_ttl(http, line):
    http.post("/subscribe", topic="ttl", subscriber_id="t")
    for i, body in enumerate([{"ttl": 0}, {"ttl": -1}, {"ttl": 0.2}, {"ttl": None}]):
        http.post("/store_message", namespace="n", topic="ttl", message=message(i), **body)
        assert line.ask("STORE_MESSAGE n ttl " + encoded(message(i + 10, **body))) == "OK STORED"
    assert numbers(http.get("/messages/ttl")) == [0, 2, 3, 10, 12, 13], "0 is for ever, less is over"
    delivered = [entry["data"] for entry in http.get("/poll?subscriber_id=t&timeout=0")["messages"]]
    assert sorted(numbers(delivered)) == [0, 1, 2, 3, 10, 11, 12, 13], "all are delivered"
    http.post("/store_message", namespace="n", topic="ttl", message=message(4, ttl=0.2), ttl=0)
    time.sleep(0.3)
    assert numbers(http.get("/messages/ttl")) == [0, 3, 10, 13]
    for key, ex in [("zero", 0), ("below", -5), ("none", None)]:
        http.post("/set", key=key, value="old")
        http.post("/set", key=key, value="new", ex=ex)
    assert http.get("/get/zero") == http.get("/get/none") == {"value": "new"}
    assert http.get("/get/below") == {"value": None}


def check_since(http, line):
    for i, timestamp in enumerate([0, 946684800000, 1672531199999.5]):
        http.post("/store_message", namespace="n", topic="old", message=message(i, timestamp=timestamp))
    http.post("/store_message", namespace="n", topic="old", message=message(3))
    assert numbers(line.messages("GET_MESSAGES_SINCE old 0")) == [0, 1, 2, 3]
    assert numbers(http.get("/messages_since/old/-1")) == [0, 1, 2, 3]
    assert numbers(http.get("/messages_since/old/1672531200000.0")) == [3]


def check_numbers(http, line):
    odd = [float("nan"), float("inf"), float("-inf"), "NaN -Infinity \\"]
    expected = [None, None, None, odd[3]]
    http.post("/store_message", namespace="n", topic="odd", message=message(1, payload={"x": odd}))
    assert line.ask("STORE_MESSAGE n odd " + encoded(message(2, payload={"x": odd}))) == "OK STORED"
    assert [each["payload"]["x"] for each in http.get("/messages/odd")] == [expected, expected]
    http.post("/set", key="odd", value=odd)
    assert http.get("/get/odd") == {"value": expected}


def check_refusals(http, line):
    refused = [
        {"topic": "t", "message": message(1)},
        {"namespace": "n", "topic": 5, "message": message(1)},
        {"namespace": "n", "topic": "t", "message": message(1), "ttl": "5"},
        {"namespace": "n", "topic": "t", "message": message(1, ttl="5")},
        {"namespace": "n", "topic": "t", "message": {"id": "1"}},
        {"namespace": "n", "topic": "a\nb", "message": message(1)},
    ]
    for body in refused:
        status, reply = http.call("POST", "/store_message", body)
        assert status == 400 and reply["error"], (body, reply)
        assert http.get("/health") == {"status": "healthy"}
        if "namespace" in body and isinstance(body["topic"], str) and body["topic"] == "t" and "ttl" not in body:
            assert line.ask("STORE_MESSAGE n t " + encoded(body["message"])).startswith('ERROR "')
            assert line.ask("PING") == "PONG"


def main():
    if sys.argv[1] == "read":
        found = Http(sys.argv[2]).get(f"/messages/{sys.argv[3]}")
        print(len([check_model(each) for each in found]))
        return
    http, line = Http(sys.argv[1]), Line(int(sys.argv[2]))
    check_keys(http)
    check_topics(http, line)
    check_ttl(http, line)
    check_since(http, line)
    check_numbers(http, line)
    check_refusals(http, line)
    print("passed")


main()
