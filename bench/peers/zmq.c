/* libzmq as a peer of the benchmark, over ipc://. PAIR carries the round trips, PUSH/PULL the
 * streams. The high-water marks hold as many bytes as the ring of the same workload would. */
#define _GNU_SOURCE
#include <zmq.h>

#include "common.h"

struct link {
  void *context, *socket;
};

static int high_water_mark(const struct task *task) {
  size_t messages = task->capacity / task->size;
  return messages < 2 ? 2 : messages > 100000 ? 100000 : (int)messages;
}

static struct link link_up(const struct task *task, int type, int binds) {
  struct link link = {.context = zmq_ctx_new()};
  link.socket = zmq_socket(link.context, type);
  int mark = high_water_mark(task);
  zmq_setsockopt(link.socket, ZMQ_SNDHWM, &mark, sizeof mark);
  zmq_setsockopt(link.socket, ZMQ_RCVHWM, &mark, sizeof mark);
  int failed = binds ? zmq_bind(link.socket, task->address)
                     : zmq_connect(link.socket, task->address);
  if (failed) die(task->address);
  return link;
}

/* Waits until everything queued has left. */
static void link_down(struct link link) {
  zmq_close(link.socket);
  zmq_ctx_term(link.context);
}

static void put(struct link link, const void *message, size_t size) {
  if (zmq_send(link.socket, message, size, 0) < 0) die("zmq_send");
}

static size_t take(struct link link, void *message, size_t room) {
  int size = zmq_recv(link.socket, message, room, 0);
  if (size < 0) die("zmq_recv");
  return (size_t)size;
}

static void pong(const struct task *task) {
  struct link link = link_up(task, ZMQ_PAIR, 1);
  uint8_t *message = message_buffer(task->size);
  say_event("ready");
  for (uint64_t i = 0; i < task->warmup + task->count; i++)
    put(link, message, take(link, message, task->size));
  link_down(link);
}

static void ping(const struct task *task) {
  struct link link = link_up(task, ZMQ_PAIR, 0);
  uint8_t *message = message_buffer(task->size);
  double *latencies = latency_buffer(task->count);
  for (uint64_t i = 0; i < task->warmup; i++) {
    put(link, message, task->size);
    take(link, message, task->size);
  }
  uint64_t before = now_ns();
  for (uint64_t i = 0; i < task->count; i++) {
    put(link, message, task->size);
    take(link, message, task->size);
    uint64_t after = now_ns();
    latencies[i] = (double)(after - before);
    before = after;
  }
  write_latencies(task->out, latencies, task->count);
  link_down(link);
}

static uint64_t receive_run(struct link in, uint8_t *message, const struct task *task,
                            uint64_t count) {
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < count; i++) {
    size_t size = take(in, message, task->size);
    wrong += size != task->size || message[0] != sequence_byte(i);
  }
  return wrong;
}

static void receive(const struct task *task) {
  struct link in = link_up(task, ZMQ_PULL, 1);
  uint8_t *message = message_buffer(task->size);
  say_event("ready");
  uint64_t wrong = receive_run(in, message, task, task->warmup);
  say_event("warm");
  wrong += receive_run(in, message, task, task->count);
  say_end(now_ns(), wrong);
  link_down(in);
}

static void send_run(struct link out, uint8_t **messages, const struct task *task,
                     uint64_t count) {
  for (uint64_t i = 0; i < count; i++) put(out, messages[i % DISTINCT], task->size);
}

static void send_role(const struct task *task) {
  struct link out = link_up(task, ZMQ_PUSH, 0);
  uint8_t **messages = distinct_messages(task->size);
  send_run(out, messages, task, task->warmup);
  await_go();
  uint64_t start = now_ns();
  send_run(out, messages, task, task->count);
  say_start(start);
  await_go();
  link_down(out);
}

int main(int argc, char **argv) {
  struct task task = read_task(argc, argv);
  if (!strcmp(task.role, "ping")) ping(&task);
  else if (!strcmp(task.role, "pong")) pong(&task);
  else if (!strcmp(task.role, "send")) send_role(&task);
  else if (!strcmp(task.role, "receive")) receive(&task);
  else return 2;
  return 0;
}
