# Net::OAuth: three legs and signed requests with HMAC-SHA1, HMAC-SHA256 and RSA-SHA1, one flow out of band. A parameter goes once:
# it keeps them in a hash.
use strict;
use warnings;
use utf8;
use Crypt::OpenSSL::RSA;
use Encode qw(encode);
use HTTP::Request::Common qw(GET POST);
use LWP::UserAgent;
use Net::OAuth;
use URI;
use URI::Escape qw(uri_escape_utf8);

$Net::OAuth::PROTOCOL_VERSION = Net::OAuth::PROTOCOL_VERSION_1_0A;
$| = 1;
my ($base, $resource, $key, $secret, $callback, $key_file) = @ARGV;
my $rsa = Crypt::OpenSSL::RSA->new_private_key(do { local (@ARGV, $/) = $key_file; <> });
my $agent = LWP::UserAgent->new;
my %awkward = (
    'two' => '1', 'amp' => 'x&y=z', 'c@' => '1', 'empty' => '', 'percent' => '100%',
    'plus' => '1+1', 'space' => 'a b', 'tilde' => '~', 'utf8' => "ü€😀",
);
my $form = join '&', map { uri_escape_utf8($_) . '=' . uri_escape_utf8($awkward{$_}) } sort keys %awkward;

sub signed {
    my ($kind, $method, $verb, $url, %more) = @_;
    my $request = Net::OAuth->request($kind)->new(
        consumer_key => $key, consumer_secret => $secret, request_url => $url, request_method => $verb,
        signature_method => $method, timestamp => time, nonce => join('', map { int rand 10 } 1 .. 20), %more,
    );
    $method eq 'RSA-SHA1' ? $request->sign($rsa) : $request->sign;
    return $request->to_authorization_header;
}

sub sent {
    my $answer = $agent->request(shift);
    die $answer->status_line . ' ' . $answer->content unless $answer->is_success;
    return $answer->content;
}

sub walk {
    my ($method, $back) = @_;
    my $header = signed('request token', $method, 'POST', "$base/oauth/request_token", callback => $back);
    my $temporary = Net::OAuth->response('request token')->from_post_body(sent(POST "$base/oauth/request_token", Authorization => $header));
    my $url = Net::OAuth->request('user auth')->new(token => $temporary->token)->to_url("$base/oauth/authorize");
    print "open $url\n";
    chomp(my $verifier = <STDIN>);
    if ($back ne 'oob') {
        my $came = Net::OAuth->response('user auth')->from_hash({ URI->new($verifier)->query_form });
        die 'another token' if $came->token ne $temporary->token;
        $verifier = $came->verifier;
    }
    $header = signed('access token', $method, 'POST', "$base/oauth/access_token",
        token => $temporary->token, token_secret => $temporary->token_secret, verifier => $verifier);
    my $access = Net::OAuth->response('access token')->from_post_body(sent(POST "$base/oauth/access_token", Authorization => $header));
    my @by = (token => $access->token, token_secret => $access->token_secret, extra_params => {%awkward});
    my $got = sent(GET "$resource?$form", Authorization => signed('protected resource', $method, 'GET', $resource, @by));
    my $posted = sent(POST $resource, Authorization => signed('protected resource', $method, 'POST', $resource, @by),
        Content_Type => 'application/x-www-form-urlencoded', Content => $form);
    die "$got, $posted" unless $got eq 'for demo' && $posted eq 'for demo';
}

walk($_, $callback) for 'HMAC-SHA1', 'HMAC-SHA256', 'RSA-SHA1';
walk('HMAC-SHA1', 'oob');
print "ok\n";
