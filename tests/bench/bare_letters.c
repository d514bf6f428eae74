/*
 * The bare work that letters are measured against (bench.py): the same letters, and nothing around them.
 *
 *   bare_letters maildir SAMPLE DIR COUNT PROCESSES     builds each by GMime and delivers it as maildir.c does for one:
 *                                                       file synced, renamed, folder synced
 *   bare_letters smtp SAMPLE URL COUNT CONNECTIONS      builds each by GMime and sends it, as many connections at once,
 *                                                       all kept
 *
 * SAMPLE is a folder with the files subject, text and html. Prints letters per second.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "letter.h"

static void must(gboolean good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bare_letters: %s failed\n", what);
    _exit(1);
}

static char *sample(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;
    must(g_file_get_contents(path, &text, NULL, NULL), path);
    return text;
}

static GBytes *build(const char *subject, const char *text, const char *html, const char *id)
{
    const struct letter letter = {.message_id = id,
                                  .from_name = "Elm Street Staffing",
                                  .from_address = "ticklerd@localhost",
                                  .to_name = "Bill 1",
                                  .to_address = "ap1@clinic1.example",
                                  .subject = subject,
                                  .text = text,
                                  .html = html,
                                  .date = SECONDS(1800000000)};
    GBytes *bytes = letter_build(&letter, NULL);
    must(bytes != NULL, "building a letter");
    return bytes;
}

/* --- into a Maildir */

static void deliver(const char *dir, const char *id, GBytes *letter)
{
    g_autofree char *temporary = g_build_filename(dir, "tmp", id, NULL);
    g_autofree char *fresh = g_build_filename(dir, "new", NULL), *final = g_build_filename(fresh, id, NULL);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    gsize size;
    const char *bytes = g_bytes_get_data(letter, &size);
    must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fsync(fd) == 0 && close(fd) == 0, temporary);
    must(rename(temporary, final) == 0, final);
    int folder = open(fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder >= 0 && fsync(folder) == 0 && close(folder) == 0, fresh);
}

static void fill_maildir(const char *folder, const char *dir, int process, int count)
{
    g_autofree char *subject = sample(folder, "subject"), *text = sample(folder, "text"),
                    *html = sample(folder, "html");
    for (int n = 0; n < count; n++) {
        g_autofree char *id = g_strdup_printf("bare-%d-%d.ticklerd@localhost", process, n);
        g_autoptr(GBytes) letter = build(subject, text, html, id);
        deliver(dir, id, letter);
    }
}

static void into_maildir(const char *folder, const char *dir, int count, int processes)
{
    for (int process = 0; process < processes; process++) {
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            fill_maildir(folder, dir, process, count / processes);
            _exit(0);
        }
    }
    for (int process = 0, status; process < processes; process++)
        must(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process");
}

/* --- over SMTP */

struct text {
    char *subject, *text, *html;
};

struct line {
    CURL *curl;
    GBytes *letter;
    gsize given;
};

static size_t give(char *into, size_t size, size_t n, void *with)
{
    struct line *line = with;
    gsize whole;
    const char *bytes = g_bytes_get_data(line->letter, &whole);
    gsize now = MIN(size * n, whole - line->given);
    memcpy(into, bytes + line->given, now);
    line->given += now;
    return now;
}

static void open_line(struct line *line, const char *url, struct curl_slist *to)
{
    line->curl = curl_easy_init();
    curl_easy_setopt(line->curl, CURLOPT_URL, url);
    curl_easy_setopt(line->curl, CURLOPT_MAIL_FROM, "ticklerd@localhost");
    curl_easy_setopt(line->curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(line->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(line->curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(line->curl, CURLOPT_READDATA, line);
    curl_easy_setopt(line->curl, CURLOPT_PRIVATE, line);
}

static void send_next(CURLM *multi, struct line *line, const struct text *text, int *left)
{
    if (*left == 0)
        return;
    g_autofree char *id = g_strdup_printf("bare-%d.ticklerd@localhost", --*left);
    g_clear_pointer(&line->letter, g_bytes_unref);
    line->letter = build(text->subject, text->text, text->html, id);
    line->given = 0;
    curl_multi_add_handle(multi, line->curl);
}

/* Answers how many letters are through, and gives each free connection the next one while any is left. */
static int take_answers(CURLM *multi, const struct text *text, int *left)
{
    int through = 0, queued;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &queued)); through++) {
        struct line *line;
        must(message->msg == CURLMSG_DONE && message->data.result == CURLE_OK, "sending a letter");
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &line);
        curl_multi_remove_handle(multi, line->curl);
        send_next(multi, line, text, left);
    }
    return through;
}

static void over_smtp(const char *folder, const char *url, int count, int connections)
{
    const struct text text = {sample(folder, "subject"), sample(folder, "text"), sample(folder, "html")};
    g_autofree struct line *lines = g_new0(struct line, (gsize)connections);
    struct curl_slist *to = curl_slist_append(NULL, "ap1@clinic1.example");
    CURLM *multi = curl_multi_init();
    int left = count, running;
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    for (int n = 0; n < connections; n++) {
        open_line(&lines[n], url, to);
        send_next(multi, &lines[n], &text, &left);
    }
    for (int through = 0; through < count;) {
        must(curl_multi_perform(multi, &running) == CURLM_OK, "curl_multi_perform");
        through += take_answers(multi, &text, &left);
        if (through < count)
            must(curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK, "curl_multi_poll");
    }
    for (int n = 0; n < connections; n++)
        curl_easy_cleanup(lines[n].curl);
    curl_multi_cleanup(multi);
    curl_slist_free_all(to);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    int count = (int)strtol(argv[4], NULL, 10), at_once = (int)strtol(argv[5], NULL, 10);
    gint64 begun = g_get_monotonic_time();
    if (strcmp(argv[1], "maildir") == 0)
        into_maildir(argv[2], argv[3], count, at_once);
    else
        over_smtp(argv[2], argv[3], count, at_once);
    printf("%.1f\n", (double)count * G_USEC_PER_SEC / (double)(g_get_monotonic_time() - begun));
    return 0;
}
