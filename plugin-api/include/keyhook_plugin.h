/*
 * The C ABI between a keyhook server and a plugin, version 1.1: src/abi.rs in C. tests/layout.rs proves that both say the same.
 *
 * Law of the border
 *  1. Nothing owned crosses. A kh_str is borrowed: from the server until the call returns, and one obtained from get, list, fire
 *     or store_get only until the next mutating call on the same cx. Mutating are set, set_json, remove, respond_*, deny and fire.
 *     What a plugin gives is copied before the server's function returns.
 *  2. Tables are size-prefixed and grow at the end only. Check `size` before using a field that a later minor added.
 *  3. Codes are plain int32_t: an unknown value is an error.
 *  4. Nothing unwinds or jumps across: no C++ exception, no longjmp.
 *  5. A library, once loaded, is never unloaded.
 *
 * A library exports KEYHOOK_PLUGIN_ABI_TAG (see KH_DEFINE_TAG) and keyhook_plugin_entry_v1.
 */
#ifndef KEYHOOK_PLUGIN_H
#define KEYHOOK_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KH_ABI_MAJOR 1
#define KH_ABI_MINOR 1

/* kh_abi_tag.flags */
#define KH_FLAG_PANIC_ABORT 1 /* Rust only: such a library is refused */
#define KH_FLAG_DEBUG 2       /* built without optimization; shown, never refused */

/* kh_hook.flags */
#define KH_HOOK_INLINE 1   /* pure CPU work, runs on the async worker; blocking functions answer KH_WOULD_BLOCK */
#define KH_HOOK_OBSERVER 2 /* runs after the decision, changes nothing */
#define KH_HOOK_OPTIONAL 4 /* a server that does not know the name ignores the hook instead of refusing the library */
#define KH_HOOK_CUSTOM 8   /* fired by plugins with kh_host.fire */

/* kh_route.flags */
#define KH_ROUTE_INLINE 1

/* What a hook or a route returns. */
#define KH_CONTINUE 0 /* edits are kept; the next plugin runs */
#define KH_RESPOND 1  /* the response written with respond_* is final */
#define KH_DENY 2     /* refused; deny said how, without it server_error */
#define KH_PANICKED 3 /* the plugin broke; nothing of the call is kept */
#define KH_SIGN_IN 4  /* authorization hooks: the user under KH_PART_OUTCOME is signed in */
#define KH_APPROVE 5  /* authorization hooks: the signed-in user agrees to the scopes under KH_PART_OUTCOME */
#define KH_GRANT 6    /* token_grant (1.1): what stands under KH_PART_OUTCOME is granted */
#define KH_CLIENT 7   /* client_assertion (1.1): the client under KH_PART_OUTCOME has proven who it is; oauth1_consumer: is meant */
#define KH_SIGNATURE 8 /* oauth1_signature (1.1): the signature under KH_PART_OUTCOME is the right one; the server compares */

/* What a server function returns. */
#define KH_OK 0              /* from get and list: the value is text, which a JSON string is too */
#define KH_OK_JSON 1         /* from get and list: the value is a JSON text, of a type other than string */
#define KH_ABSENT (-1)       /* there is no such value */
#define KH_BAD_ARGUMENT (-2) /* not UTF-8, not JSON, CR or LF in a header, a status outside 200-599, too large */
#define KH_WRONG_TYPE (-3)   /* the value has another JSON type than asked for */
#define KH_NOT_HERE (-4)     /* this hook has no such part, or this server no such function */
#define KH_WOULD_BLOCK (-5)  /* a blocking function in an inline hook */
#define KH_DEADLINE (-6)     /* the hook's deadline has passed */
#define KH_NOT_PERMITTED (-7) /* protected, read-only, or not allowed by the configuration */
#define KH_CONFLICT (-8)     /* store_cas: it changed in between */
#define KH_HOST_FAULT (-9)   /* a fault inside the server; it was logged there */
#define KH_DENIED (-10)      /* fire: a plugin denied; facts fired_plugin, and if in public fired_error, fired_description */
#define KH_FAILED (-11)      /* fire: a plugin, fact fired_plugin, panicked, was late or answered nonsense */

/* Where get, list, set and remove look. */
#define KH_PART_FACT 0     /* read-only text about the call: hook, client_id, scope, subject, interaction, csrf_token ... */
#define KH_PART_REQUEST 1  /* read-only: method, path, query, body (bytes) */
#define KH_PART_QUERY 2    /* query parameters, decoded, read-only */
#define KH_PART_FORM 3     /* form parameters, decoded, read-only */
#define KH_PART_HEADER 4   /* request headers by lower-case name, read-only */
#define KH_PART_PATH 5     /* what the path pattern matched, read-only */
#define KH_PART_RESPONSE 6 /* members of the token response, JSON; in answers of OAuth 1.0a text, numbers, true and false */
#define KH_PART_DATA 7     /* the plugin's own data, JSON, at most 4 KiB */
#define KH_PART_CONFIG 8   /* the plugin's configuration, JSON, read-only; the key is a JSON pointer */
#define KH_PART_SESSION 9  /* the browser session's values of this plugin, text */
#define KH_PART_OUTCOME 10 /* write-only: subject, auth_time, acr, amr, approve ("1"), scope (all that was asked for if not set); token_grant: refresh ("1"); client_assertion, oauth1_consumer: client_id; oauth1_signature: signature */
#define KH_PART_PAYLOAD 11 /* payload of a custom hook, JSON; the key is a member name, "" the whole */

/* Borrowed bytes, not NUL-terminated. With len == 0 the pointer may be anything. */
typedef struct {
    const uint8_t *ptr;
    size_t len;
} kh_str;

