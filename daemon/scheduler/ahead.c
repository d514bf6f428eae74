/* The read-ahead of a queue: pages by (ready_at, job_id) for each agency, kept by party. */
#include "ahead.h"

#include <string.h>

#include "ticklerd-scheduler_sql.h"
#include "wire.h"

#define PAGE_HEADS    2000  /* over all agencies */
#define PAGE_JOBS     10000 /* with what else their parties have */
#define NEWEST        32
#define ENOUGH        2000       /* over all agencies: one that has its share of it in hand is not asked */
#define LOOK_AGAIN_US SECONDS(1) /* a row that commits late sorts before the place that was read last */
#define REST          20         /* times as long as a look to the end of the queue took, until the next one unasked */
#define REST_MAX_US   SECONDS(5)

struct party_ahead {
    char *name;
    GArray *ids;
    gboolean suspect; /* one of its jobs ended a worker */
};

struct turn { /* one agency */
    int agency;
    GQueue parties;      /* struct party_ahead */
    GHashTable *by_name; /* the same */
    guint jobs;
    char *last_at; /* where the last page ended; NULL: at the start of its queue */
    gint64 last_id;
};

struct ahead {
    char *room;
    GPtrArray *turns;
    guint next; /* whose turn it is */
    GHashTable *known;
    gboolean more;     /* the last page was full */
    gint64 looked_at;  /* monotonic: when the start was read last */
    gint64 rest_until; /* monotonic: all was read, and nobody has said since that there is more */
};

static void party_free(gpointer data)
{
    struct party_ahead *party = data;
    g_free(party->name);
    g_array_unref(party->ids);
    g_free(party);
}

static void turn_free(gpointer data)
{
    struct turn *turn = data;
    g_hash_table_unref(turn->by_name);
    g_queue_clear_full(&turn->parties, party_free);
    g_free(turn->last_at);
    g_free(turn);
}

struct ahead *ahead_new(const char *room)
{
    struct ahead *ahead = g_new0(struct ahead, 1);
    ahead->room = g_strdup(room);
    ahead->turns = g_ptr_array_new_with_free_func(turn_free);
    ahead->known = g_hash_table_new(g_direct_hash, g_direct_equal);
    return ahead;
}

void ahead_free(struct ahead *ahead)
{
    g_free(ahead->room);
    g_ptr_array_unref(ahead->turns);
    g_hash_table_unref(ahead->known);
    g_free(ahead);
}

void ahead_clear(struct ahead *ahead)
{
    g_ptr_array_set_size(ahead->turns, 0);
    g_hash_table_remove_all(ahead->known);
    ahead->rest_until = ahead->looked_at = 0;
}

guint ahead_jobs(const struct ahead *ahead)
{
    return g_hash_table_size(ahead->known);
}

gboolean ahead_has_more(const struct ahead *ahead)
{
    return ahead->more;
}

void ahead_look_again(struct ahead *ahead)
{
    ahead->looked_at = ahead->rest_until = 0;
}

gboolean ahead_rests(const struct ahead *ahead)
{
    return clock_mono() < ahead->rest_until;
}

/* --- reading */

static struct turn *turn_of(struct ahead *ahead, int agency)
{
    for (guint i = 0; i < ahead->turns->len; i++)
        if (((struct turn *)ahead->turns->pdata[i])->agency == agency)
            return ahead->turns->pdata[i];
    struct turn *turn = g_new0(struct turn, 1);
    turn->agency = agency;
    turn->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    g_ptr_array_add(ahead->turns, turn);
    return turn;
}

static struct party_ahead *party_of(struct turn *turn, const char *name)
{
    struct party_ahead *party = g_hash_table_lookup(turn->by_name, name);
    if (party)
        return party;
    party = g_new0(struct party_ahead, 1);
    party->name = g_strdup(name);
    party->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_queue_push_tail(&turn->parties, party);
    g_hash_table_insert(turn->by_name, party->name, party);
    return party;
}

static void add_row(struct ahead *ahead, struct turn *turn, const struct db_rows *rows, int row, GHashTable *in_flight)
{
    gint64 id = db_int(rows, row, "job_id");
    if (g_hash_table_contains(in_flight, AHEAD_KEY(id)) || !g_hash_table_add(ahead->known, AHEAD_KEY(id)))
        return;
    struct party_ahead *party = party_of(turn, db_text(rows, row, "party"));
    g_array_append_val(party->ids, id);
    party->suspect = party->suspect || db_int(rows, row, "starts") > 0;
    turn->jobs++;
}

static guint share(const struct ahead *ahead, guint of, guint least)
{
    return MAX(of / MAX(ahead->turns->len, 1), least);
}

static gboolean has_enough(const struct ahead *ahead, const struct turn *turn)
{
    return turn->jobs >= share(ahead, ENOUGH, 100);
}

/* A full page goes on behind its last head; else the queue was read to its end, and the next page begins at its start.
 */
static void move_place(struct turn *turn, const struct db_rows *rows, int row, guint heads)
{
    if (turn->last_at || db_is_null(rows, row, "last_at") || db_int(rows, row, "heads") < heads)
        return;
    turn->last_at = g_strdup(db_text(rows, row, "last_at"));
    turn->last_id = db_int(rows, row, "last_id");
}

