/*
 * A peer without a network. The target's own connect() stands before libc's for every library of the process: it puts
 * one end of a socket pair in the place of the socket; the other end has said everything already and will say no more.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

#define PEERS_MAX 8

static const uint8_t *said;
static size_t said_size;
static int peers[PEERS_MAX], peer_count;

void fuzz_stream(const uint8_t *bytes, size_t size)
{
    while (peer_count > 0)
        close(peers[--peer_count]);
    said = bytes;
    said_size = size;
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
    (void)to;
    (void)length;
    int pair[2];
    if (!said || peer_count == PEERS_MAX ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
        errno = ECONNREFUSED;
        return -1;
    }
    must(write(pair[1], said, said_size) == (ssize_t)said_size);
    must(shutdown(pair[1], SHUT_WR) == 0 && dup2(pair[0], fd) == fd && close(pair[0]) == 0);
    peers[peer_count++] = pair[1];
    return 0;
}
