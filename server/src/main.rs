//! The keyhook binary.

fn main() -> std::process::ExitCode {
    keyhook::main()
}
