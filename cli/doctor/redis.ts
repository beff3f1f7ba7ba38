/**
 * Checks of a Redis server.
 *
 * @module
 */

import { type Diagnostic, diagnosticOf } from "./diagnostic.ts";
import type { Connection } from "../../backends/redis/connection.ts";
import { parseRedisUrl, type RedisAddress } from "../../backends/redis/address.ts";
import { messageOf } from "../../lib/base/thrown.ts";

/** Default URL of Redis. */
export const DEFAULT_REDIS_URL = "redis://127.0.0.1:6379";

const TOPIC = "Redis";
const MIN_MAJOR = 7;
const TIMEOUT_MS = 5000;
/** Times to live depend on both clocks. */
const MAX_SKEW_MS = 1000;

/**
 * Checks a Redis server: its version, its clock, its eviction policy, and its cluster.
 *
 * @throws {TypeError} if the URL is invalid
 */
export async function redisDiagnostics(url: string | undefined): Promise<Diagnostic[]> {
  const address = parseRedisUrl(url ?? DEFAULT_REDIS_URL);
  const unreachable = url === undefined ? "note" : "failure";
  const refused = mayConnect(address);
  if (refused !== undefined) return [{ ...refused, level: unreachable }];
  let connection: Connection;
  try {
    connection = await connectTo(address);
  } catch (error) {
    const reason = messageOf(error);
    const what = `cannot reach ${address.redactedUrl}: ${reason}`;
    const remedy = url === undefined
      ? "only queues and shared state on Redis need it; --redis URL checks another server"
      : "start it, or correct the URL";
    return [{ topic: TOPIC, level: unreachable, message: what, remedy }];
  }
  try {
    return await examine(connection, address);
  } catch (error) {
    return [diagnosticOf(TOPIC, unreachable, error)];
  } finally {
    connection.close();
  }
}

/** Connects to the server, to a server of the cluster, or to the master that sentinels name. */
async function connectTo({ kind, nodes, serviceName, login, sentinelLogin }: RedisAddress) {
  const { Connection } = await import("../../backends/redis/connection.ts");
  if (kind !== "sentinel") return await Connection.open(nodes[0], login, TIMEOUT_MS);
  const { ask, latestView } = await import("../../backends/redis/sentinels.ts");
  const { address } = await latestView(
    nodes.map((node) => ask(Connection.open(node, sentinelLogin, TIMEOUT_MS), serviceName)),
  );
  return await Connection.open(address, login, TIMEOUT_MS);
}

function mayConnect(
  { nodes: [{ host, port }], redactedUrl: shown }: RedisAddress,
): Omit<Diagnostic, "level"> | undefined {
  const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  if (Deno.permissions.querySync({ name: "net", host: name }).state === "granted") return undefined;
  const what = `${shown} is not checked: there is no permission for the network`;
  return { topic: TOPIC, message: what, remedy: `run with --allow-net=${name}` };
}

async function examine(connection: Connection, address: RedisAddress): Promise<Diagnostic[]> {
  const sentMs = Date.now();
  const [seconds, micros] = await connection.send(["TIME"]) as [string, string];
  const skewMs = Number(seconds) * 1000 + Number(micros) / 1000 - (sentMs + Date.now()) / 2;
  const info = factsIn(await connection.send(["INFO"]) as string);
  const diagnostics = [
    versionDiagnostic(info, address),
    ...memoryDiagnostics(info),
    ...skewDiagnostics(skewMs),
  ];
  if (info["cluster_enabled"] === "1") {
    const state = factsIn(await connection.send(["CLUSTER", "INFO"]) as string);
    diagnostics.push(clusterDiagnostic(state, address));
  } else if (address.isCluster) {
    const remedy = "write redis:// in the URL";
    diagnostics.push({ topic: TOPIC, level: "failure", message: "it is not a cluster", remedy });
  }
  return diagnostics;
}

/** Reads `name:value` lines. */
function factsIn(text: string): Record<string, string> {
  const pairs = text.split(/\r?\n/).filter((line) => line.includes(":"));
  return Object.fromEntries(pairs.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

function versionDiagnostic(
  { redis_version: version }: Record<string, string>,
  { redactedUrl: shown }: RedisAddress,
): Diagnostic {
  const what = `${version} at ${shown}`;
  if (Number.parseInt(version) >= MIN_MAJOR) return { topic: TOPIC, level: "ok", message: what };
  const remedy = `use Redis ${MIN_MAJOR} or later`;
  return { topic: TOPIC, level: "failure", message: `${what} is too old`, remedy };
}

function memoryDiagnostics(
  { maxmemory, maxmemory_policy: policy }: Record<string, string>,
): Diagnostic[] {
  if (Number(maxmemory) === 0 || policy === "noeviction") return [];
  const what = `maxmemory-policy ${policy}: a full Redis evicts messages`;
  const remedy = "set maxmemory-policy noeviction";
  return [{ topic: TOPIC, level: "warning", message: what, remedy }];
}

function skewDiagnostics(skewMs: number): Diagnostic[] {
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return [];
  const what = `its clock differs from this machine's by ${Math.round(skewMs)} ms`;
  return [{
    topic: TOPIC,
    level: "warning",
    message: what,
    remedy: "synchronize both clocks, for example by NTP",
  }];
}

function clusterDiagnostic(state: Record<string, string>, { isCluster }: RedisAddress): Diagnostic {
  const { cluster_state: health, cluster_size: size, cluster_known_nodes: nodes } = state;
  const what = `a cluster of ${nodes} nodes, ${size} with slots, state ${health}`;
  if (health !== "ok") {
    const remedy = "see redis-cli cluster info: slots without a node are not served";
    return { topic: TOPIC, level: "failure", message: what, remedy };
  }
  if (isCluster) return { topic: TOPIC, level: "ok", message: what };
  return {
    topic: TOPIC,
    level: "warning",
    message: what,
    remedy: "write redis-cluster:// in the URL",
  };
}
