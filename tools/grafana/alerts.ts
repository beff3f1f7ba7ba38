/**
 * Rules by which Prometheus tells of what needs a look.
 *
 * @module
 */

/** A rule. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long the expression must hold. */
  readonly after: string;
  readonly severity: "warning" | "critical";
  /** What is wrong, with labels in braces. */
  readonly summary: string;
}

/** The rules. */
export const ALERTS: readonly Alert[] = [
  {
    name: "RingbusSubscriberLosesMessages",
    expr: "rate(ringbus_deliveries_dropped_total[5m]) > 0",
    after: "1m",
    severity: "warning",
    summary: "A subscriber of {{ $labels.instance }} loses messages: its queue is full.",
  },
  {
    name: "RingbusSubscriberIsSlow",
    expr: "ringbus_backlog_oldest_seconds > 10",
    after: "1m",
    severity: "warning",
    summary: "A {{ $labels.transport }} subscriber of {{ $labels.instance }} is slow or gone.",
  },
  {
    name: "RingbusEvictsMessages",
    expr: "rate(ringbus_messages_evicted_total[5m]) > 0",
    after: "5m",
    severity: "warning",
    summary: "The limits of {{ $labels.instance }} evict messages.",
  },
  {
    name: "RingbusMemoryIsShort",
    expr: "ringbus_memory_bytes / ringbus_memory_limit_bytes > 0.9",
    after: "5m",
    severity: "warning",
    summary: "{{ $labels.instance }} uses more than nine tenths of maxBytes.",
  },
  {
    name: "RingbusRequestsFail",
    expr: 'sum by (instance, route) (rate(ringbus_http_requests_total{status=~"5.."}[5m])) > 0',
    after: "1m",
    severity: "critical",
    summary: "Requests for {{ $labels.route }} fail at {{ $labels.instance }}.",
  },
  {
    name: "RingbusChannelIsFull",
    expr: "ringbus_channel_fill_ratio > 0.9 unless on (instance, channel) " +
      'ringbus_channel_info{kind="broadcast"}',
    after: "1m",
    severity: "warning",
    summary: "A ring of channel {{ $labels.channel }} is nearly full: its receivers are slow.",
  },
  {
    name: "RingbusChannelLosesMessages",
    expr: "rate(ringbus_channel_missed_messages_total[5m]) > 0",
    after: "1m",
    severity: "warning",
    summary: "A receiver of channel {{ $labels.channel }} misses messages.",
  },
  {
    name: "RingbusParticipantDied",
    expr: "increase(ringbus_channel_deaths_total[5m]) > 0",
    after: "0m",
    severity: "warning",
    summary: "A participant of channel {{ $labels.channel }} died.",
  },
  {
    name: "RingbusChannelIsDamaged",
    expr: "ringbus_channel_damaged > 0",
    after: "1m",
    severity: "critical",
    summary: "Channel {{ $labels.channel }} is damaged: ringbus inspect shows where.",
  },
  {
    name: "RingbusQueueIsSilent",
    expr: "ringbus_queue_up == 0",
    after: "1m",
    severity: "critical",
    summary: "The message queue {{ $labels.queue }} does not answer.",
  },
  {
    name: "RingbusDeadLetters",
    expr: 'increase(ringbus_queue_events_total{event="dead"}[15m]) > 0',
    after: "0m",
    severity: "warning",
    summary: "Messages of {{ $labels.queue }} {{ $labels.channel }} became dead letters.",
  },
  {
    name: "RingbusStateIsSilent",
    expr: "ringbus_state_up == 0",
    after: "1m",
    severity: "critical",
    summary: "The shared state {{ $labels.state }} does not answer.",
  },
];