/* Where a page of PAGE_JOBS was cut inside a party, that one is left for the next page: a party travels together. */
static int whole_parties(const struct db_rows *rows)
{
    int n = db_rows_count(rows), end = n;
    if (n < PAGE_JOBS)
        return n;
    while (end > 0 && strcmp(db_text(rows, end - 1, "party"), db_text(rows, n - 1, "party")) == 0)
        end--;
    return end ? end : n;
}

static void take_rows(struct ahead *ahead, const struct db_rows *rows, guint heads, GHashTable *in_flight)
{
    int end = whole_parties(rows);
    gboolean cut = db_rows_count(rows) >= PAGE_JOBS;
    for (guint i = 0; !cut && i < ahead->turns->len; i++)
        if (!has_enough(ahead, ahead->turns->pdata[i]))
            g_clear_pointer(&((struct turn *)ahead->turns->pdata[i])->last_at, g_free);
    ahead->more = cut;
    for (int row = 0; row < end; row++) {
        struct turn *turn = turn_of(ahead, (int)db_int(rows, row, "agency_id"));
        add_row(ahead, turn, rows, row, in_flight);
        if (!cut) /* else its place stays: what was read is in hand now, and gone from the next page */
            move_place(turn, rows, row, heads);
    }
    for (guint i = 0; i < ahead->turns->len; i++)
        ahead->more = ahead->more || ((struct turn *)ahead->turns->pdata[i])->last_at;
}

gboolean ahead_read(struct ahead *ahead, struct office *office, GHashTable *in_flight, GError **error)
{
    AUTO_ARRAY struct db_array *enough = db_array_new(), *agencies = db_array_new(), *ats = db_array_new();
    AUTO_ARRAY struct db_array *ids = db_array_new();
    gboolean from_start = clock_mono() - ahead->looked_at > LOOK_AGAIN_US;
    for (guint i = 0; i < ahead->turns->len; i++) {
        struct turn *turn = ahead->turns->pdata[i];
        if (has_enough(ahead, turn)) {
            db_array_add_int(enough, turn->agency);
        } else if (turn->last_at && !from_start) {
            db_array_add_int(agencies, turn->agency);
            db_array_add(ats, turn->last_at);
            db_array_add_int(ids, turn->last_id);
        }
    }
    guint heads = share(ahead, PAGE_HEADS, 20);
    gint64 begun = clock_mono();
    g_autofree char *now = instant_format(clock_now()), *most = g_strdup_printf("%u", heads);
    g_autofree char *newest = g_strdup_printf("%d", NEWEST), *all = g_strdup_printf("%d", PAGE_JOBS);
    AUTO_ROWS struct db_rows *rows =
        db_ask_with(office->db, &sql_job_ready, error, ahead->room, now, db_array_text(enough), db_array_text(agencies),
                    db_array_text(ats), db_array_text(ids), most, newest, all);
    if (!rows)
        return FALSE;
    if (from_start)
        ahead->looked_at = clock_mono();
    take_rows(ahead, rows, heads, in_flight);
    /* A plan that is being written is read row by row and seen by nobody: a second of it may take a tenth. */
    if (!clock_is_virtual() && !ahead->more)
        ahead->rest_until = clock_mono() + MIN(REST * (clock_mono() - begun), REST_MAX_US);
    return TRUE;
}

/* --- taking */

/* The next agency that has jobs in hand; NULL: none. */
static struct turn *next_turn(struct ahead *ahead)
{
    for (guint i = 0; i < ahead->turns->len; i++) {
        struct turn *turn = ahead->turns->pdata[(ahead->next + i) % ahead->turns->len];
        if (turn->jobs) {
            ahead->next = (ahead->next + i) % ahead->turns->len;
            return turn;
        }
    }
    return NULL;
}

static void take_from(struct ahead *ahead, struct turn *turn, struct party_ahead *party, GArray *ids, GArray *parties)
{
    guint n = MIN(party->ids->len, WIRE_JOBS_MAX - ids->len);
    g_array_append_vals(parties, &(guint16){(guint16)n}, 1);
    g_array_append_vals(ids, party->ids->data, n);
    for (guint i = 0; i < n; i++)
        g_hash_table_remove(ahead->known, AHEAD_KEY(g_array_index(party->ids, gint64, i)));
    g_array_remove_range(party->ids, 0, n);
    turn->jobs -= n;
    ahead->next++;
    if (party->ids->len)
        return;
    g_hash_table_remove(turn->by_name, party->name);
    party_free(g_queue_pop_head(&turn->parties));
}

GArray *ahead_take(struct ahead *ahead, guint most, GArray *parties)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (struct turn *turn; (turn = next_turn(ahead)) && ids->len < most;) {
        struct party_ahead *party = g_queue_peek_head(&turn->parties);
        gboolean alone = party->suspect || party->ids->len > WIRE_JOBS_MAX;
        if (ids->len && (alone || ids->len + party->ids->len > most))
            break;
        take_from(ahead, turn, party, ids, parties);
        if (alone)
            break;
    }
    return ids;
}
