//! The binary `aftercart`.

use std::process::ExitCode;

fn main() -> ExitCode {
    aftercart_server::run(std::env::args_os())
}
