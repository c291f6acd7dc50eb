//! The binary `aftercart`.

use std::process::ExitCode;

/// What one thread reads another stores and lets go. The system's allocator has both wait for one
/// lock then, a seventh of an import's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aftercart_server::run(std::env::args_os())
}
