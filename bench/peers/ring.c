/* The C reference ring as a peer of the benchmark: one process plays one role.
 * MODE is "spin", or "futex" for the ring that sleeps. */
#define _GNU_SOURCE
#include "ring.h"

#define BEAT_NS 1000000

static bool sleeps(const struct task *task) { return strcmp(task->mode, "futex") == 0; }

static const char *beside(const struct task *task, const char *suffix) {
  char *path = malloc(strlen(task->address) + strlen(suffix) + 1);
  if (!path) die("malloc");
  return strcat(strcpy(path, task->address), suffix);
}

static void pong(const struct task *task) {
  struct ring in = ring_create(beside(task, ".there"), task->capacity, sleeps(task));
  struct ring out = ring_create(beside(task, ".back"), task->capacity, sleeps(task));
  uint8_t *message = message_buffer(task->size);
  say_event("ready");
  for (uint64_t i = 0; i < task->warmup + task->count; i++)
    ring_send(&out, message, ring_receive(&in, message, task->size));
}

static void ping(const struct task *task) {
  struct ring out = ring_open(beside(task, ".there"), task->capacity, sleeps(task));
  struct ring in = ring_open(beside(task, ".back"), task->capacity, sleeps(task));
  uint8_t *message = message_buffer(task->size);
  double *latencies = latency_buffer(task->count);
  for (uint64_t i = 0; i < task->warmup; i++) {
    ring_send(&out, message, task->size);
    ring_receive(&in, message, task->size);
  }
  uint64_t before = now_ns();
  for (uint64_t i = 0; i < task->count; i++) {
    ring_send(&out, message, task->size);
    ring_receive(&in, message, task->size);
    uint64_t after = now_ns();
    latencies[i] = (double)(after - before);
    before = after;
  }
  write_latencies(task->out, latencies, task->count);
}

static uint64_t receive_run(struct ring *in, uint8_t *message, const struct task *task,
                            uint64_t count) {
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t size = ring_receive(in, message, task->size);
    wrong += size != task->size || message[0] != sequence_byte(i);
  }
  return wrong;
}

static void receive(const struct task *task) {
  struct ring in = ring_create(task->address, task->capacity, sleeps(task));
  uint8_t *message = message_buffer(task->size);
  say_event("ready");
  uint64_t wrong = receive_run(&in, message, task, task->warmup);
  say_event("warm");
  wrong += receive_run(&in, message, task, task->count);
  say_end(now_ns(), wrong);
}

static void send_run(struct ring *out, uint8_t **messages, const struct task *task,
                     uint64_t count) {
  for (uint64_t i = 0; i < count; i++) ring_send(out, messages[i % DISTINCT], task->size);
}

static void send_role(const struct task *task) {
  struct ring out = ring_open(task->address, task->capacity, sleeps(task));
  uint8_t **messages = distinct_messages(task->size);
  send_run(&out, messages, task, task->warmup);
  await_go();
  uint64_t start = now_ns();
  send_run(&out, messages, task, task->count);
  say_start(start);
  await_go();
}

/* Sends its own clock once per beat. A beat is long enough for the receiver to sleep each time. */
static void beat(const struct task *task) {
  struct ring out = ring_open(task->address, task->capacity, sleeps(task));
  uint8_t *message = message_buffer(task->size);
  for (uint64_t i = 0; i < task->warmup + task->count; i++) {
    sleep_ns(BEAT_NS);
    uint64_t stamp = now_ns();
    memcpy(message, &stamp, sizeof stamp);
    ring_send(&out, message, task->size);
  }
}

static void wake(const struct task *task) {
  struct ring in = ring_create(task->address, task->capacity, sleeps(task));
  uint8_t *message = message_buffer(task->size);
  double *latencies = latency_buffer(task->count);
  say_event("ready");
  for (uint64_t i = 0; i < task->warmup + task->count; i++) {
    ring_receive(&in, message, task->size);
    uint64_t arrived = now_ns(), stamp;
    memcpy(&stamp, message, sizeof stamp);
    if (i >= task->warmup) latencies[i - task->warmup] = (double)(arrived - stamp);
  }
  write_latencies(task->out, latencies, task->count);
}

/* Both sides in one thread: each message is received before the next one is sent. */
static void turns(const struct task *task) {
  struct ring in = ring_create(task->address, task->capacity, sleeps(task));
  struct ring out = ring_open(task->address, task->capacity, sleeps(task));
  uint8_t **messages = distinct_messages(task->size);
  uint8_t *target = message_buffer(task->size);
  uint64_t chunks = (task->count + TURNS_CHUNK - 1) / TURNS_CHUNK, wrong = 0;
  double *latencies = latency_buffer(chunks);
  uint64_t before = now_ns();
  for (uint64_t i = 0; i < task->warmup + chunks * TURNS_CHUNK; i++) {
    ring_send(&out, messages[i % DISTINCT], task->size);
    ring_receive(&in, target, task->size);
    wrong += target[0] != sequence_byte(i);
    if (i < task->warmup) before = now_ns();
    else if ((i + 1 - task->warmup) % TURNS_CHUNK == 0) {
      uint64_t after = now_ns();
      latencies[(i - task->warmup) / TURNS_CHUNK] = (double)(after - before) / TURNS_CHUNK;
      before = after;
    }
  }
  if (wrong) exit(4);
  write_latencies(task->out, latencies, chunks);
}

int main(int argc, char **argv) {
  struct task task = read_task(argc, argv);
  if (!strcmp(task.role, "ping")) ping(&task);
  else if (!strcmp(task.role, "pong")) pong(&task);
  else if (!strcmp(task.role, "send")) send_role(&task);
  else if (!strcmp(task.role, "receive")) receive(&task);
  else if (!strcmp(task.role, "turns")) turns(&task);
  else if (!strcmp(task.role, "beat")) beat(&task);
  else if (!strcmp(task.role, "wake")) wake(&task);
  else return 2;
  return 0;
}
