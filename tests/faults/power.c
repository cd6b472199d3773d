/* Notes what is written to some files and not yet synced, so that a power cut can take it back.
 *
 * REMIT_POWER_FILES  what the paths of these files contain
 * REMIT_POWER_LOG    a file to which each write is added before it is made: what stood there, what
 *                    comes; and each fsync after it was made
 * REMIT_POWER_LIES   set: a disk that says it synced and did not
 * REMIT_POWER_FAILS  the sync that fails, counted from 1; what it was to sync stays unsynced
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITTEN = 1, CUT = 2, SYNCED = 3, FAILED = 4 };

struct note {
    uint32_t kind, old_length, new_length, unused;
    uint64_t inode, offset, size;
    char path[256];
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static const char *files;
static int log_file = -1;
static int lies, fails;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("REMIT_POWER_LOG");
    files = getenv("REMIT_POWER_FILES");
    lies = getenv("REMIT_POWER_LIES") != NULL;
    fails = getenv("REMIT_POWER_FAILS") ? atoi(getenv("REMIT_POWER_FAILS")) : 0;
    if (path && files) log_file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int watched(int file, struct note *note, uint32_t kind) {
    char link[64];
    struct stat status;
    if (log_file < 0 || file == log_file) return 0;
    memset(note, 0, sizeof *note);
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (readlink(link, note->path, sizeof note->path - 1) < 0) return 0;
    if (!strstr(note->path, files) || fstat(file, &status)) return 0;
    note->kind = kind;
    note->inode = status.st_ino;
    note->size = status.st_size;
    return 1;
}

static void tell(struct note *note, int file, const void *new) {
    char *old = malloc(note->old_length + 1);
    ssize_t got = old ? pread(file, old, note->old_length, note->offset) : 0;
    note->old_length = got > 0 ? got : 0;
    struct iovec parts[] = {
        {note, sizeof *note}, {old, note->old_length}, {(void *)new, note->new_length}};
    if (writev(log_file, parts, 3) < 0) abort();
    free(old);
}

static ssize_t writing(int file, const void *data, size_t length, off64_t offset) {
    struct note note;
    pthread_mutex_lock(&guard);
    if (watched(file, &note, WRITTEN)) {
        note.offset = offset < 0 ? lseek64(file, 0, SEEK_CUR) : offset;
        note.old_length = note.new_length = length;
        tell(&note, file, data);
    }
    ssize_t made = offset < 0 ? syscall(SYS_write, file, data, length)
                              : syscall(SYS_pwrite64, file, data, length, offset);
    pthread_mutex_unlock(&guard);
    return made;
}

/* Files that are not watched must not wait for one another: a pipe may block. */
static int ours(int file) {
    struct note note;
    return watched(file, &note, WRITTEN);
}

ssize_t write(int file, const void *data, size_t length) {
    return ours(file) ? writing(file, data, length, -1) : syscall(SYS_write, file, data, length);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
    return ours(file) ? writing(file, data, length, offset)
                      : syscall(SYS_pwrite64, file, data, length, offset);
}

int ftruncate64(int file, off64_t length) {
    struct note note;
    pthread_mutex_lock(&guard);
    if (watched(file, &note, CUT)) {
        note.offset = length;
        note.old_length = note.size > (uint64_t)length ? note.size - length : 0;
        tell(&note, file, NULL);
    }
    int made = syscall(SYS_ftruncate, file, length);
    pthread_mutex_unlock(&guard);
    return made;
}

static int syncing(long how, int file) {
    struct note note;
    pthread_mutex_lock(&guard);
    if (fails && watched(file, &note, FAILED) && --fails == 0) {
        tell(&note, file, NULL);
        pthread_mutex_unlock(&guard);
        errno = EIO;
        return -1;
    }
    int made = syscall(how, file);
    if (!made && !lies && watched(file, &note, SYNCED)) tell(&note, file, NULL);
    pthread_mutex_unlock(&guard);
    return made;
}

int fsync(int file) { return syncing(SYS_fsync, file); }
int fdatasync(int file) { return syncing(SYS_fdatasync, file); }
