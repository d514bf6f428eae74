/*
 * mime.h: mail as bytes by GMime: our letters written, and other machines' delivery reports read.
 */
#pragma once

#include "letter.h"

/* The bytes of a letter whose fields are checked already (letter_build). */
GBytes *mime_write(const struct letter *letter);

/* What a multipart/report (RFC 3462, 3464) says of one recipient; every field may be NULL. */
struct mime_recipient {
    char *final, *original; /* addresses */
    char *action;           /* "failed" */
    char *status;           /* "5.1.1" */
    char *diagnostic;       /* "smtp; 550 5.1.1 no such user" */
};

enum { MIME_REPORT_IDS = 50, MIME_REPORT_RECIPIENTS = 50 };

struct mime_report {
    GPtrArray *recipients; /* struct mime_recipient; blocks without a recipient are among them */
    GPtrArray *ids;        /* char *, without <>: what the returned letter and the report itself refer to */
};

/* Reads a delivery report out of any bytes. NULL: it is something else. */
struct mime_report *mime_read_report(const char *bytes, gsize size);
void mime_report_free(struct mime_report *report);
