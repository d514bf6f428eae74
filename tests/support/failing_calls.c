/*
 * Library and system calls that fail when the plan says so, each as it does in life: a connection that is gone, an
 * answer that never comes, a full disk, no descriptor left. Preloaded; every other call goes to the real function.
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "failing_plan.h"

#define CALLER                __builtin_return_address(0)
#define FAILS(class, callers) failing(class, __func__, CALLER, callers)
/* The real function behind this wrapper, looked up once. */
#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (!real)                                                                                                         \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL_WITH(code, value)                                                                                         \
    do {                                                                                                               \
        errno = code;                                                                                                  \
        return value;                                                                                                  \
    } while (0)

/* --- libpq. Manner "null": no memory for a result. "lost": the connection is gone before the question is sent.
 * "unanswered": the server has done it, and the answer never arrives. */

static void cut(PGconn *conn)
{
    if (PQsocket(conn) >= 0)
        shutdown(PQsocket(conn), SHUT_RDWR);
}

/* What libpq itself says of a connection that broke. */
static PGresult *broken_result(PGconn *conn, PGresult *answer)
{
    PQclear(answer);
    cut(conn);
    static PGresult *(*ask)(PGconn *, const char *);
    if (!ask)
        ask = (PGresult * (*)(PGconn *, const char *)) dlsym(RTLD_NEXT, "PQexec");
    return ask(conn, "");
}

#define BREAK(conn, call)                                                                                              \
    do {                                                                                                               \
        if (!FAILS("pq", CALLERS_PROGRAM))                                                                             \
            return call;                                                                                               \
        if (failing_manner("null"))                                                                                    \
            return NULL;                                                                                               \
        return broken_result(conn, failing_manner("unanswered") ? call : NULL);                                        \
    } while (0)

PGresult *PQexec(PGconn *conn, const char *query)
{
    REAL(PQexec);
    BREAK(conn, real(conn, query));
}

PGresult *PQprepare(PGconn *conn, const char *name, const char *query, int n, const Oid *types)
{
    REAL(PQprepare);
    BREAK(conn, real(conn, name, query, n, types));
}

PGresult *PQexecParams(PGconn *conn, const char *command, int n, const Oid *types, const char *const *values,
                       const int *lengths, const int *formats, int format)
{
    REAL(PQexecParams);
    BREAK(conn, real(conn, command, n, types, values, lengths, formats, format));
}

PGresult *PQexecPrepared(PGconn *conn, const char *name, int n, const char *const *values, const int *lengths,
                         const int *formats, int format)
{
    REAL(PQexecPrepared);
    BREAK(conn, real(conn, name, n, values, lengths, formats, format));
}

PGresult *PQgetResult(PGconn *conn)
{
    REAL(PQgetResult);
    BREAK(conn, real(conn));
}

PGconn *PQconnectdbParams(const char *const *keys, const char *const *values, int expand)
{
    REAL(PQconnectdbParams);
    static const char *const nowhere[] = {"host", NULL}, *const path[] = {"/nonexistent", NULL};
    if (!FAILS("pq", CALLERS_PROGRAM))
        return real(keys, values, expand);
    return failing_manner("null") ? NULL : real(nowhere, path, 0);
}

/* These answer by a number. */
#define CUT_BEFORE(conn)                                                                                               \
    if (FAILS("pq", CALLERS_PROGRAM))                                                                                  \
    cut(conn)

int PQconsumeInput(PGconn *conn)
{
    REAL(PQconsumeInput);
    CUT_BEFORE(conn);
    return real(conn);
}

int PQputCopyData(PGconn *conn, const char *bytes, int length)
{
    REAL(PQputCopyData);
    CUT_BEFORE(conn);
    return real(conn, bytes, length);
}

int PQputCopyEnd(PGconn *conn, const char *message)
{
    REAL(PQputCopyEnd);
    CUT_BEFORE(conn);
    return real(conn, message);
}

int PQgetCopyData(PGconn *conn, char **bytes, int async)
{
    REAL(PQgetCopyData);
    CUT_BEFORE(conn);
    return real(conn, bytes, async);
}

/* --- libzmq, called by CZMQ and by us */

void *zmq_socket(void *context, int type)
{
    REAL(zmq_socket);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EMFILE, NULL);
    return real(context, type);
}

int zmq_bind(void *socket, const char *at)
{
    REAL(zmq_bind);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EADDRINUSE, -1);
    return real(socket, at);
}

int zmq_connect(void *socket, const char *at)
{
    REAL(zmq_connect);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EMTHREAD, -1);
    return real(socket, at);
}

