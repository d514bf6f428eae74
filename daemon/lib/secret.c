/* Secrets from files that only we can read. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"

#define SECRET_MAX 4096

static char *refuse(GError **error, const char *source, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ACCES, "secret %s: %s", source, why);
    return NULL;
}

static char *path_of(const char *source, GError **error)
{
    if (g_str_has_prefix(source, "file:"))
        return g_strdup(source + strlen("file:"));
    if (!g_str_has_prefix(source, "credential:"))
        return refuse(error, source, "write file:/path or credential:NAME");
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    if (!folder)
        return refuse(error, source, "systemd gave this service no credentials (LoadCredential=)");
    return g_build_filename(folder, source + strlen("credential:"), NULL);
}

char *secret_read(const char *source, GError **error)
{
    g_autofree char *path = path_of(source, error);
    if (!path)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
    if (fd < 0)
        return refuse(error, source, g_strerror(errno));
    struct stat st;
    char buffer[SECRET_MAX + 1];
    gboolean is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode), ours_alone = is_file && (st.st_mode & 077) == 0;
    ssize_t length = ours_alone && st.st_size <= SECRET_MAX ? read(fd, buffer, sizeof buffer) : -1;
    close(fd);
    if (!is_file)
        return refuse(error, source, "it is not a plain file");
    if (!ours_alone)
        return refuse(error, source, "others can read it; chmod 600");
    if (length > 0 && buffer[length - 1] == '\n')
        length--;
    if (length <= 0 || length > SECRET_MAX)
        return refuse(error, source, "it must hold 1 to 4096 bytes");
    if (memchr(buffer, '\n', (gsize)length) || memchr(buffer, '\0', (gsize)length))
        return refuse(error, source, "it may not hold a line break or NUL");
    char *secret = g_strndup(buffer, (gsize)length);
    crypto_wipe(buffer, sizeof buffer);
    return secret;
}

void secret_free(char *secret)
{
    if (secret)
        crypto_wipe(secret, strlen(secret));
    g_free(secret);
}
