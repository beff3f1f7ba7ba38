/**
 * What the board shows: rows of panels, each with expressions over the metrics of Ringbus.
 *
 * @module
 */

/** An expression, and the name of its lines. `$S` stands for the selection of job and instance. */
export interface Target {
  readonly expr: string;
  readonly legend: string;
}

/** A panel. */
export interface Panel {
  readonly title: string;
  readonly kind: "stat" | "timeseries";
  /** Unit, as Grafana names it. */
  readonly unit: string;
  readonly targets: readonly Target[];
}

/** A row of panels with a title. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

function line(expr: string, legend: string): Target {
  return { expr, legend };
}

/** A counter per second, summed by labels. */
function rate(metric: string, by = "", filter = ""): string {
  return `sum by (${by}) (rate(${metric}{$S${filter}}[$__rate_interval]))`;
}

function sum(metric: string, by = ""): string {
  return `sum by (${by}) (${metric}{$S})`;
}

function max(metric: string, by = ""): string {
  return `max by (${by}) (${metric}{$S})`;
}

function quantile(share: number, metric: string, by: string): string {
  return `histogram_quantile(${share}, ${rate(`${metric}_bucket`, `le, ${by}`)})`;
}

function chart(title: string, unit: string, ...targets: readonly Target[]): Panel {
  return { title, kind: "timeseries", unit, targets };
}

function stat(title: string, unit: string, expr: string): Panel {
  return { title, kind: "stat", unit, targets: [line(expr, "")] };
}

/** A chart of the most frequent of many. */
function top(title: string, unit: string, expr: string, legend: string): Panel {
  return chart(title, unit, line(`topk(10, ${expr})`, legend));
}

const HTTP_TIME = "ringbus_http_request_duration_seconds";
const TCP_TIME = "ringbus_tcp_command_duration_seconds";

