/**
 * `INFO`.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { type Reply, VerbatimReply } from "../protocol/reply.ts";

type Fields = Readonly<Record<string, string | number>>;

/** The sections, in their order. */
const SECTIONS: Readonly<Record<string, (client: Client) => Fields>> = {
  Server: ({ service, output, nowMs }) => ({
    redis_version: service.version,
    redis_git_sha1: "00000000",
    redis_git_dirty: 0,
    redis_build_id: "0",
    redis_mode: "standalone",
    os: Deno.build.os,
    arch_bits: 64,
    multiplexing_api: "epoll",
    process_id: Deno.pid,
    process_supervised: "no",
    run_id: service.runId,
    tcp_port: output.localAddress.replace(/^.*:/, ""),
    server_time_usec: Math.floor(service.clock.now() * 1000),
    uptime_in_seconds: Math.floor((nowMs - service.startedAtMs) / 1000),
    uptime_in_days: Math.floor((nowMs - service.startedAtMs) / 86_400_000),
    hz: service.config.get("hz"),
    configured_hz: service.config.get("hz"),
    lru_clock: Math.floor(nowMs / 1000) % 2 ** 24,
    executable: "ringbus",
    config_file: "",
    io_threads_active: 0,
  }),
  Clients: ({ service }) => ({
    connected_clients: service.clients.size,
    cluster_connections: 0,
    maxclients: service.config.get("maxclients"),
    client_recent_max_input_buffer: 0,
    client_recent_max_output_buffer: 0,
    blocked_clients: service.blocked.size,
    tracking_clients: 0,
    clients_in_timeout_table: 0,
  }),
  Memory: ({ service: { store, config } }) => ({
    used_memory: Math.round(store.usedBytes),
    used_memory_human: `${(store.usedBytes / 2 ** 20).toFixed(2)}M`,
    used_memory_peak: Math.round(store.usedBytes),
    used_memory_dataset: Math.round(store.usedBytes),
    maxmemory: store.maxBytes === Infinity ? config.get("maxmemory") : store.maxBytes,
    maxmemory_policy: config.get("maxmemory-policy"),
    mem_fragmentation_ratio: "1.00",
    mem_allocator: "v8",
  }),
  Persistence: () => ({
    loading: 0,
    async_loading: 0,
    rdb_changes_since_last_save: 0,
    rdb_bgsave_in_progress: 0,
    rdb_last_bgsave_status: "ok",
    aof_enabled: 0,
    aof_rewrite_in_progress: 0,
    aof_last_bgrewrite_status: "ok",
  }),
  Stats: ({ service: { stats, store } }) => ({
    total_commands_processed: stats.processed,
    rejected_connections: 0,
    expired_keys: store.stats().expired,
    evicted_keys: 0,
    evicted_clients: 0,
    keyspace_hits: 0,
    keyspace_misses: 0,
    pubsub_channels: store.subscriptions.topicNames.toArray().length,
    pubsub_patterns: store.subscriptions.patterns.size,
    client_output_buffer_limit_disconnections: stats.droppedClients,
    unknown_commands: stats.unknown.values().reduce((sum, count) => sum + count, 0),
    total_error_replies: stats.errors.values().reduce((sum, count) => sum + count, 0),
  }),
  Replication: ({ service }) => ({
    role: "master",
    connected_slaves: 0,
    master_failover_state: "no-failover",
    master_replid: service.runId,
    master_replid2: "0".repeat(40),
    master_repl_offset: 0,
    second_repl_offset: -1,
    repl_backlog_active: 0,
  }),
  CPU: () => ({ used_cpu_sys: "0.000000", used_cpu_user: (performance.now() / 1000).toFixed(6) }),
  Modules: () => ({}),
  Errorstats: ({ service }) =>
    Object.fromEntries(
      [...service.stats.errors].map(([code, count]) => [`errorstat_${code}`, `count=${count}`]),
    ),
  Cluster: () => ({ cluster_enabled: 0 }),
  Keyspace: ({ service }) =>
    Object.fromEntries(
      service.store.databases.made.filter(({ size }) => size > 0).map((db) => [
        `db${db.index}`,
        `keys=${db.size},expires=${db.expiringKeys},avg_ttl=0`,
      ]),
    ),
};
/** Sections that are shown only when they are asked for. */
const EXTRA: typeof SECTIONS = {
  Commandstats: ({ service }) =>
    Object.fromEntries(
      [...service.stats.byName].map(([name, { calls, rejected, failed }]) => [
        `cmdstat_${name}`,
        `calls=${calls},usec=0,usec_per_call=0.00,rejected_calls=${rejected},failed_calls=${failed}`,
      ]),
    ),
};

/** The command. */
export function info(client: Client, names: readonly string[]): Reply {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const isAll = wanted.has("all") || wanted.has("everything");
  const isDefault = wanted.size === 0 || wanted.has("default") || isAll;
  const sections = Object.entries({ ...SECTIONS, ...EXTRA }).filter(([name]) =>
    isAll || wanted.has(name.toLowerCase()) || isDefault && name in SECTIONS
  );
  const texts = sections.map(([name, fieldsOf]) => {
    const lines = Object.entries(fieldsOf(client)).map(([field, value]) => `${field}:${value}\r\n`);
    return `# ${name}\r\n${lines.join("")}`;
  });
  return new VerbatimReply(texts.join("\r\n"));
}
