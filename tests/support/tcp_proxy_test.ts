import assert from "node:assert/strict";
import { until, within } from "./deadline.ts";
import { type TcpProxy, tcpProxy } from "./tcp_proxy.ts";

/** A server that echoes every chunk in upper case, and keeps what it received. */
class Upstream implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #over = this.#serve();
  readonly port = this.#listener.addr.port;
  /** What arrived on each connection, and how it ended. */
  readonly received: string[] = [];

  async #serve(): Promise<void> {
    const talks: Promise<void>[] = [];
    for await (const connection of this.#listener) talks.push(this.#handle(connection));
    await Promise.all(talks);
  }

  async #handle(connection: Deno.TcpConn): Promise<void> {
    using _ = connection;
    const index = this.received.push("") - 1;
    const bytes = new Uint8Array(65_536);
    try {
      for (let n = await connection.read(bytes); n !== null; n = await connection.read(bytes)) {
        const text = new TextDecoder().decode(bytes.subarray(0, n));
        this.received[index] += text;
        await connection.write(new TextEncoder().encode(text.toUpperCase()));
      }
      this.received[index] += "<end>";
      await connection.write(new TextEncoder().encode("BYE"));
    } catch (error) {
      this.received[index] += `<${(error as Error).name}>`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await within(this.#over, "the end of the connections");
  }
}

/** A client's connection. */
class Client implements Disposable {
  readonly #connection: Deno.TcpConn;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async to(proxy: TcpProxy): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port: proxy.port }));
  }

  async send(text: string): Promise<void> {
    assert.equal(await this.#connection.write(new TextEncoder().encode(text)), text.length);
  }

  /** The next bytes; empty at the end of the stream. */
  async receive(): Promise<string> {
    const bytes = new Uint8Array(65_536);
    const count = await within(this.#connection.read(bytes), "a reply");
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  }

  async request(text: string): Promise<string> {
    await this.send(text);
    return await this.receive();
  }

  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const isReset = { name: "ConnectionReset" };

Deno.test("a proxy passes everything on in both directions, to the end", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  assert.equal(await client.request("hello"), "HELLO");
  assert.equal(await client.request("again"), "AGAIN");
  assert.deepEqual([proxy.connections, proxy.accepted], [1, 1]);
  await client.end();
  assert.equal(await client.receive(), "BYE");
  assert.equal(await client.receive(), "");
  assert.deepEqual(server.received, ["helloagain<end>"]);
  await until(() => proxy.connections === 0, "the end of the connection");
  assert.equal(proxy.cuts, 0);
});

Deno.test("a large message passes whole", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  let rest = 1_000_000;
  const listening = (async () => {
    while (rest > 0) rest -= (await client.receive()).length;
  })();
  for (let i = 0; i < 100; i++) await client.send("x".repeat(10_000));
  await listening;
  assert.deepEqual([rest, server.received[0].length], [0, 1_000_000]);
});

Deno.test("cut resets all connections, and new ones work", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using first = await Client.to(proxy);
  using second = await Client.to(proxy);
  await Promise.all([first.request("a"), second.request("b")]);
  proxy.cut();
  await assert.rejects(first.receive(), isReset);
  await assert.rejects(second.receive(), isReset);
  await until(
    () => server.received.every((text) => text.endsWith(">")),
    "the reset of the server's",
  );
  assert.deepEqual(server.received.toSorted(), ["a<ConnectionReset>", "b<ConnectionReset>"]);
  assert.deepEqual([proxy.connections, proxy.cuts], [0, 2]);
  using third = await Client.to(proxy);
  assert.equal(await third.request("c"), "C");
  assert.equal(proxy.accepted, 3);
});

Deno.test("cutAfter to the server passes so many bytes of a command on, and no reply", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.request("whole");
  proxy.cutAfter(7, "to server");
  assert.equal(await client.request("five."), "FIVE.");
  await client.send("command");
  await assert.rejects(client.receive(), isReset);
  await until(() => server.received[0].endsWith(">"), "the reset of the server's");
  assert.equal(server.received[0], "wholefive.co<ConnectionReset>");
  assert.equal(proxy.cuts, 1);
  using next = await Client.to(proxy);
  assert.equal(await next.request("longer than seven"), "LONGER THAN SEVEN");
});

Deno.test("cutAfter to the client lets the server have the command, and withholds its reply", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using other = await Client.to(proxy);
  using client = await Client.to(proxy);
  await client.request("first");
  proxy.cutAfter(0, "to client");
  await client.send("command");
  await assert.rejects(client.receive(), isReset);
  assert.ok(
    server.received.some((text) => text.startsWith("firstcommand")),
    server.received.join(),
  );
  assert.equal(await other.request("goes on"), "GOES ON");
});

Deno.test("cutAfter to the client passes part of a reply on", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  proxy.cutAfter(3, "to client");
  assert.equal(await client.request("command"), "COM");
  await assert.rejects(client.receive(), isReset);
});

Deno.test("a delay applies to both directions, and ends with a cut", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  proxy.delayMs = 50;
  const before = performance.now();
  assert.equal(await client.request("slow"), "SLOW");
  assert.ok(performance.now() - before >= 98, `took ${performance.now() - before} ms`);
  proxy.delayMs = 3_600_000;
  await client.send("never");
  const reset = assert.rejects(client.receive(), isReset);
  proxy.cut();
  await reset;
  await until(() => server.received[0].endsWith(">"), "the reset of the server's");
  assert.equal(server.received[0], "slow<ConnectionReset>");
});

Deno.test("halfClose to the server ends what it receives, and still passes on what it sends", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.request("a");
  proxy.halfClose("to server");
  assert.equal(await client.receive(), "BYE");
  assert.deepEqual(server.received, ["a<end>"]);
});

Deno.test("halfClose to the client ends what it receives, and still passes on what it sends", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.request("a");
  proxy.halfClose("to client");
  assert.equal(await client.receive(), "");
  await client.send("b");
  await until(() => server.received[0] === "ab", "passing on");
  assert.equal(await client.receive(), "");
});

Deno.test("refuse rejects only new connections, until accept", async () => {
  await using server = new Upstream();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.request("a");
  proxy.refuse();
  await assert.rejects(Client.to(proxy), { name: "ConnectionRefused" });
  assert.equal(await client.request("b"), "B");
  await proxy.accept();
  using other = await Client.to(proxy);
  assert.equal(await other.request("c"), "C");
  await proxy.accept();
});

Deno.test("without a server behind the proxy, a connection is reset", async () => {
  const server = new Upstream();
  await server[Symbol.asyncDispose]();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await assert.rejects(client.receive(), isReset);
  await until(() => proxy.connections === 0, "the end of the connection");
});

Deno.test("a proxy that is disposed of leaves no connection and no port", async () => {
  await using server = new Upstream();
  let client: Client;
  let port: number;
  {
    await using proxy = await tcpProxy(server.port);
    port = proxy.port;
    client = await Client.to(proxy);
    await client.request("a");
  }
  using _ = client;
  await assert.rejects(client.receive(), isReset);
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});
