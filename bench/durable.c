/* Counts durable writes and makes each take longer, for programs that are linked dynamically.
 *
 * REMIT_BENCH_FSYNC_US    microseconds added to each fsync and fdatasync
 * REMIT_BENCH_FSYNC_COUNT a file of 8 bytes, shared by all processes, that counts them
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*sync_function)(int);

static sync_function real_fsync, real_fdatasync;
static _Atomic unsigned long long *counter;
static struct timespec pause_time;

__attribute__((constructor)) static void begin(void) {
    real_fsync = (sync_function)dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (sync_function)dlsym(RTLD_NEXT, "fdatasync");
    const char *delay = getenv("REMIT_BENCH_FSYNC_US");
    long microseconds = delay ? atol(delay) : 0;
    pause_time.tv_sec = microseconds / 1000000;
    pause_time.tv_nsec = microseconds % 1000000 * 1000;
    const char *path = getenv("REMIT_BENCH_FSYNC_COUNT");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        counter = mapped == MAP_FAILED ? NULL : mapped;
        close(file);
    }
}

static int slowly(sync_function real, int file) {
    int answer = real(file);
    if (counter) atomic_fetch_add(counter, 1);
    if (pause_time.tv_sec || pause_time.tv_nsec) nanosleep(&pause_time, NULL);
    return answer;
}

int fsync(int file) { return slowly(real_fsync, file); }
int fdatasync(int file) { return slowly(real_fdatasync, file); }
