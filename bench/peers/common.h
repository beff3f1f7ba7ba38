/* What every C peer of the benchmark shares: its arguments, the lines it says to the harness, the
 * clock, and the file of latencies it leaves behind. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define LIFETIME_SECONDS 180

struct task {
  const char *role;
  const char *address;
  size_t size;
  uint64_t warmup;
  uint64_t count;
  size_t capacity;
  const char *mode;
  const char *out;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static struct task read_task(int argc, char **argv) {
  if (argc != 9) {
    fprintf(stderr, "usage: %s ROLE ADDRESS SIZE WARMUP COUNT CAPACITY MODE OUT\n", argv[0]);
    exit(2);
  }
  /* A spinning peer whose harness was killed, or whose partner died, would burn a core for ever. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(LIFETIME_SECONDS);
  return (struct task){
      .role = argv[1],
      .address = argv[2],
      .size = strtoull(argv[3], NULL, 10),
      .warmup = strtoull(argv[4], NULL, 10),
      .count = strtoull(argv[5], NULL, 10),
      .capacity = strtoull(argv[6], NULL, 10),
      .mode = argv[7],
      .out = argv[8],
  };
}

/* CLOCK_MONOTONIC is one clock for all processes of a machine, so stamps may cross a process. */
static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void sleep_ns(long ns) {
  struct timespec t = {0, ns};
  nanosleep(&t, NULL);
}

#define DISTINCT 8
/* Messages between two readings of the clock. */
#define TURNS_CHUNK 10000

/* The first byte of message `i`: enough to notice loss, repetition and reuse of a buffer. */
static inline uint8_t sequence_byte(uint64_t i) { return i % DISTINCT; }

static void say_event(const char *event) {
  printf("{\"event\":\"%s\"}\n", event);
  fflush(stdout);
}

static void say_start(uint64_t start_ns) {
  printf("{\"startNs\":%llu}\n", (unsigned long long)start_ns);
  fflush(stdout);
}

static void say_end(uint64_t end_ns, uint64_t wrong) {
  printf("{\"event\":\"end\",\"endNs\":%llu,\"wrong\":%llu}\n", (unsigned long long)end_ns,
         (unsigned long long)wrong);
  fflush(stdout);
}

/* First when both sides are warm, and again when everything has arrived and the sender may leave. */
static void await_go(void) {
  int c;
  while ((c = getchar()) != '\n')
    if (c == EOF) exit(3);
}

/* Filled once so that its pages exist before anything is timed. */
static void *message_buffer(size_t size) {
  void *buffer = malloc(size < 64 ? 64 : size);
  if (!buffer) die("malloc");
  memset(buffer, 1, size < 64 ? 64 : size);
  return buffer;
}

/* Messages to send by turns and never to change. A byte written just before it is copied as part of
 * a word would make each copy wait until all earlier stores have left the core. */
static uint8_t **distinct_messages(size_t size) {
  static uint8_t *messages[DISTINCT];
  for (int i = 0; i < DISTINCT; i++) {
    messages[i] = message_buffer(size);
    messages[i][0] = sequence_byte(i);
  }
  return messages;
}

static double *latency_buffer(uint64_t count) {
  double *latencies = malloc(count * sizeof(double));
  if (!latencies) die("malloc");
  memset(latencies, 0, count * sizeof(double));
  return latencies;
}

static void write_latencies(const char *path, const double *latencies, uint64_t count) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(latencies, sizeof(double), count, file) != count || fclose(file))
    die(path);
}

#endif
