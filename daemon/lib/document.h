/*
 * document.h: the document store: files under DIR/documents, each named by the SHA-256 of its bytes. The database says
 * which document has which bytes; a file that is gone or altered is noticed whenever it is read.
 */
#pragma once

#include "attr.h"
#include "js.h"
#include "letter.h"

#define DOCUMENT_MAX (10 * 1024 * 1024) /* bytes; most relays take 25 MB, and base64 grows by a third */

/* What goes with letters: the media type of a file's extension (.pdf .docx .doc .txt .png .jpg .xlsx), or NULL. */
const char *document_media_type(const char *file_name);

/* Why these bytes cannot be a document of that name: too long, nothing in it, not what the name says; NULL when they
 * can. Free with g_free. */
char *document_refusal(const char *file_name, const char *bytes, gsize length);

/* Puts bytes into the store. Free the answer, their SHA-256, with g_free; NULL with an error. */
MUST_CHECK char *document_put(const char *dir, const char *bytes, gsize length, GError **error);

/* Reads {"id", "name", "type", "sha256"} for a letter. NULL, or why it cannot go: "is missing", "was altered", ... */
MUST_CHECK const char *document_read(const char *dir, const struct js *document, struct attachment **ret);
void document_free(gpointer attachment);
