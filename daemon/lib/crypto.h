/* crypto.h: digests, signatures and random identities, by libsodium. */
#pragma once

#include <glib.h>

/* Lower-case hex SHA-256. Free with g_free. */
char *crypto_sha256_hex(const void *bytes, gsize length);

/* base64 of HMAC-SHA256 under `key`. Free with g_free. */
char *crypto_hmac_base64(const void *key, gsize key_length, const void *bytes, gsize length);

/* 128 random bits as 32 hex digits. Free with g_free. */
char *crypto_random_id(void);

void crypto_wipe(void *bytes, gsize length);
