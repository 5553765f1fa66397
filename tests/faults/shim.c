/* Lets chosen system calls fail, or kills the process before or after them.

   FAULTS_RULE     program|call|path|first|count|what: the calls from number `first` on (1 is the
                   first one, over all processes), `count` of them, to `call` with a path that
                   contains `path`, in programs whose command line contains `program`; `what` is
                   a number of an error, "kill-before" or "kill-after".
   FAULTS_COUNTER  a file of 8 bytes that all processes share.
   FAULTS_LOG      a file to which each call is written: "program call path".

   Calls are create, read, rename, unlink, mkdir, link, fsync, stat, flock and start. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char rule_program[256], rule_call[32], rule_path[256], rule_what[32];
static long rule_first, rule_count;
static int has_rule, log_file = -1;
static char command_line[4096];
static _Atomic long *counter;

static int real_open(const char *path, int flags, int mode) {
  static int (*real)(const char *, int, ...);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  return real(path, flags, mode);
}

__attribute__((constructor)) static void begin(void) {
  int file = real_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
  ssize_t size = file < 0 ? 0 : read(file, command_line, sizeof command_line - 1);
  for (ssize_t i = 0; i + 1 < size; i++)
    if (!command_line[i]) command_line[i] = ' ';
  if (file >= 0) close(file);
  const char *log = getenv("FAULTS_LOG");
  if (log) log_file = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  const char *rule = getenv("FAULTS_RULE"), *counts = getenv("FAULTS_COUNTER");
  if (!rule || !counts) return;
  if (sscanf(rule, "%255[^|]|%31[^|]|%255[^|]|%ld|%ld|%31[^|]", rule_program, rule_call, rule_path,
             &rule_first, &rule_count, rule_what) != 6)
    return;
  file = real_open(counts, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) return;
  counter = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  has_rule = counter != MAP_FAILED && strstr(command_line, rule_program) != NULL;
}

/* What to do with a call: 0 nothing, 1 kill after it, -1 let it fail (errno is set). */
static int judge(const char *call, const char *path) {
  if (!path) path = "";
  if (log_file >= 0) {
    char line[8192];
    int size = snprintf(line, sizeof line, "%.200s\t%s\t%s\n", command_line, call, path);
    if (size > 0 && write(log_file, line, size < (int)sizeof line ? size : (int)sizeof line) < 0) {
    }
  }
  if (!has_rule || strcmp(call, rule_call) || !strstr(path, rule_path)) return 0;
  long number = atomic_fetch_add(counter, 1) + 1;
  if (number < rule_first || number >= rule_first + rule_count) return 0;
  if (!strcmp(rule_what, "kill-before")) kill(getpid(), SIGKILL);
  if (!strcmp(rule_what, "kill-after")) return 1;
  errno = atoi(rule_what);
  return -1;
}

static int finished(int verdict, int result) {
  if (verdict == 1) kill(getpid(), SIGKILL);
  return result;
}

static const char *path_of(int descriptor, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t size = readlink(link, buffer, PATH_MAX - 1);
  buffer[size > 0 ? size : 0] = 0;
  return buffer;
}

static const char *call_of_open(int flags) {
  return flags & (O_CREAT | O_TRUNC) || (flags & O_ACCMODE) != O_RDONLY ? "create" : "read";
}

#define MODE(flags) \
  int mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, int); \
    va_end(rest); \
  }

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    MODE(flags) \
    static int (*real)(const char *, int, ...); \
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    int verdict = judge(call_of_open(flags), path); \
    return verdict < 0 ? -1 : finished(verdict, real(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    MODE(flags) \
    static int (*real)(int, const char *, int, ...); \
    if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    int verdict = judge(call_of_open(flags), path); \
    return verdict < 0 ? -1 : finished(verdict, real(folder, path, flags, mode)); \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name) \
  FILE *name(const char *path, const char *mode) { \
    static FILE *(*real)(const char *, const char *); \
    if (!real) real = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, #name); \
    int verdict = judge(strpbrk(mode, "wa+") ? "create" : "read", path); \
    if (verdict < 0) return NULL; \
    FILE *file = real(path, mode); \
    finished(verdict, 0); \
    return file; \
  }
FOPEN(fopen)
FOPEN(fopen64)

#define CALL(name, call, path, parameters, arguments) \
  int name parameters { \
    static int(*real) parameters; \
    if (!real) real = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
    int verdict = judge(call, path); \
    return verdict < 0 ? -1 : finished(verdict, real arguments); \
  }
CALL(rename, "rename", to, (const char *from, const char *to), (from, to))
CALL(renameat, "rename", to, (int a, const char *from, int b, const char *to), (a, from, b, to))
CALL(renameat2, "rename", to, (int a, const char *from, int b, const char *to, unsigned f),
     (a, from, b, to, f))
CALL(link, "link", to, (const char *from, const char *to), (from, to))
CALL(linkat, "link", to, (int a, const char *from, int b, const char *to, int f),
     (a, from, b, to, f))
CALL(unlink, "unlink", path, (const char *path), (path))
CALL(unlinkat, "unlink", path, (int folder, const char *path, int f), (folder, path, f))
CALL(mkdir, "mkdir", path, (const char *path, mode_t mode), (path, mode))
CALL(mkdirat, "mkdir", path, (int folder, const char *path, mode_t mode), (folder, path, mode))
CALL(stat, "stat", path, (const char *path, struct stat *s), (path, s))
CALL(stat64, "stat", path, (const char *path, struct stat64 *s), (path, s))
CALL(fstatat, "stat", path, (int folder, const char *path, struct stat *s, int f),
     (folder, path, s, f))
CALL(fstatat64, "stat", path, (int folder, const char *path, struct stat64 *s, int f),
     (folder, path, s, f))

#define BY_DESCRIPTOR(name, call, parameters, arguments) \
  int name parameters { \
    static int(*real) parameters; \
    if (!real) real = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
    char buffer[PATH_MAX]; \
    int verdict = judge(call, path_of(file, buffer)); \
    return verdict < 0 ? -1 : finished(verdict, real arguments); \
  }
BY_DESCRIPTOR(fsync, "fsync", (int file), (file))
BY_DESCRIPTOR(fdatasync, "fsync", (int file), (file))
BY_DESCRIPTOR(flock, "flock", (int file, int operation), (file, operation))
CALL(execve, "start", path, (const char *path, char *const a[], char *const e[]), (path, a, e))
