/*
 * The limit: what planning, handing out and finishing jobs costs with nothing around it. One INSERT..SELECT plans; one
 * process reads ahead by (ready_at, id), writes no claim, and sends batches over a ZeroMQ ROUTER; two workers finish
 * each with one DELETE that appends to a ledger with the unique key. No events, no letters, no retries, no errors.
 *
 *   bench_limit CONNINFO plan | drain BATCH JOBS | pickup TIMES | offer TIMES      prints one line of JSON
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define WORKERS     2
#define CREDIT      2
#define BATCH_BYTES ((size_t)1 << 20) /* of one message: most jobs that are asked for, with their numbers */
#define PAGE        4000

static const char *conninfo;
static char endpoint[128];
static int reads_first; /* workers read their jobs before they finish them, as one that decides must */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static PGconn *open_db(void)
{
    PGconn *db = PQconnectdb(conninfo);
    PGresult *set = PQexec(db, "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
                               "SET jit = off");
    if (PQresultStatus(set) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s", PQerrorMessage(db));
        exit(1);
    }
    PQclear(set);
    return db;
}

static PGresult *ask(PGconn *db, const char *name, int n, const char *const *values)
{
    PGresult *rows = n < 0 ? PQexec(db, name) : PQexecPrepared(db, name, n, values, NULL, NULL, 0);
    if (PQresultStatus(rows) != PGRES_COMMAND_OK && PQresultStatus(rows) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s", PQerrorMessage(db));
        exit(1);
    }
    return rows;
}

static void tell(PGconn *db, const char *name, int n, const char *const *values)
{
    PQclear(ask(db, name, n, values));
}

static void prepare(PGconn *db, const char *name, const char *text)
{
    PQclear(PQprepare(db, name, text, 0, NULL));
}

static void plan(void)
{
    PGconn *db = open_db();
    double begun = now();
    tell(db, "RESET enable_hashjoin; RESET enable_seqscan", -1, NULL);
    tell(db,
         "INSERT INTO bare.job (kind, subject, cycle, milestone, party, ready_at)"
         " SELECT 'noop', s.subject_id, s.due_on, 'tick', s.party_id, clock_timestamp() FROM bench_subject s"
         "  WHERE NOT EXISTS (SELECT FROM bare.ledger l WHERE l.kind = 'noop' AND l.subject = s.subject_id"
         "                       AND l.cycle = s.due_on AND l.milestone = 'tick')"
         "  ORDER BY s.party_id ON CONFLICT DO NOTHING",
         -1, NULL);
    printf("{\"seconds\": %.4f}\n", now() - begun);
    PQfinish(db);
}

/* A batch is the text of an array, '{1,2,3}', as it goes to Postgres. */
static void work(int number)
{
    PGconn *db = open_db();
    void *context = zmq_ctx_new(), *line = zmq_socket(context, ZMQ_DEALER);
    char name = (char)('A' + number), *batch = malloc(BATCH_BYTES);
    zmq_setsockopt(line, ZMQ_IDENTITY, &name, 1);
    zmq_connect(line, endpoint);
    prepare(db, "finish",
            "WITH gone AS (DELETE FROM bare.job WHERE id = ANY ($1::bigint[]) RETURNING *)"
            " INSERT INTO bare.ledger SELECT kind, subject, cycle, milestone, id, clock_timestamp() FROM gone"
            " ON CONFLICT DO NOTHING");
    prepare(db, "read", "SELECT * FROM bare.job WHERE id = ANY ($1::bigint[])");
    zmq_send(line, "", 0, 0);
    for (int length; (length = zmq_recv(line, batch, BATCH_BYTES - 1, 0)) > 0;) {
        batch[length] = '\0';
        if (reads_first)
            tell(db, "read", 1, (const char *const[]){batch});
        double began = now();
        tell(db, "finish", 1, (const char *const[]){batch});
        zmq_send(line, &began, sizeof began, 0);
    }
    PQfinish(db);
    zmq_close(line);
    zmq_ctx_term(context);
    _exit(0);
}

struct reader {
    PGconn *db;
    void *context, *line;
    PGresult *page;
    int row;
    char at[64], id[32];
};

static struct reader open_reader(void)
{
    struct reader r = {.at = "-infinity", .id = "0"};
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/bench-limit-%d", (int)getpid());
    for (int i = 0; i < WORKERS; i++)
        if (fork() == 0)
            work(i);
    r.context = zmq_ctx_new();
    r.line = zmq_socket(r.context, ZMQ_ROUTER);
    zmq_bind(r.line, endpoint);
    r.db = open_db();
    prepare(r.db, "page",
            "SELECT id, ready_at FROM bare.job WHERE (ready_at, id) > ($1::timestamptz, $2::bigint)"
            " ORDER BY ready_at, id LIMIT $3::int");
    return r;
}

static void close_reader(struct reader *r)
{
    for (int i = 0; i < WORKERS; i++) {
        char name = (char)('A' + i);
        zmq_send(r->line, &name, 1, ZMQ_SNDMORE);
        zmq_send(r->line, "", 0, 0);
    }
    for (int i = 0; i < WORKERS; i++)
        wait(NULL);
    zmq_close(r->line);
    zmq_ctx_term(r->context);
    unlink(endpoint + strlen("ipc://"));
    PQfinish(r->db);
}

