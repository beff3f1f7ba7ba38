/**
 * Ports for servers that keep their port after a restart. They are below the range of the ports of
 * outgoing connections: from that range, a client that connects to a server that is down may get the
 * port of the server, and connect to itself.
 *
 * @module
 */

const FIRST_PORT = 12_000;
/** The cluster bus of a Redis node is 10,000 higher, and below 32,768 as well. */
const PORTS = 10_000;

let next = Math.floor(Math.random() * PORTS);

/** Ports to try, each once: no two servers of this process share a port, also when one is down. */
export function* candidatePorts(): Generator<number, never> {
  while (true) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    yield port;
  }
}
