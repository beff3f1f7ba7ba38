/* The reference ring: one producer, one consumer, in a shared file. It is what a careful C program
 * would do with the documented layout, and the yardstick of every ratio the benchmark prints.
 *
 *   0        8         16      24      32     40      48        56         64           68        128
 *   | magic  | version | head  | tail  | lock | count | dropped | capacity | data_sleep | space_sleep | data...
 *
 * Head and tail are running byte counts and share a cache line, as documented. Each side keeps its
 * own copy of the other side's index in its process, so that it seldom reads that line.
 * Records are [size: 8][data], padded to 8; a size of SKIP means "go on at the start". */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <errno.h>
#include <fcntl.h>
#include <immintrin.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"

#define RING_MAGIC 0x52494e4752454631ull
#define RING_SKIP UINT64_MAX
#define SPINS_BEFORE_SLEEP 500
#define INLINE_COPY_LIMIT 256

struct ring_header {
  uint64_t magic, version;
  _Atomic uint64_t head, tail;
  uint64_t lock, count, dropped, capacity;
  _Atomic uint32_t data_sleep, space_sleep;
  uint8_t reserved[56];
};
_Static_assert(sizeof(struct ring_header) == 128, "the header is 128 bytes");
_Static_assert(offsetof(struct ring_header, head) == 16, "head is at 16");
_Static_assert(offsetof(struct ring_header, tail) == 24, "tail is at 24");

struct ring {
  struct ring_header *header;
  uint8_t *data;
  uint64_t capacity, mask;
  uint64_t head, tail;   /* own position, and the last seen position of the other side */
  bool sleeps;           /* futex mode: sleep after a short spin, and wake who sleeps */
};

static struct ring ring_map(int fd, size_t capacity, bool sleeps) {
  size_t length = sizeof(struct ring_header) + capacity;
  void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) die("mmap");
  close(fd);
  return (struct ring){
      .header = base,
      .data = (uint8_t *)base + sizeof(struct ring_header),
      .capacity = capacity,
      .mask = capacity - 1,
      .sleeps = sleeps,
  };
}

static struct ring ring_create(const char *path, size_t capacity, bool sleeps) {
  if (capacity & (capacity - 1)) {
    fprintf(stderr, "the capacity must be a power of two\n");
    exit(2);
  }
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) die(path);
  int error = posix_fallocate(fd, 0, (off_t)(sizeof(struct ring_header) + capacity));
  if (error) {
    errno = error;
    die("posix_fallocate");
  }
  struct ring ring = ring_map(fd, capacity, sleeps);
  ring.header->magic = RING_MAGIC;
  ring.header->version = 1;
  ring.header->capacity = capacity;
  return ring;
}

static struct ring ring_open(const char *path, size_t capacity, bool sleeps) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) die(path);
  struct ring ring = ring_map(fd, capacity, sleeps);
  if (ring.header->magic != RING_MAGIC || ring.header->capacity != capacity) {
    fprintf(stderr, "%s is not this ring\n", path);
    exit(1);
  }
  return ring;
}

static inline void ring_wake(_Atomic uint32_t *word) {
  /* The fence orders "my index is written" before "does the other sleep?". */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(word, memory_order_relaxed) == 0) return;
  if (atomic_exchange(word, 0)) syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Returns at once when `index` has moved from `seen` after the sleep was announced. */
static void ring_sleep(_Atomic uint32_t *word, _Atomic uint64_t *index, uint64_t seen) {
  atomic_store(word, 1);
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(index) == seen) syscall(SYS_futex, word, FUTEX_WAIT, 1, NULL, NULL, 0);
  atomic_store(word, 0);
}

static inline uint64_t record_length(uint64_t size) { return 8 + ((size + 7) & ~7ull); }

/* Small copies are inlined: a call of memcpy for each would cost a third of the throughput. */
static inline void copy_bytes(uint8_t *to, const uint8_t *from, uint64_t size) {
  if (size > INLINE_COPY_LIMIT) {
    memcpy(to, from, size);
    return;
  }
  for (; size >= 16; size -= 16, to += 16, from += 16) memcpy(to, from, 16);
  for (; size > 0; size--) *to++ = *from++;
}

static inline bool ring_try_send(struct ring *r, const void *bytes, uint64_t size) {
  uint64_t at = r->head & r->mask, to_end = r->capacity - at, length = record_length(size);
  uint64_t skip = length > to_end ? to_end : 0;
  if (r->head + skip + length - r->tail > r->capacity) {
    r->tail = atomic_load_explicit(&r->header->tail, memory_order_acquire);
    if (r->head + skip + length - r->tail > r->capacity) return false;
  }
  if (skip) {
    *(uint64_t *)(r->data + at) = RING_SKIP;
    r->head += skip;
    at = 0;
  }
  *(uint64_t *)(r->data + at) = size;
  copy_bytes(r->data + at + 8, bytes, size);
  r->head += length;
  atomic_store_explicit(&r->header->head, r->head, memory_order_release);
  if (r->sleeps) ring_wake(&r->header->data_sleep);
  return true;
}

/* The size of the message, or -1 when there is none. */
static inline int64_t ring_try_receive(struct ring *r, void *into, uint64_t room) {
  if (r->tail == r->head) {
    r->head = atomic_load_explicit(&r->header->head, memory_order_acquire);
    if (r->tail == r->head) return -1;
  }
  uint64_t at = r->tail & r->mask, size = *(uint64_t *)(r->data + at);
  if (size == RING_SKIP) {
    r->tail += r->capacity - at;
    at = 0;
    size = *(uint64_t *)r->data;
  }
  if (size > room) {
    fprintf(stderr, "a message of %llu bytes does not fit\n", (unsigned long long)size);
    exit(1);
  }
  copy_bytes(into, r->data + at + 8, size);
  r->tail += record_length(size);
  atomic_store_explicit(&r->header->tail, r->tail, memory_order_release);
  if (r->sleeps) ring_wake(&r->header->space_sleep);
  return (int64_t)size;
}

static inline void ring_send(struct ring *r, const void *bytes, uint64_t size) {
  for (uint32_t spins = 0; !ring_try_send(r, bytes, size); spins++) {
    _mm_pause();
    if (r->sleeps && spins >= SPINS_BEFORE_SLEEP)
      ring_sleep(&r->header->space_sleep, &r->header->tail, r->tail);
  }
}

static inline uint64_t ring_receive(struct ring *r, void *into, uint64_t room) {
  int64_t size;
  for (uint32_t spins = 0; (size = ring_try_receive(r, into, room)) < 0; spins++) {
    _mm_pause();
    if (r->sleeps && spins >= SPINS_BEFORE_SLEEP)
      ring_sleep(&r->header->data_sleep, &r->header->head, r->head);
  }
  return (uint64_t)size;
}

#endif
