//! argv → cli → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    bulletin::cli::main(std::env::args_os())
}
