/* Storage that fails, put before the C library with LD_PRELOAD.

   Operations on paths under one folder are counted from the moment it is armed. The nth one, or
   all from the nth on, fail with an error number, write only half, or kill the process. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = -1, SHORT = -2 };

static char folder[PATH_MAX];
static size_t length;
static atomic_long reached;
static long nth;
static int how, lasting;

void storage_arm(const char *path, long at, int fault, int stays) {
    strncpy(folder, path, sizeof folder - 1);
    length = strlen(folder);
    nth = at, how = fault, lasting = stays;
    atomic_store(&reached, 0);
}

long storage_reached(void) { return atomic_load(&reached); }

/* 0 where the operation goes on, an error number, or SHORT. */
static int fault(const char *path) {
    if (!length || strncmp(path, folder, length)) return 0;
    long now = atomic_fetch_add(&reached, 1) + 1;
    if (now < nth || (now > nth && !lasting)) return 0;
    if (how == KILL) kill(getpid(), SIGKILL);
    return how;
}

static int fault_of_file(int file) {
    char link[32], path[PATH_MAX];
    if (!length || file <= 2) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    return fault(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_WITH(error) do { int failed = (error); \
    if (failed > 0) { errno = failed; return -1; } } while (0)

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; va_end(rest); \
        if (flags & (O_WRONLY | O_RDWR | O_CREAT)) FAIL_WITH(fault(path)); \
        return REAL(name)(path, flags, mode); }
#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; va_end(rest); \
        if (flags & (O_WRONLY | O_RDWR | O_CREAT)) FAIL_WITH(fault(path)); \
        return REAL(name)(at, path, flags, mode); }
#define WRITES(name, offset_type) \
    ssize_t name(int file, const void *data, size_t size, offset_type at) { \
        int failed = fault_of_file(file); FAIL_WITH(failed); \
        return REAL(name)(file, data, failed == SHORT && size > 1 ? size / 2 : size, at); }
#define WRITES_PARTS(name, ...) \
    FAIL_WITH(fault_of_file(file)); \
    return REAL(name)(file, parts, count, ##__VA_ARGS__);
#define OF_FILE(name) int name(int file) { FAIL_WITH(fault_of_file(file)); return REAL(name)(file); }

OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)
OF_FILE(fsync)
OF_FILE(fdatasync)

ssize_t write(int file, const void *data, size_t size) {
    int failed = fault_of_file(file);
    FAIL_WITH(failed);
    return REAL(write)(file, data, failed == SHORT && size > 1 ? size / 2 : size);
}

ssize_t writev(int file, const struct iovec *parts, int count) { WRITES_PARTS(writev) }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
    WRITES_PARTS(pwritev, at)
}

int rename(const char *from, const char *to) { FAIL_WITH(fault(to)); return REAL(rename)(from, to); }
int renameat2(int at, const char *from, int beside, const char *to, unsigned flags) {
    FAIL_WITH(fault(to));
    return REAL(renameat2)(at, from, beside, to, flags);
}
int link(const char *from, const char *to) { FAIL_WITH(fault(to)); return REAL(link)(from, to); }
int linkat(int at, const char *from, int beside, const char *to, int flags) {
    FAIL_WITH(fault(to));
    return REAL(linkat)(at, from, beside, to, flags);
}
int mkdir(const char *path, mode_t mode) { FAIL_WITH(fault(path)); return REAL(mkdir)(path, mode); }
int unlink(const char *path) { FAIL_WITH(fault(path)); return REAL(unlink)(path); }
int rmdir(const char *path) { FAIL_WITH(fault(path)); return REAL(rmdir)(path); }
