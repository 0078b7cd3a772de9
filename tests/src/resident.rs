//! What a process holds of the machine, as the kernel counts it: memory and descriptors (Linux).

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Resident memory of a process that is its own, in KiB: pages of files, as of a mapped database, are left out.
pub fn memory_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How many descriptors a process has open.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Raises this process's limit of descriptors as far as it goes.
///
/// # Errors
/// What is missing, in words, if it does not go to `wanted`.
pub fn afford_descriptors(wanted: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|most| most >= wanted);
    if enough(limit.current) {
        return Ok(());
    }
    let maximum = if enough(limit.maximum) { limit.maximum } else { Some(wanted) };
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| format!("{wanted} descriptors are needed, the limit is {:?} and cannot be raised: {error}", limit.maximum))
}
