/* Digests, signatures and random identities, by libsodium: the only file that knows it. */
#include "crypto.h"

#include <sodium.h>

static void ready(void)
{
    if (sodium_init() < 0)
        g_error("libsodium cannot start: no source of randomness");
}

char *crypto_sha256_hex(const void *bytes, gsize length)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, bytes, length);
    char *hex = g_malloc(2 * sizeof digest + 1);
    return sodium_bin2hex(hex, 2 * sizeof digest + 1, digest, sizeof digest);
}

char *crypto_hmac_base64(const void *key, gsize key_length, const void *bytes, gsize length)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_length);
    crypto_auth_hmacsha256_update(&state, bytes, length);
    crypto_auth_hmacsha256_final(&state, mac);
    gsize size = sodium_base64_encoded_len(sizeof mac, sodium_base64_VARIANT_ORIGINAL);
    return sodium_bin2base64(g_malloc(size), size, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
}

char *crypto_random_id(void)
{
    ready();
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    char *hex = g_malloc(2 * sizeof bytes + 1);
    return sodium_bin2hex(hex, 2 * sizeof bytes + 1, bytes, sizeof bytes);
}

void crypto_wipe(void *bytes, gsize length)
{
    sodium_memzero(bytes, length);
}
