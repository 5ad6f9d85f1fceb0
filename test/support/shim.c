/*
 * LD_PRELOAD: makes calls on some files fail, and the clock jump.
 *   SHIM_PATH   part of the path of the files that are meant
 *   SHIM_CALL   write, fsync, rename or open
 *   SHIM_AT     the call that fails first, from 1; all after it fail too
 *   SHIM_ERRNO  with what
 *   SHIM_CLOCK  seconds; the wall clock is so much ahead, then behind, and so on, changing with every SHIM_EVERY looks at it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_long calls;

static int hits(const char *call, const char *path) {
  const char *wanted = getenv("SHIM_CALL"), *part = getenv("SHIM_PATH"), *at = getenv("SHIM_AT");
  if (!wanted || !part || !at || strcmp(wanted, call) || !path || !strstr(path, part)) return 0;
  if (++calls < atol(at)) return 0;
  if (calls == atol(at)) dprintf(2, "shim %s %ld\n", call, (long)calls);
  errno = atoi(getenv("SHIM_ERRNO"));
  return 1;
}

static int hits_fd(const char *call, int fd) {
  if (!getenv("SHIM_CALL")) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return hits(call, path);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return hits_fd("write", fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return hits_fd("write", fd) ? -1 : REAL(writev)(fd, parts, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return hits_fd("write", fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return hits_fd("write", fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
int fsync(int fd) { return hits_fd("fsync", fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return hits_fd("fsync", fd) ? -1 : REAL(fdatasync)(fd); }
int rename(const char *from, const char *to) { return hits("rename", to) ? -1 : REAL(rename)(from, to); }
int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = va_arg(more, int);
  va_end(more);
  return (flags & (O_WRONLY | O_RDWR)) && hits("open", path) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = va_arg(more, int);
  va_end(more);
  return (flags & (O_WRONLY | O_RDWR)) && hits("open", path) ? -1 : REAL(open64)(path, flags, mode);
}

static atomic_long looks;

static long jump(void) {
  const char *seconds = getenv("SHIM_CLOCK"), *every = getenv("SHIM_EVERY");
  if (!seconds || !every) return 0;
  return (++looks / atol(every)) % 2 == 0 ? atol(seconds) : -atol(seconds);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int result = REAL(gettimeofday)(now, zone);
  now->tv_sec += jump();
  return result;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = REAL(clock_gettime)(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += jump();
  return result;
}
