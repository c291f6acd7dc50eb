//! Writes the page `docs/reference/conditions.md` to standard output; with `--schema` the JSON
//! schema of conditions.

fn main() {
    if std::env::args().any(|it| it == "--schema") {
        let schema = serde_json::to_string_pretty(&aftercart_segment::schema());
        println!("{}", schema.expect("a schema has only texts for keys"));
    } else {
        print!("{}", aftercart_segment::reference());
    }
}
