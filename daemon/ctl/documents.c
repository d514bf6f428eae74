/* document add, document list: the files that letters carry. The bytes go into the store, the database says which. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands_all.h"
#include "desk.h"
#include "document.h"
#include "tickler_sql.h"

#define ID_MAX 80

/* --- add */

struct adding {
    struct office *office;
    const char *path, *id;
    char *name, *bytes, *sha256;
    gsize length;
    gboolean is_used; /* some item of the rules asks for it */
};

static gboolean is_id(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("_-.", *c))
            return FALSE;
    return *text && *text != '.' && strlen(text) <= ID_MAX;
}

/* The daemons must be able to read what we put there. */
static gboolean is_ours(const struct office *office)
{
    struct stat st;
    if (stat(office->dir, &st) != 0 || st.st_uid == geteuid())
        return TRUE;
    refuse("%s belongs to another user, who could not read the document; run this command as that user", office->dir);
    return FALSE;
}

/* Reads no more than can be a document. */
static gboolean read_file(struct adding *in)
{
    struct stat st = {0};
    g_autoptr(GError) error = NULL;
    if (stat(in->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        refuse("%s is no file", in->path);
        return FALSE;
    }
    if (st.st_size <= DOCUMENT_MAX && !g_file_get_contents(in->path, &in->bytes, &in->length, &error)) {
        refuse_error(error);
        return FALSE;
    }
    g_autofree char *why = document_refusal(in->name, in->bytes, in->bytes ? in->length : (gsize)st.st_size);
    if (why)
        refuse("%s: %s", in->path, why);
    return why == NULL;
}

static gboolean withdraw_tasks(const struct adding *in, const char *agency, GError **error)
{
    AUTO_ROWS struct db_rows *rows = db_ask_with(in->office->db, &sql_document_tasks, error, agency, in->id);
    gboolean good = rows != NULL;
    for (int r = 0; good && r < db_rows_count(rows); r++)
        good = desk_withdraw(in->office->db, in->office->agency, db_int(rows, r, "task_id"), in->office->actor,
                             "the document is in the store", clock_now(), error);
    return good;
}

static gboolean note(const struct adding *in, GError **error)
{
    g_autofree char *about = g_strdup_printf("document:%s", in->id);
    g_autofree char *reason = g_strdup_printf("%s, %zu bytes, sha256 %s", in->name, in->length, in->sha256);
    AUTO_JS struct js *detail = js_object();
    js_set_text(detail, "reason", reason);
    g_autofree char *text = js_print(detail);
    return desk_event(in->office->db, in->office->agency, clock_now(), in->office->actor, "document.added", about, text,
                      error);
}

static gboolean record(struct adding *in, gboolean *ret_new, gint64 *ret_waiting, GError **error)
{
    struct office *office = in->office;
    g_autofree char *agency = office_agency_text(office), *now = now_text();
    g_autofree char *size = g_strdup_printf("%zu", in->length);
    AUTO_ROWS struct db_rows *put = db_ask_with(office->db, &sql_document_put, error, agency, in->id, in->name,
                                                document_media_type(in->name), in->sha256, size, now);
    if (!put)
        return FALSE;
    *ret_new = db_rows_count(put) > 0;
    *ret_waiting = db_tell(office->db, &sql_document_release, error, agency, in->id, now);
    if (*ret_waiting < 0 || !withdraw_tasks(in, agency, error) || (*ret_new && !note(in, error)))
        return FALSE;
    AUTO_ROWS struct db_rows *used = db_ask_with(office->db, &sql_document_used, error, agency, in->id);
    in->is_used = used && db_rows_count(used) > 0;
    return used != NULL;
}

static void say_added(const struct adding *in, gboolean is_new, gint64 waiting)
{
    if (in->office->json) {
        AUTO_JS struct js *row = js_object();
        js_set_text(row, "document", in->id);
        js_set_text(row, "file", in->name);
        js_set_text(row, "sha256", in->sha256);
        js_set_int(row, "size", (gint64)in->length);
        js_set_bool(row, "changed", is_new);
        js_set_int(row, "letters_released", waiting);
        g_autofree char *line = js_print(row);
        puts(line);
        return;
    }
    printf("document %s is %s%s\n", in->id, in->name, is_new ? "" : ", as before");
    if (waiting)
        printf("%d letter%s waited for it and may go now\n", (int)waiting, waiting == 1 ? "" : "s");
    if (!in->is_used)
        printf("no item of config/rules/packets.yaml names %s yet; tickler document list shows which are asked for\n",
               in->id);
}

static int keep(struct adding *in)
{
    struct office *office = in->office;
    g_autoptr(GError) error = NULL;
    gboolean is_new = FALSE;
    gint64 waiting = 0;
    in->sha256 = document_put(office->dir, in->bytes, in->length, &error);
    if (!in->sha256 || !db_begin(office->db, &error))
        return refuse_error(error);
    if (!record(in, &is_new, &waiting, &error) || !db_commit(office->db, &error)) {
        db_rollback(office->db);
        return refuse_error(error);
    }
    office_notify(office);
    say_added(in, is_new, waiting);
    return 0;
}

static int add(struct office *office, const char *path, const char *id)
{
    struct adding in = {.office = office, .path = path, .id = id, .name = g_path_get_basename(path)};
    int code = 1;
    if (!is_id(id))
        refuse("--id %s: letters, digits, _ - and . are allowed, at most %d of them", id, ID_MAX);
    else if (is_ours(office) && read_file(&in))
        code = keep(&in);
    g_free(in.name);
    g_free(in.bytes);
    g_free(in.sha256);
    return code;
}

/* --- list */

/* Whether its bytes are still what they were. */
static const char *state_of(const struct office *office, const struct db_rows *rows, int row)
{
    AUTO_JS struct js *document = js_object();
    struct attachment *attachment = NULL;
    js_set_text(document, "sha256", db_text(rows, row, "sha256"));
    const char *why = document_read(office->dir, document, &attachment);
    if (attachment)
        document_free(attachment);
    return why ? why : "good";
}

static int list(struct office *office)
{
    g_autofree char *agency = office_agency_text(office);
    g_autoptr(GError) error = NULL;
    AUTO_ROWS struct db_rows *rows = db_ask_with(office->db, &sql_documents, &error, agency);
    if (!rows)
        return refuse_error(error);
    for (int r = 0; r < db_rows_count(rows); r++) {
        const char *id = db_text(rows, r, "document"), *file = db_text(rows, r, "file");
        const char *added_on = db_text(rows, r, "added_on"), *state = state_of(office, rows, r);
        if (!office->json) {
            printf("%-28s %-32s %10s  %-10s  %s\n", id, file ? file : "-", file ? db_text(rows, r, "size") : "-",
                   added_on ? added_on : "-", state);
            continue;
        }
        AUTO_JS struct js *row = js_object();
        js_set_text(row, "document", id);
        js_set_text(row, "file", file);
        js_set_text(row, "type", db_text(rows, r, "type"));
        js_set_text(row, "sha256", db_text(rows, r, "sha256"));
        if (file)
            js_set_int(row, "size", db_int(rows, r, "size"));
        js_set_text(row, "added_on", added_on);
        js_set_text(row, "state", state);
        g_autofree char *line = js_print(row);
        puts(line);
    }
    if (!office->json && db_rows_count(rows) == 0)
        puts("no documents");
    return 0;
}

int cmd_document(struct office *office, int argc, char **argv)
{
    char *id = NULL;
    GOptionEntry entries[] = {{"id", 0, 0, G_OPTION_ARG_STRING, &id, NULL, NULL}, {0}};
    take_options(&argc, &argv, entries);
    if (argc == 3 && strcmp(argv[1], "add") == 0 && id)
        return add(office, argv[2], id);
    if (argc == 2 && strcmp(argv[1], "list") == 0 && !id)
        return list(office);
    usage_error("document add needs FILE --id ID; document list needs nothing");
}
