// The load generator in C: asks one UDP server over several sockets, with a fixed number of questions under way,
// and counts the valid answers. It knows nothing of the DHT but what an answer's last bytes look like.
// load.ts is the same in TypeScript, for machines without a compiler; it is the slower one of the two.
//
// load PORT SOCKETS WINDOW MS QUERY_HEX TRANSACTION_OFFSET MARK_BYTES TARGET_OFFSET TARGET_BYTES MIN_BYTES MAX_BYTES
//
// The two bytes at TRANSACTION_OFFSET differ from question to question, and those at TARGET_OFFSET, of which there may be
// none. The MARK_BYTES before the former are the same in the answer.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 32, MAX_WINDOW = 256, BATCH = 64, BUFFER = 65536, QUERY = 512, TAIL = 64, BUCKETS = 100000 };
enum { LOST_AFTER_MS = 250, LOOK_EVERY_MS = 20 };

struct slot {
  uint16_t transaction;
  uint64_t sent;
};

static struct slot slots[MAX_SOCKETS][MAX_WINDOW];
static uint8_t incoming[BATCH][BUFFER];
static uint8_t outgoing[BATCH][QUERY];
static struct mmsghdr in_headers[BATCH], out_headers[BATCH];
static struct iovec in_vectors[BATCH], out_vectors[BATCH];
static uint32_t histogram[BUCKETS]; // answers by delay in µs
static uint8_t query[QUERY];
static long query_length, transaction_offset, mark_bytes, target_offset, target_bytes, min_bytes, max_bytes;
static uint64_t sent, answers, answer_bytes, invalid, questions, lost;
static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

static uint64_t random64(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

// Writes the next question of a slot into place `index` of the outgoing batch.
static void ask(int socket, int slot, int index, uint64_t time) {
  struct slot *it = &slots[socket][slot];
  it->transaction = (uint16_t)((it->transaction + 256) & 0xff00) | (uint16_t)slot;
  it->sent = time;
  uint8_t *packet = outgoing[index];
  memcpy(packet, query, (size_t)query_length);
  packet[transaction_offset] = it->transaction >> 8;
  packet[transaction_offset + 1] = it->transaction & 255;
  if (target_bytes == 0) return;
  uint64_t words[3] = {random64(), random64(), random64()};
  memcpy(packet + target_offset, words, (size_t)target_bytes);
}

static void flush_batch(int descriptor, int count) {
  int done = 0;
  while (done < count) {
    int result = sendmmsg(descriptor, out_headers + done, (unsigned)(count - done), 0);
    if (result > 0) {
      done += result;
    } else if (errno != EINTR) {
      break; // what was not sent is counted as lost later
    }
  }
  sent += (uint64_t)done;
}

// The slot that a packet answers, or -1.
static int answered(int socket, const uint8_t *packet, long length) {
  if (length < 16 || packet[0] != 'd') return -1;
  const uint8_t *end = packet + length;
  if (memcmp(end - 7, "1:y1:", 5) != 0) return -1;
  if (end[-2] == 'q') {
    questions++;
    return -2;
  }
  if (end[-2] != 'r' || length < min_bytes || length > max_bytes) return -1;
  const uint8_t *tail = length > TAIL ? end - TAIL : packet;
  const uint8_t *mark = query + transaction_offset - mark_bytes;
  const uint8_t *found = memmem(tail, (size_t)(end - tail), mark, (size_t)mark_bytes);
  if (found == NULL || found + mark_bytes + 2 > end) return -1;
  int transaction = found[mark_bytes] << 8 | found[mark_bytes + 1];
  int slot = transaction & 255;
  return slot < MAX_WINDOW && slots[socket][slot].sent != 0 && slots[socket][slot].transaction == transaction ? slot : -1;
}

static void take(int socket, int descriptor) {
  int count = recvmmsg(descriptor, in_headers, BATCH, MSG_DONTWAIT, NULL);
  if (count <= 0) return;
  uint64_t time = now_ns();
  int asked = 0;
  for (int index = 0; index < count; index++) {
    long length = (long)in_headers[index].msg_len;
    int slot = answered(socket, incoming[index], length);
    if (slot == -1) invalid++;
    if (slot < 0) continue;
    uint64_t delay = (time - slots[socket][slot].sent) / 1000;
    histogram[delay < BUCKETS ? delay : BUCKETS - 1]++;
    answers++;
    answer_bytes += (uint64_t)length;
    ask(socket, slot, asked++, time);
  }
  flush_batch(descriptor, asked);
}

// Asks again where no answer came. At the start, asks for the first time.
static void refill(int socket, int descriptor, int window, uint64_t time) {
  int asked = 0;
  for (int slot = 0; slot < window; slot++) {
    struct slot *it = &slots[socket][slot];
    if (it->sent != 0 && time - it->sent < LOST_AFTER_MS * 1000000ull) continue;
    if (it->sent != 0) lost++;
    ask(socket, slot, asked++, time);
    if (asked == BATCH) {
      flush_batch(descriptor, asked);
      asked = 0;
    }
  }
  flush_batch(descriptor, asked);
}

static long percentile(double share) {
  uint64_t below = 0;
  for (long delay = 0; delay < BUCKETS; delay++) {
    below += histogram[delay];
    if ((double)below >= share * (double)answers) return delay;
  }
  return BUCKETS;
}

static int open_socket(int port) {
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  int size = 4 * 1024 * 1024;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&to, sizeof to) != 0) {
    perror("load: socket");
    exit(1);
  }
  return descriptor;
}