/** The rows. */
export const ROWS: readonly Row[] = [
  {
    title: "Overview",
    panels: [
      stat("Up for", "s", max("ringbus_uptime_seconds")),
      stat("Topics", "short", sum("ringbus_topics")),
      stat("Messages", "short", sum("ringbus_messages")),
      stat("Keys", "short", sum("ringbus_keys")),
      stat("Subscribers", "short", sum("ringbus_subscribers")),
      stat("TCP connections", "short", sum("ringbus_tcp_connections")),
      chart(
        "Messages per second",
        "short",
        line(rate("ringbus_messages_stored_total"), "stored"),
        line(rate("ringbus_values_published_total"), "published"),
        line(rate("ringbus_deliveries_total"), "delivered"),
        line(rate("ringbus_deliveries_dropped_total"), "dropped"),
      ),
      chart(
        "Removed per second",
        "short",
        line(rate("ringbus_messages_evicted_total"), "evicted"),
        line(rate("ringbus_items_expired_total"), "expired"),
        line(rate("ringbus_items_deleted_total"), "deleted"),
      ),
      chart(
        "Memory",
        "bytes",
        line(sum("ringbus_memory_bytes"), "messages and keys"),
        line(sum("ringbus_memory_limit_bytes"), "maxBytes"),
        line(sum("process_resident_memory_bytes", "instance"), "process {{instance}}"),
      ),
      chart(
        "Failures",
        "short",
        line(rate("ringbus_failures_after_commit_total", "step"), "after commit: {{step}}"),
        line(rate("ringbus_subscribers_disconnected_total"), "subscribers cut off"),
      ),
    ],
  },
  {
    title: "Subscribers",
    panels: [
      chart(
        "Backlog",
        "short",
        line(sum("ringbus_backlog_messages", "transport"), "{{transport}}"),
      ),
      chart(
        "Backlog, bytes",
        "bytes",
        line(sum("ringbus_backlog_bytes", "transport"), "{{transport}}"),
      ),
      chart(
        "Age of the oldest message",
        "s",
        line(max("ringbus_backlog_oldest_seconds", "transport"), "{{transport}}"),
      ),
      chart(
        "Longest queue of one subscriber",
        "short",
        line(max("ringbus_backlog_longest_messages", "transport"), "{{transport}}"),
      ),
      chart("Subscriptions", "short", line(sum("ringbus_subscriptions", "kind"), "to a {{kind}}")),
      top(
        "Subscribers of patterns",
        "short",
        sum("ringbus_pattern_subscribers", "pattern"),
        "{{pattern}}",
      ),
    ],
  },
  {
    title: "Topics and keys",
    panels: [
      top("Messages of topics", "short", sum("ringbus_topic_messages", "topic"), "{{topic}}"),
      top("Size of topics", "bytes", sum("ringbus_topic_bytes", "topic"), "{{topic}}"),
      top(
        "Subscribers of topics",
        "short",
        sum("ringbus_topic_subscribers", "topic, kind"),
        "{{topic}} by {{kind}}",
      ),
      chart(
        "Age of the first message",
        "s",
        line("time() - min by () (ringbus_oldest_message_timestamp_seconds{$S})", "oldest"),
      ),
      chart("Keys", "short", line(sum("ringbus_database_keys", "database"), "db{{database}}")),
      chart(
        "Keys that expire",
        "short",
        line(sum("ringbus_database_expiring_keys", "database"), "db{{database}}"),
      ),
    ],
  },
  {
    title: "Channels of the machine",
    panels: [
      stat("Channels", "short", sum("ringbus_channels")),
      stat("Damaged channels", "short", sum("ringbus_channel_damaged")),
      stat("Dead participants", "short", sum("ringbus_channel_dead_participants")),
      top(
        "Sent per second",
        "short",
        rate("ringbus_channel_sent_messages_total", "channel"),
        "{{channel}}",
      ),
      top(
        "Received per second",
        "short",
        rate("ringbus_channel_received_messages_total", "channel"),
        "{{channel}}",
      ),
      top(
        "Sent bytes per second",
        "Bps",
        rate("ringbus_channel_sent_bytes_total", "channel"),
        "{{channel}}",
      ),
      top(
        "Missed or rejected per second",
        "short",
        rate("ringbus_channel_missed_messages_total", "channel"),
        "{{channel}}",
      ),
      top("Lag", "short", max("ringbus_channel_lag_messages", "channel"), "{{channel}}"),
      top(
        "Fill of the fullest ring, without broadcasts",
        "percentunit",
        "max by (channel) (ringbus_channel_fill_ratio{$S} unless on (channel, instance) " +
          'ringbus_channel_info{$S, kind="broadcast"})',
        "{{channel}}",
      ),
      top(
        "Bytes in the rings",
        "bytes",
        max("ringbus_channel_fill_bytes", "channel"),
        "{{channel}}",
      ),
      top("Rings", "bytes", max("ringbus_channel_capacity_bytes", "channel"), "{{channel}}"),
      top(
        "Not acknowledged",
        "short",
        max("ringbus_channel_unacknowledged_messages", "channel"),
        "{{channel}}",
      ),
      top("Latest values", "short", max("ringbus_channel_keys", "channel"), "{{channel}}"),
      top(
        "Participants",
        "short",
        max("ringbus_channel_participants", "channel, role"),
        "{{channel}} {{role}}",
      ),
      top(
        "Deaths in an hour",
        "short",
        "sum by (channel) (increase(ringbus_channel_deaths_total{$S}[1h]))",
        "{{channel}}",
      ),
    ],
  },
  {
    title: "HTTP",
    panels: [
      top(
        "Requests per second",
        "reqps",
        rate("ringbus_http_requests_total", "method, route"),
        "{{method}} {{route}}",
      ),
      top(
        "Rejected and failed requests per second",
        "reqps",
        rate("ringbus_http_requests_total", "route, status", ', status=~"[45].."'),
        "{{status}} {{route}}",
      ),
      top("Time of requests, median", "s", quantile(0.5, HTTP_TIME, "route"), "{{route}}"),
      top("Time of requests, 99 of 100", "s", quantile(0.99, HTTP_TIME, "route"), "{{route}}"),
      chart(
        "Waiting clients",
        "short",
        line(sum("ringbus_http_waiting_polls"), "polls"),
        line(sum("ringbus_http_event_streams"), "event streams"),
      ),
    ],
  },
  {
    title: "TCP and Redis",
    panels: [
      top(
        "Commands per second",
        "ops",
        rate("ringbus_tcp_commands_total", "command"),
        "{{command}}",
      ),
      top("Time of commands, median", "s", quantile(0.5, TCP_TIME, "command"), "{{command}}"),
      top("Time of commands, 99 of 100", "s", quantile(0.99, TCP_TIME, "command"), "{{command}}"),
      chart(
        "Connections per second",
        "short",
        line(rate("ringbus_tcp_connections_accepted_total"), "accepted"),
        line(rate("ringbus_tcp_connections_refused_total"), "refused"),
        line(rate("ringbus_tcp_connections_idled_total"), "closed because idle"),
      ),
      chart("Redis clients", "short", line(sum("ringbus_redis_clients", "state"), "{{state}}")),
      chart(
        "Errors per second",
        "short",
        line(rate("ringbus_tcp_errors_total"), "line protocol"),
        line(rate("ringbus_redis_errors_total", "code"), "Redis {{code}}"),
      ),
      chart(
        "Bytes per second",
        "Bps",
        line(rate("ringbus_tcp_received_bytes_total"), "received"),
        line(rate("ringbus_tcp_sent_bytes_total"), "sent"),
      ),
      chart("Pushes per second", "short", line(rate("ringbus_tcp_pushes_total"), "lines")),
    ],
  },
  {
    title: "Message queues",
    panels: [
      top(
        "Messages",
        "short",
        max("ringbus_queue_messages", "queue, channel, state"),
        "{{queue}} {{channel}} {{state}}",
      ),
      top(
        "Age of the oldest message that waits",
        "s",
        max("ringbus_queue_oldest_seconds", "queue, channel"),
        "{{queue}} {{channel}}",
      ),
      top(
        "Events per second",
        "short",
        "max by (queue, channel, event) (rate(ringbus_queue_events_total{$S}[$__rate_interval]))",
        "{{queue}} {{channel}} {{event}}",
      ),
      top(
        "Consumers",
        "short",
        max("ringbus_queue_consumers", "queue, channel"),
        "{{queue}} {{channel}}",
      ),
      chart(
        "Silent or paused",
        "short",
        line("1 - min by (queue) (ringbus_queue_up{$S})", "{{queue}} is silent"),
        line(sum("ringbus_queue_paused", "queue"), "{{queue}}: paused channels"),
      ),
    ],
  },
  {
    title: "Shared state",
    panels: [
      chart(
        "Threads",
        "short",
        line(max("ringbus_state_threads", "state"), "{{state}}"),
        line(max("ringbus_state_max_threads", "state"), "{{state}}: limit"),
      ),
      chart("Chains", "short", line(max("ringbus_state_chains", "state"), "{{state}}")),
      chart(
        "Silent",
        "short",
        line("1 - min by (state) (ringbus_state_up{$S})", "{{state}} is silent"),
      ),
    ],
  },
];
