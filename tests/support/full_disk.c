/* Preloaded: while the file that $TICKLER_FULL_DISK names exists, no file of Postgres grows. What is overwritten in
 * place still succeeds, as on a real disk; its log goes on, for the reader. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_postgres;

/* At the start: Postgres overwrites its command line, and with it this name. */
__attribute__((constructor)) static void look_who(void)
{
    is_postgres = strcmp(program_invocation_short_name, "postgres") == 0;
}

static int is_full(int fd, off_t at, size_t length)
{
    struct stat st;
    const char *mark = getenv("TICKLER_FULL_DISK");
    if (!mark || fd <= STDERR_FILENO || !is_postgres)
        return 0;
    int error = errno;
    int full = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && at + (off_t)length > st.st_size && access(mark, F_OK) == 0;
    errno = full ? ENOSPC : error;
    return full;
}

/* The real function of that name, looked for once. */
#define REAL(type, name, ...)                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                  \
    if (!real)                                                                                                         \
    *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *bytes, size_t length)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return is_full(fd, lseek(fd, 0, SEEK_CUR), length) ? -1 : real(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return is_full(fd, at, length) ? -1 : real(fd, bytes, length, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += parts[i].iov_len;
    return is_full(fd, at, length) ? -1 : real(fd, parts, count, at);
}
