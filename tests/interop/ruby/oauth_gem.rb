# The oauth gem: three legs and signed requests with HMAC-SHA1 and RSA-SHA1, in the header and in the query, one flow out of band.
# A parameter goes once: its form is a hash.
require 'oauth'

base, resource, key, secret, callback, key_file = ARGV
AWKWARD = {
  'two' => '1', 'amp' => 'x&y=z', 'c@' => '1', 'empty' => '', 'percent' => '100%',
  'plus' => '1+1', 'space' => 'a b', 'tilde' => '~', 'utf8' => 'ü€😀'
}.freeze
QUERY = AWKWARD.map { |name, value| [name, value].map { |text| OAuth::Helper.escape(text) }.join('=') }.join('&')
$stdout.sync = true

walk = lambda do |method, scheme, back|
  own = method == 'RSA-SHA1' ? OpenSSL::PKey::RSA.new(File.read(key_file)) : secret
  consumer = OAuth::Consumer.new(key, own, site: base, signature_method: method, scheme: scheme)
  temporary = consumer.get_request_token(oauth_callback: back)
  raise 'not confirmed' unless temporary.callback_confirmed?
  puts "open #{temporary.authorize_url}"
  verifier = $stdin.gets.chomp
  unless back == 'oob'
    came = URI.decode_www_form(URI(verifier).query).to_h
    raise 'another token' unless came['oauth_token'] == temporary.token
    verifier = came['oauth_verifier']
  end
  access = temporary.get_access_token(oauth_verifier: verifier)
  [access.get("#{resource}?#{QUERY}"), access.post(resource, AWKWARD)].each do |answer|
    raise "#{answer.code} #{answer.body}" unless answer.body == 'for demo'
  end
end

walk.call('HMAC-SHA1', :header, callback)
walk.call('HMAC-SHA1', :query_string, callback)
walk.call('RSA-SHA1', :header, callback)
walk.call('HMAC-SHA1', :header, 'oob')
puts 'ok'