/* KH_TEXT for static tables, KH_STR as an argument; both of a string literal. */
#define KH_TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }
#define KH_STR(literal) ((kh_str)KH_TEXT(literal))

/* What a library says of itself, pointer-free, read out of the file before any of its code runs. */
typedef struct {
    uint8_t magic[8];
    uint32_t tag_size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t min_host_minor;
    uint32_t flags;
    uint32_t ptr_bytes;
    uint8_t build[64];
} kh_abi_tag;

typedef struct {
    kh_str name;      /* "token_grant=<grant_type>", "client_assertion=<client_assertion_type>" and
                         "oauth1_signature=<oauth_signature_method>" since 1.1 */
    int32_t priority; /* lower runs first; 100 where nothing is said */
    uint32_t flags;
} kh_hook;

typedef struct {
    kh_str method; /* upper-case, or "*" */
    kh_str path;   /* "/x/hello", "/users/{id}", "/files/{*rest}" */
    uint32_t flags;
    uint32_t reserved; /* zero */
} kh_route;

/* A plugin's table. Static; lives as long as the process. */
typedef struct kh_plugin {
    size_t size;
    kh_str name;    /* 1-64 bytes of a-z A-Z 0-9 - _ . */
    kh_str version; /* semantic version, at most 64 bytes */
    const kh_hook *hooks;
    size_t hooks_len;
    const kh_route *routes;
    size_t routes_len;
    /* Makes an instance: KH_CONTINUE and *out, or KH_DENY after host->deny. */
    int32_t (*create)(const struct kh_plugin *self, void *cx, void **out);
    /* Ends an instance. Called once, on any thread, when no call runs on it. */
    void (*destroy)(void *instance);
    /* Many threads at once may be inside one instance. */
    int32_t (*call_hook)(void *instance, uint32_t index, void *cx);
    int32_t (*call_route)(void *instance, uint32_t index, void *cx);
    const void *private_; /* the plugin's own */
} kh_plugin;

typedef struct {
    size_t size;
    const kh_plugin *const *plugins;
    size_t plugins_len;
} kh_module;

/* What the server offers. cx is the call's context: valid on the calling thread until the call returns. */
typedef struct kh_host {
    size_t size;
    uint32_t abi_major;
    uint32_t abi_minor;
    const uint8_t *image_id;
    const void *host_data;
    /* Any thread. */
    void (*log)(const struct kh_host *host, uint32_t level, kh_str target, kh_str message, kh_str fields);
    uint32_t (*log_level)(const struct kh_host *host);
    int64_t (*now_unix_ns)(const struct kh_host *host);
    int32_t (*random)(const struct kh_host *host, uint8_t *out, size_t len);
    /* Values of a part. */
    int32_t (*get)(void *cx, uint32_t part, kh_str key, kh_str *out);
    int32_t (*list)(void *cx, uint32_t part, size_t index, kh_str *name, kh_str *value);
    int32_t (*set)(void *cx, uint32_t part, kh_str key, kh_str text);
    int32_t (*set_json)(void *cx, uint32_t part, kh_str key, kh_str json);
    int32_t (*remove)(void *cx, uint32_t part, kh_str key);
    /* The response. */
    int32_t (*respond_status)(void *cx, uint32_t status);
    int32_t (*respond_header)(void *cx, kh_str name, kh_str value);
    int32_t (*respond_body)(void *cx, kh_str bytes);
    int32_t (*respond_page)(void *cx, kh_str title, kh_str html);
    /* public_ != 0 sends the description, else it is logged only. */
    int32_t (*deny)(void *cx, kh_str code, kh_str description, uint32_t public_);
    int32_t (*is_cancelled)(void *cx);
    int32_t (*fire)(void *cx, kh_str name, kh_str json, kh_str *out);
    /* Blocking; the plugin's own namespace. ttl in seconds, 0 for one year. */
    int32_t (*store_get)(void *cx, kh_str key, kh_str *out);
    int32_t (*store_put)(void *cx, kh_str key, kh_str value, uint64_t ttl);
    int32_t (*store_cas)(void *cx, kh_str key, kh_str old, kh_str value, uint64_t ttl);
    int32_t (*store_delete)(void *cx, kh_str key);
    /* Since 1.1: check `size`. Blocking. KH_OK for one caller ever until ttl ends, KH_CONFLICT for everybody after. */
    int32_t (*once)(void *cx, kh_str key, uint64_t ttl);
    /* Since 1.1: check `size`. Blocking, in URL handlers alone; needs allow = ["register_clients"]. Registers a client of OAuth 1.0a:
     * json has name, callbacks, scope, signature_methods; out becomes a JSON object of key and secret. */
    int32_t (*register_client)(void *cx, kh_str json, kh_str *out);
} kh_host;

#if defined(__GNUC__)
#define KH_EXPORT __attribute__((visibility("default")))
#else
#define KH_EXPORT
#endif

/* Once in a library; `build` is a string literal of at most 63 bytes, for humans only. */
#define KH_DEFINE_TAG(build)                                                                         \
    KH_EXPORT extern const kh_abi_tag KEYHOOK_PLUGIN_ABI_TAG;                                        \
    const kh_abi_tag KEYHOOK_PLUGIN_ABI_TAG = {                                                      \
        { 'K', 'H', 'P', 'L', 'U', 'G', '\r', '\n' }, sizeof(kh_abi_tag), KH_ABI_MAJOR, KH_ABI_MINOR, 0, 0, \
        sizeof(void *), build                                                                        \
    }

/* The exported entry: takes the server's table, gives the library's plugins, or NULL when it cannot run. */
KH_EXPORT const kh_module *keyhook_plugin_entry_v1(const kh_host *host);

#ifdef __cplusplus
}
#endif

#endif