static void prepare(const char *hex) {
  query_length = (long)strlen(hex) / 2;
  if (query_length > QUERY) exit(2);
  for (long index = 0; index < query_length; index++) sscanf(hex + 2 * index, "%2hhx", &query[index]);
  for (int index = 0; index < BATCH; index++) {
    in_vectors[index] = (struct iovec){incoming[index], BUFFER};
    in_headers[index].msg_hdr = (struct msghdr){.msg_iov = &in_vectors[index], .msg_iovlen = 1};
    out_vectors[index] = (struct iovec){outgoing[index], (size_t)query_length};
    out_headers[index].msg_hdr = (struct msghdr){.msg_iov = &out_vectors[index], .msg_iovlen = 1};
  }
}

int main(int count, char **words) {
  if (count != 12) return 2;
  int sockets = atoi(words[2]), window = atoi(words[3]);
  uint64_t length = (uint64_t)atoi(words[4]) * 1000000ull;
  transaction_offset = atol(words[6]);
  mark_bytes = atol(words[7]);
  target_offset = atol(words[8]);
  target_bytes = atol(words[9]);
  min_bytes = atol(words[10]);
  max_bytes = atol(words[11]);
  if (sockets < 1 || sockets > MAX_SOCKETS || window < 1 || window > MAX_WINDOW) return 2;
  if (mark_bytes < 1 || mark_bytes > transaction_offset || target_bytes < 0 || target_bytes > 20) return 2;
  prepare(words[5]);
  struct pollfd polled[MAX_SOCKETS];
  for (int index = 0; index < sockets; index++) polled[index] = (struct pollfd){open_socket(atoi(words[1])), POLLIN, 0};

  uint64_t start = now_ns(), looked = 0, time = start;
  while (time - start < length) {
    if (time - looked >= LOOK_EVERY_MS * 1000000ull) {
      for (int index = 0; index < sockets; index++) refill(index, polled[index].fd, window, time);
      looked = time;
    }
    poll(polled, (nfds_t)sockets, LOOK_EVERY_MS);
    for (int index = 0; index < sockets; index++) {
      if (polled[index].revents != 0) take(index, polled[index].fd);
    }
    time = now_ns();
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
  printf("{\"ms\":%.3f,\"cpuMs\":%.3f,\"sent\":%llu,\"answers\":%llu,\"answerBytes\":%llu,\"invalid\":%llu,"
         "\"questions\":%llu,\"lost\":%llu,\"p50Us\":%ld,\"p99Us\":%ld}\n",
         (double)(time - start) / 1e6, cpu_ms, (unsigned long long)sent, (unsigned long long)answers,
         (unsigned long long)answer_bytes, (unsigned long long)invalid, (unsigned long long)questions,
         (unsigned long long)lost, percentile(0.5), percentile(0.99));
  return 0;
}
