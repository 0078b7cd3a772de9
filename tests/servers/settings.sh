# What `up` and `down` agree on: where the servers live and which ports they have. Sourced, never run.
# KEYHOOK_SERVERS       the folder; every server has one of its own below it. Not in a home folder that other users may not enter
# KEYHOOK_SERVERS_PORT  the first port of a hundred; below 32768, from where on the kernel hands ports out by itself
folder=${KEYHOOK_SERVERS:-${TMPDIR:-/tmp}/keyhook-test-servers-$(id -u)}
first=${KEYHOOK_SERVERS_PORT:-26100}
postgres_port=$((first + 1)) mariadb_port=$((first + 2)) redis_port=$((first + 3)) memcached_port=$((first + 4)) mongodb_port=$((first + 5))
cluster_ports=($((first + 11)) $((first + 12)) $((first + 13)))
password=for-tests-only

say() { printf '%s\n' "$*" >&2; }
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
postgres_programs() { dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)"; }
# as USER COMMAND …: PostgreSQL refuses to run as root, so root becomes the user that Debian made for it.
as() { local user=$1; shift; if [ "$(id -u)" -eq 0 ]; then runuser -u "$user" -- "$@"; else "$@"; fi; }
