/*
 * A hook in C: adds the member "greeting" to every access token response.
 *
 * [plugins.c-hook.config] greeting = "salve" changes the text.
 */
#include "keyhook_plugin.h"

KH_DEFINE_TAG("c-hook 0.1.0");

static const kh_host *server;
static int no_state;

static int32_t create(const kh_plugin *self, void *cx, void **out)
{
    (void)self;
    (void)cx;
    *out = &no_state;
    return KH_CONTINUE;
}

static void destroy(void *instance)
{
    (void)instance;
}

static int32_t refused(void *cx)
{
    server->deny(cx, KH_STR("server_error"), KH_STR("the server refused the member `greeting`"), 0);
    return KH_DENY;
}

static int32_t greet(void *instance, uint32_t index, void *cx)
{
    kh_str configured;
    int32_t code;

    (void)instance;
    if (index != 0)
        return KH_DENY;
    switch (server->get(cx, KH_PART_CONFIG, KH_STR("/greeting"), &configured)) {
    case KH_OK:
        code = server->set(cx, KH_PART_RESPONSE, KH_STR("greeting"), configured);
        break;
    case KH_ABSENT:
        code = server->set(cx, KH_PART_RESPONSE, KH_STR("greeting"), KH_STR("hello from C"));
        break;
    default: /* a greeting that is no text is a mistake, not a missing one */
        return refused(cx);
    }
    return code == KH_OK ? KH_CONTINUE : refused(cx);
}

static int32_t no_route(void *instance, uint32_t index, void *cx)
{
    (void)instance;
    (void)index;
    (void)cx;
    return KH_DENY;
}

static const kh_hook hooks[] = {
    { KH_TEXT("access_token_response"), 100, KH_HOOK_INLINE },
};

static const kh_plugin plugin = {
    .size = sizeof plugin,
    .name = KH_TEXT("c-hook"),
    .version = KH_TEXT("0.1.0"),
    .hooks = hooks,
    .hooks_len = sizeof hooks / sizeof hooks[0],
    .create = create,
    .destroy = destroy,
    .call_hook = greet,
    .call_route = no_route,
};

static const kh_plugin *const plugins[] = { &plugin };

static const kh_module module = { sizeof module, plugins, sizeof plugins / sizeof plugins[0] };

const kh_module *keyhook_plugin_entry_v1(const kh_host *host)
{
    if (host == NULL || host->abi_major != KH_ABI_MAJOR || host->size < sizeof *host)
        return NULL;
    server = host;
    return &module;
}
