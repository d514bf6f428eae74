/*
 * Mail to a relay and calls to web hooks, by libcurl: the only file that knows it.
 *
 * What may have been accepted is told apart from what was not by one fact: whether all of the letter's bytes were asked
 * for, which libcurl does only after the relay's 354.
 */
#include "transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

#include "crypto.h"
#include "kill_point.h"
#include "relay_reply.h"

#define ANSWER_MAX (64 * 1024)

struct body {
    const char *at;
    gsize left;
    gboolean begun; /* the relay said 354 and wants the letter */
};

struct reply { /* of a web hook */
    gsize read;
    gboolean is_garbled; /* a status line without a version or a code */
};

/* A letter on its way. */
struct errand {
    const char *from, *to;
    void *letter; /* the caller's */
    struct body body;
    struct relay_reply reply;
    struct relay_answer answer;
};

/* A thread for each connection, since libcurl waits in place for the word after the letter: in one thread a relay that
 * ponders over one letter would hold up all others. */
struct line {
    struct relay *relay;
    CURL *curl;
    GThread *thread;
};

struct relay {
    struct line *lines;
    int count;
    GAsyncQueue *work, *done; /* struct errand */
    char *url, *user, *password, *ca_file;
    gboolean starttls;
    long timeout_s;
};

static struct errand farewell; /* the end of a line's work */

static gboolean curl_ready(void)
{
    static gsize started;
    if (g_once_init_enter(&started))
        g_once_init_leave(&started, curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? 1 : 2);
    return started == 1;
}

static void *run_line(void *with);

static gboolean open_lines(struct relay *relay)
{
    if (!curl_ready())
        return FALSE;
    for (int i = 0; i < relay->count; i++) {
        struct line *line = &relay->lines[i];
        line->relay = relay;
        line->curl = curl_easy_init();
        line->thread = line->curl ? g_thread_try_new("relay", run_line, line, NULL) : NULL;
        if (!line->thread)
            return FALSE;
    }
    return TRUE;
}

struct relay *relay_open(const struct relay_settings *settings, GError **error)
{
    struct relay *relay = g_new0(struct relay, 1);
    relay->count = settings->connections;
    relay->lines = g_new0(struct line, (gsize)relay->count);
    relay->work = g_async_queue_new();
    relay->done = g_async_queue_new();
    relay->url = g_strdup(settings->url);
    relay->user = g_strdup(settings->user);
    relay->password = g_strdup(settings->password);
    relay->ca_file = g_strdup(settings->ca_file);
    relay->starttls = settings->starttls;
    relay->timeout_s = settings->timeout_s;
    if (open_lines(relay))
        return relay;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "libcurl or a thread for it could not start");
    relay_close(&relay);
    return NULL;
}

static void close_lines(struct relay *relay)
{
    for (int i = 0; i < relay->count; i++)
        g_async_queue_push(relay->work, &farewell);
    for (int i = 0; i < relay->count; i++) {
        if (relay->lines[i].thread)
            g_thread_join(relay->lines[i].thread);
        curl_easy_cleanup(relay->lines[i].curl);
    }
    g_free(relay->lines);
    g_async_queue_unref(relay->work);
    g_async_queue_unref(relay->done);
}

void relay_close(struct relay **relay)
{
    if (!*relay)
        return;
    close_lines(*relay);
    if ((*relay)->password)
        crypto_wipe((*relay)->password, strlen((*relay)->password));
    g_free((*relay)->url);
    g_free((*relay)->user);
    g_free((*relay)->password);
    g_free((*relay)->ca_file);
    g_clear_pointer(relay, g_free);
}

static size_t give_body(char *into, size_t size, size_t n, void *with)
{
    struct body *body = with;
    gsize given = MIN(size * n, body->left);
    body->begun = TRUE;
    KILL_POINT(mail, data);
    memcpy(into, body->at, given);
    body->at += given;
    body->left -= given;
    return given;
}

static size_t hear_reply(char *line, size_t size, size_t n, void *with)
{
    relay_reply_line(with, line, size * n);
    return size * n;
}

