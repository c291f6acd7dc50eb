//! Writes the page `docs/reference/segment-events.md` to standard output.

fn main() {
    print!("{}", aftercart_ingest::segment_api::reference());
}
