//! The sockets of a process: a server that makes no connections has only those that came to it.

use std::collections::HashSet;

/// Connections of a process that did not come to one of its listening ports.
pub fn outgoing(pid: u32, listening: &[u16]) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let own: HashSet<String> =
        targets.filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        found.extend(text.lines().skip(1).filter(|line| is_strange(line, &own, listening)).map(|line| format!("{table} {}", line.trim())));
    }
    found
}

fn is_strange(line: &str, own: &HashSet<String>, listening: &[u16]) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (Some(local), Some(inode)) = (fields.get(1), fields.get(9)) else { return false };
    let port = local.rsplit(':').next().and_then(|port| u16::from_str_radix(port, 16).ok()).unwrap_or_default();
    own.contains(*inode) && !listening.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_this_process_makes_is_seen_and_those_that_came_are_not() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let made = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _accepted = listener.accept().unwrap();
        let own_port = made.local_addr().unwrap().port();
        let seen = outgoing(std::process::id(), &[port]);
        assert!(seen.iter().any(|line| line.contains(&format!(":{own_port:04X}"))), "{seen:?}");
        assert!(outgoing(std::process::id(), &[port, own_port]).iter().all(|line| !line.contains(&format!(":{own_port:04X} "))));
    }
}
