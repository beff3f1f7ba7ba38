import assert from "node:assert/strict";
import { until, within } from "./deadline.ts";
import { type TcpProxy, tcpProxy } from "./tcp_proxy.ts";

/** A server that answers every chunk with the same in upper case, and keeps what it got. */
class Upper implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #over = this.#serve();
  readonly port = this.#listener.addr.port;
  /** What came on each connection, and how it ended. */
  readonly heard: string[] = [];

  async #serve(): Promise<void> {
    const talks: Promise<void>[] = [];
    for await (const connection of this.#listener) talks.push(this.#talk(connection));
    await Promise.all(talks);
  }

  async #talk(connection: Deno.TcpConn): Promise<void> {
    using _ = connection;
    const index = this.heard.push("") - 1;
    const bytes = new Uint8Array(65_536);
    try {
      for (let n = await connection.read(bytes); n !== null; n = await connection.read(bytes)) {
        const text = new TextDecoder().decode(bytes.subarray(0, n));
        this.heard[index] += text;
        await connection.write(new TextEncoder().encode(text.toUpperCase()));
      }
      this.heard[index] += "<end>";
      await connection.write(new TextEncoder().encode("BYE"));
    } catch (error) {
      this.heard[index] += `<${(error as Error).name}>`;
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

  async say(text: string): Promise<void> {
    assert.equal(await this.#connection.write(new TextEncoder().encode(text)), text.length);
  }

  /** The next bytes; empty at the end of the stream. */
  async hear(): Promise<string> {
    const bytes = new Uint8Array(65_536);
    const count = await within(this.#connection.read(bytes), "an answer");
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  }

  async ask(text: string): Promise<string> {
    await this.say(text);
    return await this.hear();
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
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  assert.equal(await client.ask("hello"), "HELLO");
  assert.equal(await client.ask("again"), "AGAIN");
  assert.deepEqual([proxy.connections, proxy.accepted], [1, 1]);
  await client.end();
  assert.equal(await client.hear(), "BYE");
  assert.equal(await client.hear(), "");
  assert.deepEqual(server.heard, ["helloagain<end>"]);
  await until(() => proxy.connections === 0, "the end of the connection");
  assert.equal(proxy.cuts, 0);
});

Deno.test("a large message passes whole", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  let rest = 1_000_000;
  const listening = (async () => {
    while (rest > 0) rest -= (await client.hear()).length;
  })();
  for (let i = 0; i < 100; i++) await client.say("x".repeat(10_000));
  await listening;
  assert.deepEqual([rest, server.heard[0].length], [0, 1_000_000]);
});

Deno.test("cut resets all connections, and new ones work", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using first = await Client.to(proxy);
  using second = await Client.to(proxy);
  await Promise.all([first.ask("a"), second.ask("b")]);
  proxy.cut();
  await assert.rejects(first.hear(), isReset);
  await assert.rejects(second.hear(), isReset);
  await until(() => server.heard.every((text) => text.endsWith(">")), "the reset of the server's");
  assert.deepEqual(server.heard.toSorted(), ["a<ConnectionReset>", "b<ConnectionReset>"]);
  assert.deepEqual([proxy.connections, proxy.cuts], [0, 2]);
  using third = await Client.to(proxy);
  assert.equal(await third.ask("c"), "C");
  assert.equal(proxy.accepted, 3);
});

Deno.test("cutAfter to the server passes so many bytes of a command on, and no reply", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.ask("whole");
  proxy.cutAfter(7, "to server");
  assert.equal(await client.ask("five."), "FIVE.");
  await client.say("command");
  await assert.rejects(client.hear(), isReset);
  await until(() => server.heard[0].endsWith(">"), "the reset of the server's");
  assert.equal(server.heard[0], "wholefive.co<ConnectionReset>");
  assert.equal(proxy.cuts, 1);
  using next = await Client.to(proxy);
  assert.equal(await next.ask("longer than seven"), "LONGER THAN SEVEN");
});

Deno.test("cutAfter to the client lets the server have the command, and withholds its reply", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using other = await Client.to(proxy);
  using client = await Client.to(proxy);
  await client.ask("first");
  proxy.cutAfter(0, "to client");
  await client.say("command");
  await assert.rejects(client.hear(), isReset);
  assert.ok(server.heard.some((text) => text.startsWith("firstcommand")), server.heard.join());
  assert.equal(await other.ask("goes on"), "GOES ON");
});

Deno.test("cutAfter to the client passes part of a reply on", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  proxy.cutAfter(3, "to client");
  assert.equal(await client.ask("command"), "COM");
  await assert.rejects(client.hear(), isReset);
});

Deno.test("a delay holds up both directions, and ends with a cut", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  proxy.delayMs = 50;
  const before = performance.now();
  assert.equal(await client.ask("slow"), "SLOW");
  assert.ok(performance.now() - before >= 98, `took ${performance.now() - before} ms`);
  proxy.delayMs = 3_600_000;
  await client.say("never");
  const answer = assert.rejects(client.hear(), isReset);
  proxy.cut();
  await answer;
  await until(() => server.heard[0].endsWith(">"), "the reset of the server's");
  assert.equal(server.heard[0], "slow<ConnectionReset>");
});

Deno.test("halfClose to the server ends what it hears, and still passes on what it says", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.ask("a");
  proxy.halfClose("to server");
  assert.equal(await client.hear(), "BYE");
  assert.deepEqual(server.heard, ["a<end>"]);
});

Deno.test("halfClose to the client ends what it hears, and still passes on what it says", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.ask("a");
  proxy.halfClose("to client");
  assert.equal(await client.hear(), "");
  await client.say("b");
  await until(() => server.heard[0] === "ab", "passing on");
  assert.equal(await client.hear(), "");
});

Deno.test("refuse refuses new connections alone, until accept", async () => {
  await using server = new Upper();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await client.ask("a");
  proxy.refuse();
  await assert.rejects(Client.to(proxy), { name: "ConnectionRefused" });
  assert.equal(await client.ask("b"), "B");
  await proxy.accept();
  using other = await Client.to(proxy);
  assert.equal(await other.ask("c"), "C");
  await proxy.accept();
});

Deno.test("without a server behind the proxy, a connection is reset", async () => {
  const server = new Upper();
  await server[Symbol.asyncDispose]();
  await using proxy = await tcpProxy(server.port);
  using client = await Client.to(proxy);
  await assert.rejects(client.hear(), isReset);
  await until(() => proxy.connections === 0, "the end of the connection");
});

Deno.test("a proxy that is disposed of leaves no connection and no port", async () => {
  await using server = new Upper();
  let client: Client;
  let port: number;
  {
    await using proxy = await tcpProxy(server.port);
    port = proxy.port;
    client = await Client.to(proxy);
    await client.ask("a");
  }
  using _ = client;
  await assert.rejects(client.hear(), isReset);
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});
