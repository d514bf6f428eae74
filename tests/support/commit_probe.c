/* commit_probe URL: one transaction through db.h that writes a row, and what db_commit says of it: committed, lost,
 * unsure or refused. Waits for a line on stdin before COMMIT, so that a test can break the connection there. */
#include <stdio.h>

#include "db.h"

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    char line[8];
    struct db *db = argc == 2 ? db_open(argv[1], "commit_probe", &error) : NULL;
    if (!db || !db_begin(db, &error) || !db_run(db, "INSERT INTO probe VALUES (1)", &error)) {
        fprintf(stderr, "%s\n", error ? error->message : "commit_probe URL");
        return 2;
    }
    puts("written");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        return 2;
    if (db_commit(db, &error))
        puts("committed");
    else
        printf("%s: %s\n",
               g_error_matches(error, DB_ERROR, DB_LOST)     ? "lost"
               : g_error_matches(error, DB_ERROR, DB_UNSURE) ? "unsure"
                                                             : "refused",
               error->message);
    db_close(&db);
    return 0;
}
