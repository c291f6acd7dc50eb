//! Writes the document `docs/reference/openapi.json` to standard output.

fn main() {
    print!("{}", aftercart_web::openapi());
}
