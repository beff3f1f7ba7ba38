/** Deno's own sockets, with the length before each message. The mode is "unix" or "tcp". */
import { framed } from "./frames.ts";
import { type Endpoint, type Host, listens } from "./roles.js";

const LOOPBACK = "127.0.0.1";

/** The path of the socket, or of the file with the number of its port. */
export interface SocketTask {
  readonly role: string;
  readonly mode: string;
  readonly address: string;
  readonly size: number;
}

function listen({ mode, address }: SocketTask): Deno.Listener {
  if (mode === "unix") return Deno.listen({ transport: "unix", path: address });
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  Deno.writeTextFileSync(address, String(listener.addr.port));
  return listener;
}

async function accept(task: SocketTask, { say }: Host): Promise<Deno.Conn> {
  using listener = listen(task);
  say({ event: "ready" });
  return await listener.accept();
}

function connect({ mode, address }: SocketTask): Promise<Deno.Conn> {
  if (mode === "unix") return Deno.connect({ transport: "unix", path: address });
  return Deno.connect({ hostname: LOOPBACK, port: Number(Deno.readTextFileSync(address)) });
}

/** Accepts or connects, as the role needs it. */
export async function openSocket(task: SocketTask, host: Host): Promise<Endpoint> {
  const conn = listens(task.role) ? await accept(task, host) : await connect(task);
  if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  return framed(conn, task.size);
}
