// A server without file descriptors loads no part of itself: the runtime would end the process, with all data.

import assert from "node:assert/strict";
import { until } from "../../support/deadline.ts";
import { RespClient } from "../../support/resp_client.ts";
import { serve, type ServedProcess } from "../../stress/servers/served.ts";

const DESCRIPTORS = 120;
const SCRIPT = ["EVAL", "return redis.call('GET', 'k')", "0"];

/** A connection that sends requests of HTTP one after the other. */
class HttpPeer implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<HttpPeer> {
    return new HttpPeer(await Deno.connect({ port }));
  }

  /** The status of a response, of which no more than the first part is read. */
  async get(path: string): Promise<number> {
    await this.#conn.write(
      new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`),
    );
    const buffer = new Uint8Array(1024 * 1024);
    const count = await this.#conn.read(buffer);
    const text = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    return Number(text.split(" ")[1]);
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** Takes all descriptors of a server; returns what gives them back. */
async function exhaust(server: ServedProcess): Promise<Disposable> {
  const conns = await Promise.all(
    Array.from({ length: 2 * DESCRIPTORS }, () => Deno.connect({ port: server.tcpPort })),
  );
  return { [Symbol.dispose]: () => conns.forEach((conn) => conn.close()) };
}

Deno.test({
  name: "a server without descriptors refuses the first script and the first scrape, and lives",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = await serve([], `ulimit -n ${DESCRIPTORS}`);
    await using resp = await RespClient.open(server.tcpPort);
    using http = await HttpPeer.connect(server.httpPort);
    assert.deepEqual(await resp.call("SET", "k", "v"), { status: "OK" });
    assert.equal(await http.get("/health"), 200);
    {
      using _ = await exhaust(server);
      await until(() => server.descriptors() >= DESCRIPTORS - 1, "a server without descriptors");
      const { error } = await resp.call(...SCRIPT) as { error: string };
      assert.match(error, /the interpreter is not loaded/);
      assert.equal(await http.get("/metrics"), 503);
      assert.equal(await resp.call("GET", "k"), "v");
    }
    await until(async () => await resp.call(...SCRIPT) === "v", "a script that runs");
    // A port that could not accept is opened again: connections may fail until then.
    const scrape = async () => {
      using again = await HttpPeer.connect(server.httpPort);
      return await again.get("/metrics") === 200;
    };
    await until(() => scrape().catch(() => false), "a scrape");
    await server.stop();
  },
});
