//! The keyhook binary with the places where a test ends the process.

fn main() -> std::process::ExitCode {
    keyhook::main()
}
