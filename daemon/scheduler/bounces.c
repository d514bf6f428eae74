/*
 * Mail that came back. A mail is known by its own bytes: its row and what follows from it are one transaction, and the
 * file moves after the commit, so a crash between the two finds the row and only moves the file.
 */
#include "bounces.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounce.h"
#include "clock.h"
#include "crypto.h"
#include "desk.h"
#include "log.h"
#include "ticklerd-scheduler_sql.h"

#define LOOK_EVERY_US SECONDS(5)
#define MAILS_A_LOOK  200
#define READ_AT_MOST  (256 * 1024) /* a report stands at the front; the letter that it returns may be long */

static gint64 look_at;      /* monotonic */
static GHashTable *refused; /* names of files that cannot be read, recorded or moved: said once */

static char *read_front(const char *path, gsize *ret_size)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    char *bytes = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        bytes = g_malloc(READ_AT_MOST + 1);
        *ret_size = 0;
        for (ssize_t n; *ret_size < READ_AT_MOST && (n = read(fd, bytes + *ret_size, READ_AT_MOST - *ret_size)) != 0;) {
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0) {
                g_clear_pointer(&bytes, g_free);
                break;
            }
            *ret_size += (gsize)n;
        }
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* --- the record */

static gboolean put_row(struct office *office, const char *digest, const char *outcome, const char *agency,
                        const char *message, gint64 *ret_new, GError **error)
{
    g_autofree char *now = instant_format(clock_now());
    *ret_new = db_tell(office->db, &sql_bounce_put, error, digest, outcome, agency, message, now);
    return *ret_new >= 0;
}

/* The calendar by which the agency's tasks fall due: of any schedule, they share their days off. */
static const struct schedule *any_schedule(const struct office *office)
{
    return office->config->schedules->len ? office->config->schedules->pdata[0] : NULL;
}

/* Our letter behind the report: by what the report refers to, and by whom it is about. */
static struct db_rows *find_letter(struct office *office, const struct bounce *bounce, GError **error)
{
    AUTO_ARRAY struct db_array *ids = db_array_new();
    for (guint i = 0; i < bounce->ids->len; i++)
        db_array_add(ids, bounce->ids->pdata[i]);
    return db_ask_with(office->db, &sql_bounce_letter, error, db_array_text(ids), bounce->final, bounce->original);
}

static gboolean record_report(struct office *office, const char *digest, const struct bounce *bounce,
                              const struct db_rows *letter, GError **error)
{
    const char *agency = db_text(letter, 0, "agency_id"), *message = db_text(letter, 0, "message_id");
    gboolean again = !db_is_null(letter, 0, "returned"), permanent = bounce->kind == BOUNCE_PERMANENT;
    gint64 is_new;
    if (!put_row(office, digest,
                 again       ? "repeated"
                 : permanent ? "suppressed"
                             : "undelivered",
                 agency, message, &is_new, error))
        return FALSE;
    if (!is_new || again)
        return TRUE;
    const struct schedule *schedule = any_schedule(office);
    const struct desk_bounce returned = {.agency = (int)db_int(letter, 0, "agency_id"),
                                         .actor = "scheduler",
                                         .message_id = db_int(letter, 0, "message_id"),
                                         .reason = bounce->reason,
                                         .keep_address = !permanent,
                                         .calendar = schedule->calendar,
                                         .zone = schedule->zone};
    g_autofree char *about = g_strdup_printf("message:%s", message);
    return db_tell(office->db, &sql_bounce_returned, error, agency, message, bounce->reason) >= 0 &&
           desk_event(office->db, returned.agency, clock_now(), "scheduler", "message.returned", about, "{}", error) &&
           desk_bounced(office->db, &returned, error);
}

/* Inside the transaction: what the mail means, and what follows. */
static gboolean record(struct office *office, const char *digest, const struct bounce *bounce, gboolean *ret_for_people,
                       GError **error)
{
    gint64 is_new;
    if (bounce->kind == BOUNCE_NOTHING)
        return put_row(office, digest, "nothing", "0", NULL, &is_new, error);
    if (bounce->kind != BOUNCE_OTHER && any_schedule(office)) {
        AUTO_ROWS struct db_rows *letter = find_letter(office, bounce, error);
        if (!letter)
            return FALSE;
        if (db_rows_count(letter) > 0)
            return record_report(office, digest, bounce, letter, error);
    }
    *ret_for_people = TRUE;
    return put_row(office, digest, "for people", "0", NULL, &is_new, error);
}

static gboolean record_mail(struct office *office, const char *digest, const struct bounce *bounce,
                            gboolean *ret_for_people, GError **error)
{
    if (!db_begin(office->db, error))
        return FALSE;
    if (record(office, digest, bounce, ret_for_people, error) && db_commit(office->db, error))
        return TRUE;
    db_rollback(office->db);
    return FALSE;
}

/* --- the Maildir */

static gboolean move(const char *dir, const char *name, const char *flags)
{
    g_autofree char *plain = g_strndup(name, strcspn(name, ":")), *seen = g_strconcat(plain, ":2,", flags, NULL);
    g_autofree char *from = g_build_filename(dir, "new", name, NULL), *to = g_build_filename(dir, "cur", seen, NULL);
    return g_rename(from, to) == 0;
}

static void say_once(const char *name, const char *what)
{
    refused = refused ? refused : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (g_hash_table_add(refused, g_strdup(name)))
        log_warning("a mail in the bounces' Maildir %s", what);
}

/* FALSE: the database did not take it; the rest waits. */
static gboolean take_mail(struct office *office, const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, "new", name, NULL);
    gsize size = 0;
    g_autofree char *bytes = read_front(path, &size);
    if (!bytes) {
        say_once(name, "cannot be read");
        return TRUE;
    }
    g_autofree char *digest = crypto_sha256_hex(bytes, size);
    g_autoptr(GError) error = NULL;
    gboolean for_people = FALSE;
    struct bounce *bounce = bounce_read(bytes, size);
    gboolean good = record_mail(office, digest, bounce, &for_people, &error);
    bounce_free(bounce);
    if (!good) {
        g_autofree char *what = g_strdup_printf("could not be recorded: %s", error->message);
        gboolean passing = db_is_lost(office->db) || g_error_matches(error, DB_ERROR, DB_CONFLICT);
        if (passing)
            log_warning("a mail in the bounces' Maildir %s", what);
        else
            say_once(name, what);
        return !db_is_lost(office->db);
    }
    if (!move(dir, name, for_people ? "F" : "S"))
        say_once(name, "cannot be moved to cur/");
    return TRUE;
}

void bounces_tick(struct office *office)
{
    const char *dir = office->config->settings->bounces;
    if (clock_is_virtual() || clock_mono() < look_at)
        return;
    look_at = clock_mono() + LOOK_EVERY_US;
    g_autofree char *fresh = g_build_filename(dir, "new", NULL);
    g_autoptr(GDir) mails = g_dir_open(fresh, 0, NULL);
    const char *name = NULL;
    for (int n = 0; mails && n < MAILS_A_LOOK && (name = g_dir_read_name(mails));) {
        if (*name == '.' || (refused && g_hash_table_contains(refused, name)))
            continue; /* what cannot be taken holds up none behind it */
        n++;
        if (!take_mail(office, dir, name))
            return;
    }
}