/* Only what we say is heard here, and only its verb is kept: it may be a password. */
static int hear_command(CURL *curl UNUSED, curl_infotype type, char *line, size_t length, void *with)
{
    if (type == CURLINFO_HEADER_OUT)
        relay_reply_command(with, line, length);
    return 0;
}

/* A setting that libcurl has no memory for must not be left out in silence: it may be the rule to encrypt. */
#define SET(curl, option, value)                                                                                       \
    if ((result = result ? result : curl_easy_setopt(curl, option, value)) != CURLE_OK)                                \
    return result

static CURLcode set_line(const struct relay *relay, CURL *curl)
{
    CURLcode result = CURLE_OK;
    curl_easy_reset(curl); /* keeps the connection */
    SET(curl, CURLOPT_URL, relay->url);
    SET(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(curl, CURLOPT_NOSIGNAL, 1L);
    SET(curl, CURLOPT_TIMEOUT, relay->timeout_s);
    SET(curl, CURLOPT_CONNECTTIMEOUT, MIN(MAX(relay->timeout_s / 3, 1L), 10L));
    SET(curl, CURLOPT_USE_SSL, (long)(relay->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (relay->ca_file)
        SET(curl, CURLOPT_CAINFO, relay->ca_file);
    if (relay->user) {
        SET(curl, CURLOPT_USERNAME, relay->user);
        SET(curl, CURLOPT_PASSWORD, relay->password);
    }
    return result;
}

/* Without a recipient libcurl would send HELP in the letter's place, and a relay may well answer that with 250. */
static CURLcode set_letter(CURL *curl, struct errand *errand, struct curl_slist *rcpt)
{
    CURLcode result = rcpt ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(curl, CURLOPT_MAIL_FROM, errand->from);
    SET(curl, CURLOPT_MAIL_RCPT, rcpt);
    SET(curl, CURLOPT_UPLOAD, 1L);
    SET(curl, CURLOPT_READFUNCTION, give_body);
    SET(curl, CURLOPT_READDATA, &errand->body);
    SET(curl, CURLOPT_HEADERFUNCTION, hear_reply);
    SET(curl, CURLOPT_HEADERDATA, &errand->reply);
    SET(curl, CURLOPT_DEBUGFUNCTION, hear_command);
    SET(curl, CURLOPT_DEBUGDATA, &errand->reply);
    SET(curl, CURLOPT_VERBOSE, 1L); /* no word of it is written: without it libcurl does not call hear_command */
    return result;
}

/* One line without the recipient's address, in UTF-8 whatever the relay speaks: replies are recorded, logged and
 * shown. */
static char *clean_reply(const char *text, const char *to)
{
    g_auto(GStrv) around = g_strsplit(text, to, -1);
    g_autofree char *line = g_strjoinv("(recipient)", around);
    for (char *c = line; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_utf8_make_valid(g_strstrip(line), -1);
}

/* What it said, or what libcurl says when it said nothing; a refusal names what was refused, where it is not the
 * recipient. */
static char *answer_in_words(const struct errand *errand, CURLcode result)
{
    static const char *const refused[] = {[STAGE_OPENING] = "",
                                          [STAGE_SENDER] = "our sender is refused: ",
                                          [STAGE_ADDRESS] = "",
                                          [STAGE_LETTER] = "the letter is refused: "};
    const struct relay_reply *reply = &errand->reply;
    g_autofree char *said = clean_reply(reply->bad[0] ? reply->bad : curl_easy_strerror(result), errand->to);
    return g_strconcat(relay_reply_is_final(reply) ? refused[reply->stage] : "", said, NULL);
}

/* A refusal at the letter is heard in whatever way the transfer ended; before it only one that libcurl heard out. */
static void judge(struct errand *errand, CURLcode result, long code)
{
    struct relay_answer *answer = &errand->answer;
    const struct relay_reply *reply = &errand->reply;
    gboolean begun = errand->body.begun;
    if (result == CURLE_OK && code == 250 && begun) {
        *answer = (struct relay_answer){.delivery = DELIVERY_SENT, .reply = g_strdup("250")};
        return;
    }
    answer->reply = answer_in_words(errand, result);
    if (begun && !reply->bad[0] && !errand->body.left)
        answer->delivery = DELIVERY_UNKNOWN; /* no word after the whole letter: the relay may own it */
    else if (relay_reply_is_final(reply) && (begun || result == CURLE_SEND_ERROR))
        answer->delivery = DELIVERY_NEVER;
    else
        answer->delivery = DELIVERY_LATER;
    answer->out_of_reach = answer->delivery == DELIVERY_LATER && reply->stage == STAGE_OPENING;
    answer->about_address = answer->delivery == DELIVERY_NEVER && relay_reply_blames_address(reply);
}

static void carry(const struct line *line, struct errand *errand)
{
    struct curl_slist *rcpt = curl_slist_append(NULL, errand->to);
    CURLcode result = set_line(line->relay, line->curl);
    if (result == CURLE_OK)
        result = set_letter(line->curl, errand, rcpt);
    if (result == CURLE_OK)
        result = curl_easy_perform(line->curl);
    long code = 0;
    curl_easy_getinfo(line->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_slist_free_all(rcpt);
    judge(errand, result, code);
}

static void *run_line(void *with)
{
    const struct line *line = with;
    for (struct errand *errand; (errand = g_async_queue_pop(line->relay->work)) != &farewell;) {
        carry(line, errand);
        g_async_queue_push(line->relay->done, errand);
    }
    return NULL;
}

int relay_connections(const struct relay *relay)
{
    return relay->count;
}

void relay_begin(struct relay *relay, const char *from, const char *to, GBytes *bytes, void *letter)
{
    struct errand *errand = g_new0(struct errand, 1);
    *errand = (struct errand){.from = from, .to = to, .letter = letter};
    errand->body.at = g_bytes_get_data(bytes, &errand->body.left);
    g_async_queue_push(relay->work, errand);
}

void *relay_wait(struct relay *relay, gint64 wait_us, struct relay_answer *ret)
{
    g_autofree struct errand *errand = g_async_queue_timeout_pop(relay->done, (guint64)wait_us);
    if (!errand)
        return NULL;
    *ret = errand->answer;
    return errand->letter;
}

static gboolean is_private_v4(guint32 ip)
{
    static const struct {
        guint32 net;
        int bits;
    } nets[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
                {0xc6120000, 15}, {0xe0000000, 4},  {0xf0000000, 4}};
    for (gsize i = 0; i < ARRAY_LEN(nets); i++)
        if ((ip ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_private(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return is_private_v4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return TRUE;
    if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6)) {
        guint32 mapped;
        memcpy(&mapped, v6.s6_addr + 12, sizeof mapped);
        return is_private_v4(ntohl(mapped));
    }
    return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_MULTICAST(&v6) ||
           (v6.s6_addr[0] & 0xfe) == 0xfc || (v6.s6_addr[0] == 0x00 && v6.s6_addr[1] == 0x64);
}

/* Called when connected, before a byte is sent: names can be pointed anywhere between two look-ups. */
static int check_address(void *with, char *address, char *local UNUSED, int port UNUSED, int local_port UNUSED)
{
    return *(const gboolean *)with || !is_private(address) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t read_answer(char *bytes UNUSED, size_t size, size_t n, void *with)
{
    struct reply *reply = with;
    reply->read += size * n;
    return reply->read <= ANSWER_MAX ? size * n : 0;
}

/* libcurl takes any line that begins with "HTTP/", in capitals or not, for a status, and for 200 when it reads no code.
 */
static size_t hear_status(char *line, size_t size, size_t n, void *with)
{
    struct reply *reply = with;
    gsize length = size * n;
    g_autofree char *text = g_strndup(line, MIN(length, 16));
    if (g_ascii_strncasecmp(text, "HTTP/", 5) == 0 &&
        !g_regex_match_simple("^HTTP/[0-9](\\.[0-9])? [1-5][0-9][0-9]([ \r\n]|$)", text, 0, 0))
        reply->is_garbled = TRUE;
    return length;
}

static char *signature(const struct webhook *hook)
{
    g_autofree guchar *key = NULL;
    gsize length = strlen(hook->secret);
    if (g_str_has_prefix(hook->secret, "whsec_"))
        key = g_base64_decode(hook->secret + strlen("whsec_"), &length);
    g_autofree char *text = g_strdup_printf("%s.%" G_GINT64_FORMAT ".%s", hook->id, hook->timestamp_s, hook->body);
    g_autofree char *mac = crypto_hmac_base64(key ? (const void *)key : hook->secret, length, text, strlen(text));
    return g_strdup_printf("webhook-signature: v1,%s", mac);
}

static enum delivery judge_answer(CURLcode result, long code)
{
    if (result == CURLE_OK && code >= 200 && code < 300)
        return DELIVERY_SENT;
    gboolean slow_down = code == 408 || code == 425 || code == 429;
    if (result == CURLE_ABORTED_BY_CALLBACK || result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT)
        return DELIVERY_NEVER;
    return result == CURLE_OK && code >= 400 && code < 500 && !slow_down ? DELIVERY_NEVER : DELIVERY_LATER;
}

/* NULL when one of them has no memory: a call without its signature must not go out. */
static struct curl_slist *hook_headers(const struct webhook *hook)
{
    g_autofree char *id = g_strdup_printf("webhook-id: %s", hook->id);
    g_autofree char *stamp = g_strdup_printf("webhook-timestamp: %" G_GINT64_FORMAT, hook->timestamp_s);
    g_autofree char *mac = signature(hook);
    const char *const headers[] = {"Content-Type: application/json", id, stamp, mac};
    struct curl_slist *list = NULL;
    for (gsize i = 0; i < ARRAY_LEN(headers); i++) {
        struct curl_slist *longer = curl_slist_append(list, headers[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static CURLcode set_call(CURL *curl, const struct webhook *hook, struct curl_slist *headers, struct reply *reply)
{
    CURLcode result = headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(curl, CURLOPT_URL, hook->url);
    SET(curl, CURLOPT_PROTOCOLS_STR, hook->allow_private ? "http,https" : "https");
    SET(curl, CURLOPT_NOSIGNAL, 1L);
    SET(curl, CURLOPT_TIMEOUT, (long)hook->timeout_s);
    SET(curl, CURLOPT_FOLLOWLOCATION, 0L);
    SET(curl, CURLOPT_HTTPHEADER, headers);
    SET(curl, CURLOPT_POSTFIELDS, hook->body);
    SET(curl, CURLOPT_WRITEFUNCTION, read_answer);
    SET(curl, CURLOPT_WRITEDATA, reply);
    SET(curl, CURLOPT_HEADERFUNCTION, hear_status);
    SET(curl, CURLOPT_HEADERDATA, reply);
    SET(curl, CURLOPT_PREREQFUNCTION, check_address);
    SET(curl, CURLOPT_PREREQDATA, &hook->allow_private);
    return result;
}

enum delivery webhook_post(const struct webhook *hook, char **ret_reply)
{
    CURL *curl = curl_ready() ? curl_easy_init() : NULL;
    if (!curl) {
        *ret_reply = g_strdup("libcurl could not start");
        return DELIVERY_LATER;
    }
    struct reply reply = {0};
    struct curl_slist *list = hook_headers(hook);
    CURLcode result = set_call(curl, hook, list, &reply);
    if (result == CURLE_OK)
        result = curl_easy_perform(curl);
    long code = 0, connections = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
    if ((result == CURLE_OK && reply.is_garbled) || (result == CURLE_UNSUPPORTED_PROTOCOL && connections))
        result = CURLE_WEIRD_SERVER_REPLY; /* it speaks something else today; our url was in order */
    *ret_reply = result == CURLE_OK ? g_strdup_printf("HTTP %ld", code) : g_strdup(curl_easy_strerror(result));
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return judge_answer(result, code);
}
