<?php
// pecl/oauth: three legs and signed requests with HMAC-SHA1, HMAC-SHA256 and RSA-SHA1, in the header and in the query, one flow out of
// band. A parameter goes once: it takes them in an array by name.
[, $base, $resource, $key, $secret, $callback, $keyFile] = $argv;
$awkward = [
    'two' => '1', 'amp' => 'x&y=z', 'c@' => '1', 'empty' => '', 'percent' => '100%',
    'plus' => '1+1', 'space' => 'a b', 'tilde' => '~', 'utf8' => 'ü€😀',
];

// assert() does nothing where PHP is configured for production.
function sure(bool $right): void
{
    $right || throw new Exception('that is not what was meant');
}

function walk(string $method, int $place, string $back): void
{
    global $base, $resource, $key, $secret, $keyFile, $awkward;
    $client = new OAuth($key, $secret, $method, $place);
    // Not every build of it has curl.
    $client->setRequestEngine(OAUTH_REQENGINE_STREAMS);
    if ($method === OAUTH_SIG_METHOD_RSASHA1) {
        $client->setRSACertificate(file_get_contents($keyFile));
    }
    $temporary = $client->getRequestToken("$base/oauth/request_token", $back, 'POST');
    sure($temporary['oauth_callback_confirmed'] === 'true');
    echo "open $base/oauth/authorize?oauth_token=", rawurlencode($temporary['oauth_token']), "\n";
    $verifier = trim(fgets(STDIN));
    if ($back !== 'oob') {
        parse_str(parse_url($verifier, PHP_URL_QUERY), $came);
        sure($came['oauth_token'] === $temporary['oauth_token']);
        $verifier = $came['oauth_verifier'];
    }
    $client->setToken($temporary['oauth_token'], $temporary['oauth_token_secret']);
    $access = $client->getAccessToken("$base/oauth/access_token", '', $verifier, 'POST');
    $client->setToken($access['oauth_token'], $access['oauth_token_secret']);
    foreach ([OAUTH_HTTP_METHOD_GET, OAUTH_HTTP_METHOD_POST] as $verb) {
        $client->fetch($resource, $awkward, $verb);
        sure($client->getLastResponse() === 'for demo');
    }
}

walk(OAUTH_SIG_METHOD_HMACSHA1, OAUTH_AUTH_TYPE_AUTHORIZATION, $callback);
walk(OAUTH_SIG_METHOD_HMACSHA256, OAUTH_AUTH_TYPE_URI, $callback);
walk(OAUTH_SIG_METHOD_RSASHA1, OAUTH_AUTH_TYPE_AUTHORIZATION, $callback);
walk(OAUTH_SIG_METHOD_HMACSHA1, OAUTH_AUTH_TYPE_AUTHORIZATION, 'oob');
echo "ok\n";
