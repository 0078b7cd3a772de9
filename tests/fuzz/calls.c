/*
 * A plugin that does what its script says: any function of the server's table, with any arguments that stay within memory of its
 * own. The fact "script" names the script's address and length; the server is in the same process.
 */
#include <stdlib.h>
#include <string.h>

#include "keyhook_plugin.h"

KH_DEFINE_TAG("calls");

static const kh_host *server;
static const uint8_t *at, *end;
static kh_str lent;
static uint8_t much[70000];
/* Read, so that a lent slice that does not exist is noticed. */
static volatile uint8_t seen;
static int instance;

static uint8_t byte(void)
{
    return at < end ? *at++ : 0;
}

static void look(kh_str text)
{
    for (size_t i = 0; i < text.len; i++)
        seen ^= text.ptr[i];
}

/* The next argument: bytes of the script, or something that the server must not follow. */
static kh_str argument(void)
{
    uint8_t kind = byte();
    size_t len = byte();
    kh_str text = { at, len > (size_t)(end - at) ? (size_t)(end - at) : len };
    at += text.len;
    switch (kind) {
    case 0xF0: text.ptr = NULL; break;
    case 0xF1: text.len = SIZE_MAX; break;
    case 0xF2: text.ptr = (const uint8_t *)8; text.len = 0; break;
    case 0xF3: text = lent; break;
    case 0xF4: memset(much, 'a', sizeof much); text.ptr = much; text.len = len * 270; break;
    case 0xF5: memset(much, '9', sizeof much); text.ptr = much; text.len = len * 16; break;
    default: break;
    }
    return text;
}

static void forget(void)
{
    lent = (kh_str){ NULL, 0 };
}

static void step(void *cx)
{
    kh_str first, second, out = { NULL, 0 }, name = { NULL, 0 };
    uint8_t wish = byte(), part = byte() % 14;
    switch (wish % 16) {
    case 0: first = argument(); if (server->get(cx, part, first, &out) >= 0) { look(out); lent = out; } break;
    case 1: if (server->list(cx, part, byte(), &name, &out) >= 0) { look(name); look(out); lent = out; } break;
    case 2: first = argument(); second = argument(); server->set(cx, part, first, second); forget(); break;
    case 3: first = argument(); second = argument(); server->set_json(cx, part, first, second); forget(); break;
    case 4: first = argument(); server->remove(cx, part, first); forget(); break;
    case 5: server->respond_status(cx, (uint32_t)byte() * 3); forget(); break;
    case 6: first = argument(); second = argument(); server->respond_header(cx, first, second); forget(); break;
    case 7: first = argument(); server->respond_body(cx, first); forget(); break;
    case 8: first = argument(); second = argument(); server->respond_page(cx, first, second); forget(); break;
    case 9: first = argument(); second = argument(); server->deny(cx, first, second, byte() & 1); forget(); break;
    case 10:
        first = argument(); second = argument(); forget();
        if (server->fire(cx, first, second, byte() & 1 ? &out : NULL) >= 0) look(out);
        break;
    case 11: first = argument(); server->store_get(cx, first, &out); break;
    case 12: first = argument(); second = argument(); server->store_put(cx, first, second, byte()); break;
    case 13: first = argument(); second = argument(); server->store_cas(cx, first, second, second, byte()); break;
    case 14: server->get(cx, part, KH_STR("x"), NULL); server->list(cx, part, 0, NULL, NULL); server->random(server, NULL, 7); break;
    default: first = argument(); second = argument(); server->log(server, byte(), first, second, second); break;
    }
}

static int32_t call_hook(void *self, uint32_t index, void *cx)
{
    (void)self;
    kh_str script;
    if (index < 8) {
        char text[64] = { 0 }, *colon;
        at = end = NULL;
        forget();
        if (server->get(cx, KH_PART_FACT, KH_STR("script"), &script) != KH_OK || script.len >= sizeof text)
            return KH_CONTINUE;
        memcpy(text, script.ptr, script.len);
        at = (const uint8_t *)strtoull(text, &colon, 16);
        end = at + strtoull(colon + 1, NULL, 16);
    }
    int32_t answer = (int8_t)byte();
    for (int steps = byte(); steps > 0 && at < end; steps--)
        step(cx);
    forget();
    return answer;
}

static int32_t call_route(void *self, uint32_t index, void *cx)
{
    (void)self; (void)index; (void)cx;
    return KH_DENY;
}

static int32_t create(const kh_plugin *self, void *cx, void **out)
{
    (void)self; (void)cx;
    *out = &instance;
    return KH_CONTINUE;
}

static void destroy(void *self)
{
    (void)self;
}

static const kh_hook hooks[] = {
    { KH_TEXT("authorization_GET"), 100, KH_HOOK_INLINE },
    { KH_TEXT("authorization_POST"), 100, KH_HOOK_INLINE },
    { KH_TEXT("access_token_validation"), 100, KH_HOOK_INLINE },
    { KH_TEXT("access_token_response"), 100, KH_HOOK_INLINE },
    { KH_TEXT("oauth1_consumer"), 100, KH_HOOK_INLINE },
    { KH_TEXT("oauth1_request"), 100, KH_HOOK_INLINE },
    { KH_TEXT("request_token_response"), 100, KH_HOOK_INLINE },
    { KH_TEXT("oauth1_access_token_response"), 100, KH_HOOK_INLINE },
    { KH_TEXT("calls.again"), 100, KH_HOOK_INLINE | KH_HOOK_CUSTOM },
};

static const kh_plugin plugin = {
    sizeof plugin, KH_TEXT("calls"), KH_TEXT("1"), hooks, 9, NULL, 0, create, destroy, call_hook, call_route, NULL,
};
static const kh_plugin *const plugins[] = { &plugin };
static const kh_module module = { sizeof module, plugins, 1 };

const kh_module *keyhook_plugin_entry_v1(const kh_host *host)
{
    server = host;
    return &module;
}