/* Who wrote, and when it began with its last batch (0: its first word). */
static double hear(struct reader *r, char *ret_name)
{
    double began = 0;
    zmq_recv(r->line, ret_name, 1, 0);
    zmq_recv(r->line, &began, sizeof began, 0);
    return began;
}

static int next_batch(struct reader *r, int most, char *out)
{
    int n = 0;
    size_t length = 1;
    out[0] = '{';
    for (; n < most; n++, r->row++) {
        if (!r->page || r->row == PQntuples(r->page)) {
            char limit[16];
            PQclear(r->page);
            snprintf(limit, sizeof limit, "%d", PAGE);
            r->page = ask(r->db, "page", 3, (const char *const[]){r->at, r->id, limit});
            r->row = 0;
            if (PQntuples(r->page) == 0)
                break;
            snprintf(r->id, sizeof r->id, "%s", PQgetvalue(r->page, PQntuples(r->page) - 1, 0));
            snprintf(r->at, sizeof r->at, "%s", PQgetvalue(r->page, PQntuples(r->page) - 1, 1));
        }
        length +=
            (size_t)snprintf(out + length, BATCH_BYTES - length, "%s%s", n ? "," : "", PQgetvalue(r->page, r->row, 0));
    }
    snprintf(out + length, BATCH_BYTES - length, "}");
    return n;
}

static void send_to(struct reader *r, char name, const char *batch)
{
    zmq_send(r->line, &name, 1, ZMQ_SNDMORE);
    zmq_send(r->line, batch, strlen(batch), 0);
}

static double cpu(int who)
{
    struct rusage use;
    getrusage(who, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void drain(int most, int jobs)
{
    struct reader r = open_reader();
    char *batch = malloc(BATCH_BYTES), name;
    for (int i = 0; i < WORKERS; i++)
        hear(&r, &name);
    double begun = now();
    int open = 0, total = 0;
    for (int i = 0; i < WORKERS * CREDIT; i++) {
        int n = next_batch(&r, most, batch);
        if (n) {
            send_to(&r, (char)('A' + i % WORKERS), batch);
            open++;
            total += n;
        }
    }
    while (open) {
        hear(&r, &name);
        open--;
        int n = next_batch(&r, most, batch);
        if (n) {
            send_to(&r, name, batch);
            open++;
            total += n;
        }
    }
    double took = now() - begun;
    close_reader(&r);
    if (total != jobs)
        fprintf(stderr, "%d jobs drained, %d expected\n", total, jobs);
    printf("{\"seconds\": %.4f, \"cpu\": %.4f}\n", took, cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN));
    exit(total == jobs ? 0 : 1);
}

/* From the committed insert and NOTIFY to the moment at which a worker has read the job. */
static void pickup(int times)
{
    reads_first = 1;
    struct reader r = open_reader();
    char name;
    for (int i = 0; i < WORKERS; i++)
        hear(&r, &name);
    PGconn *planner = open_db();
    tell(r.db, "LISTEN bare", -1, NULL);
    char *batch = malloc(BATCH_BYTES);
    printf("[");
    for (int i = 0; i < times; i++) {
        usleep(20000);
        char text[256];
        snprintf(text, sizeof text,
                 "INSERT INTO bare.job (kind, subject, cycle, milestone, party, ready_at)"
                 " VALUES ('one', %d, '2020-01-01', 'tick', %d, clock_timestamp()); NOTIFY bare",
                 i, i);
        tell(planner, text, -1, NULL);
        double committed = now();
        for (int n = 0; n == 0;) {
            struct pollfd fd = {.fd = PQsocket(r.db), .events = POLLIN};
            PGnotify *notice;
            poll(&fd, 1, 1000);
            PQconsumeInput(r.db);
            while ((notice = PQnotifies(r.db)))
                PQfreemem(notice);
            n = next_batch(&r, 100, batch);
        }
        send_to(&r, 'A', batch);
        printf("%s%.4f", i ? ", " : "", 1000 * (hear(&r, &name) - committed));
    }
    printf("]\n");
    PQfinish(planner);
    close_reader(&r);
}

/* The same for ticklerd: jobs one by one into its queue; prints when each was committed, in microseconds of the epoch.
 */
static void offer(int times)
{
    PGconn *planner = open_db();
    printf("[");
    for (int i = 0; i < times; i++) {
        char text[512];
        struct timespec t;
        snprintf(text, sizeof text,
                 "INSERT INTO job (agency_id, worker, subject_id, cycle, step, ordinal, party_id, nominal, ready_at,"
                 " subject, party) VALUES (1, 'noop', %d, '2020-01-01', 'tick', 0, %d, clock_timestamp(),"
                 " clock_timestamp() - interval '1 s', 'noop:%d', 'noop:%d'); NOTIFY tickler",
                 i, i, i, i);
        tell(planner, text, -1, NULL);
        clock_gettime(CLOCK_REALTIME, &t);
        printf("%s%lld", i ? ", " : "", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
        usleep(20000);
    }
    printf("]\n");
    PQfinish(planner);
}

static int number(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    conninfo = argv[1];
    if (strcmp(argv[2], "plan") == 0)
        plan();
    else if (strcmp(argv[2], "drain") == 0 && argc == 5)
        drain(number(argv[3]), number(argv[4]));
    else if (strcmp(argv[2], "pickup") == 0 && argc == 4)
        pickup(number(argv[3]));
    else if (strcmp(argv[2], "offer") == 0 && argc == 4)
        offer(number(argv[3]));
    else
        return 2;
    return 0;
}
