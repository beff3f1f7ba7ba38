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

let first = FIRST_PORT;
let count = PORTS;
let next = Math.floor(Math.random() * count);

/** Ports to try, each once: no two servers of this process share a port, also when one is down. */
export function* candidatePorts(): Generator<number, never> {
  while (true) {
    const port = first + next;
    next = (next + 1) % count;
    yield port;
  }
}

/**
 * Leaves this process a share of the ports. Others that run at the same time have the other shares, so that none
 * starts a server where clients of another one look for a server that is down.
 */
export function useShareOfPorts(share: number, shares: number): void {
  count = Math.floor(PORTS / shares);
  first = FIRST_PORT + share * count;
  next = Math.floor(Math.random() * count);
}
