/**
 * Ports for servers that must get theirs back after a restart. They lie below the range from which
 * the kernel takes the ports of outgoing connections: there, a client that tries to reach a server
 * that is down may be given the very port of that server, and connect to itself.
 *
 * @module
 */

const FIRST_PORT = 12_000;
/** The cluster bus of a Redis node is 10,000 higher, and below 32,768 as well. */
const PORTS = 10_000;

let next = Math.floor(Math.random() * PORTS);

/** Ports to try, none twice: no two servers of this process share one, also when one is down. */
export function* candidatePorts(): Generator<number, never> {
  while (true) {
    const port = FIRST_PORT + next;
    next = (next + 1) % PORTS;
    yield port;
  }
}
