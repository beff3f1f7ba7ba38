/** Deno's own sockets as a peer of the benchmark. The mode is "unix" or "tcp". */
import { dieWithHarness, nowNs } from "./clock.ts";
import { framed } from "./frames.ts";
import { say } from "./shared/control.js";
import { listens, play } from "./shared/roles.js";
import { readTask, type Task } from "./shared/task.js";

const LOOPBACK = "127.0.0.1";

function listen({ mode, address }: Task): Deno.Listener {
  if (mode === "unix") return Deno.listen({ transport: "unix", path: address });
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  Deno.writeTextFileSync(address, String(listener.addr.port));
  return listener;
}

async function accept(task: Task): Promise<Deno.Conn> {
  using listener = listen(task);
  say({ event: "ready" });
  return await listener.accept();
}

function connect({ mode, address }: Task): Promise<Deno.Conn> {
  if (mode === "unix") return Deno.connect({ transport: "unix", path: address });
  return Deno.connect({ hostname: LOOPBACK, port: Number(Deno.readTextFileSync(address)) });
}

dieWithHarness();
const task = readTask();
const conn = listens(task.role) ? await accept(task) : await connect(task);
if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
await play(framed(conn, task.size), task, nowNs);