int zmq_send(void *socket, const void *bytes, size_t length, int flags)
{
    REAL(zmq_send);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EAGAIN, -1);
    return real(socket, bytes, length, flags);
}

int zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
    REAL(zmq_msg_send);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EHOSTUNREACH, -1);
    return real(message, socket, flags);
}

int zmq_recvmsg(void *socket, zmq_msg_t *message, int flags)
{
    REAL(zmq_recvmsg);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EAGAIN, -1);
    return real(socket, message, flags);
}

int zmq_msg_recv(zmq_msg_t *message, void *socket, int flags)
{
    REAL(zmq_msg_recv);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EAGAIN, -1);
    return real(message, socket, flags);
}

int zmq_poll(zmq_pollitem_t *items, int n, long timeout)
{
    REAL(zmq_poll);
    if (FAILS("zmq", CALLERS_CZMQ))
        FAIL_WITH(EINTR, -1);
    return real(items, n, timeout);
}

/* --- libcurl. Manner "late": the transfer takes place and its end is not heard. */

#undef curl_easy_setopt

CURLcode curl_global_init(long flags)
{
    REAL(curl_global_init);
    return FAILS("curl", CALLERS_PROGRAM) ? CURLE_FAILED_INIT : real(flags);
}

CURL *curl_easy_init(void)
{
    REAL(curl_easy_init);
    return FAILS("curl", CALLERS_PROGRAM) ? NULL : real();
}

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    REAL(curl_easy_setopt);
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    return FAILS("curl", CALLERS_PROGRAM) ? CURLE_OUT_OF_MEMORY : real(curl, option, value);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    REAL(curl_slist_append);
    return FAILS("curl", CALLERS_PROGRAM) ? NULL : real(list, text);
}

CURLcode curl_easy_perform(CURL *curl)
{
    REAL(curl_easy_perform);
    if (!FAILS("curl", CALLERS_PROGRAM))
        return real(curl);
    if (!failing_manner("late"))
        return CURLE_COULDNT_CONNECT;
    CURLcode result = real(curl);
    return result == CURLE_OK ? CURLE_RECV_ERROR : result;
}

/* --- hiredis */

redisContext *redisConnectUnixWithTimeout(const char *path, const struct timeval budget)
{
    REAL(redisConnectUnixWithTimeout);
    if (!FAILS("redis", CALLERS_PROGRAM))
        return real(path, budget);
    return failing_manner("null") ? NULL : real("/nonexistent", budget);
}

int redisSetTimeout(redisContext *redis, const struct timeval budget)
{
    REAL(redisSetTimeout);
    return FAILS("redis", CALLERS_PROGRAM) ? REDIS_ERR : real(redis, budget);
}

int redisAppendCommandArgv(redisContext *redis, int n, const char **words, const size_t *lengths)
{
    REAL(redisAppendCommandArgv);
    return FAILS("redis", CALLERS_PROGRAM) ? REDIS_ERR : real(redis, n, words, lengths);
}

int redisGetReply(redisContext *redis, void **reply)
{
    REAL(redisGetReply);
    if (!FAILS("redis", CALLERS_PROGRAM))
        return real(redis, reply);
    redis->err = REDIS_ERR_EOF;
    return REDIS_ERR;
}

/* --- the system's, called by us and by GLib for us */

static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode, bool fails)
{
    if (fails)
        FAIL_WITH(EMFILE, -1);
    return real(path, flags, mode);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;                                 \
        va_end(arguments);                                                                                             \
        return opened(real, path, flags, mode, FAILS("open", CALLERS_GLIB));                                           \
    }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    if (FAILS("open", CALLERS_GLIB))
        FAIL_WITH(ENOSPC, -1);
    return real(path, mode);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    REAL(write);
    if (!FAILS("write", CALLERS_GLIB))
        return real(fd, bytes, length);
    if (failing_manner("short") && length > 1)
        return real(fd, bytes, length / 2);
    FAIL_WITH(ENOSPC, -1);
}

int fsync(int fd)
{
    REAL(fsync);
    if (FAILS("fsync", CALLERS_GLIB))
        FAIL_WITH(EIO, -1);
    return real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    if (FAILS("rename", CALLERS_GLIB))
        FAIL_WITH(EIO, -1);
    return real(from, to);
}

pid_t fork(void)
{
    REAL(fork);
    if (FAILS("fork", CALLERS_PROGRAM))
        FAIL_WITH(EAGAIN, -1);
    return real();
}
