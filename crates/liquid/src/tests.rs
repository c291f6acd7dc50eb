//! What the language promises, by example and by law. The public cases stand in `tests/golden.rs`.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde::Serialize;

use crate::{Escape, Limits, RenderOptions, Template, Value};

#[derive(Serialize)]
struct Data {
    customer: Customer,
    products: Vec<Product>,
    note: &'static str,
    coupon: Option<&'static str>,
}

#[derive(Serialize)]
struct Customer {
    given_name: &'static str,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    price: f64,
    tags: &'static [&'static str],
}

fn data() -> Value {
    let data = Data {
        customer: Customer { given_name: "Ana" },
        products: vec![
            Product { name: "Kettle", price: 89.0, tags: &["steel", "1 l"] },
            Product { name: "Cup & saucer", price: 12.5, tags: &[] },
        ],
        note: "<b>Ana's</b>",
        coupon: None,
    };
    Value::from_serialize(&data).unwrap()
}

fn render(template: &str) -> String {
    render_with(template, RenderOptions::default())
}

fn render_html(template: &str) -> String {
    render_with(template, RenderOptions { escape: Escape::Html, ..RenderOptions::default() })
}

fn render_with(template: &str, options: RenderOptions) -> String {
    let rendered = Template::parse(template)
        .map_err(|it| it.to_string())
        .and_then(|it| it.render(&data(), &options).map_err(|error| error.to_string()));
    rendered.unwrap_or_else(|error| format!("error: {error}"))
}

#[test]
fn a_template_is_filled_from_data() {
    assert_eq!(render("Hello {{ customer.given_name }}!"), "Hello Ana!");
    assert_eq!(render("{{ products[0].name }}, {{ products.last.name }}"), "Kettle, Cup & saucer");
    assert_eq!(render("a{{ nobody.knows[this] }}b"), "ab", "what is missing prints nothing");
    assert_eq!(render("{{ coupon | default: 'no coupon' }}"), "no coupon");
    assert_eq!(
        render("{% for it in products %}{{ forloop.index }} {{ it.name }};{% endfor %}"),
        "1 Kettle;2 Cup & saucer;"
    );
    assert_eq!(
        render("{% for it in products reversed limit: 1 %}{{ it.name }}{% else %}none{% endfor %}"),
        "Kettle",
        "the first one, as it is cut before it is turned"
    );
    assert_eq!(render("{% if products.size > 1 and coupon == nil %}yes{% endif %}"), "yes");
    assert_eq!(render("{% unless products[1].tags contains 'x' %}no x{% endunless %}"), "no x");
    assert_eq!(render("{{ products | map: 'price' | sum }}"), "101.5");
    assert_eq!(render(" a {{- 'b' -}} c"), " abc", "hyphens take white space away");
    assert_eq!(
        render("{% case customer.given_name %}{% when 'Bo', 'Ana' %}A{% else %}B{% endcase %}"),
        "A"
    );
}

#[test]
fn html_is_escaped_unless_it_says_otherwise() {
    assert_eq!(render("{{ note }}"), "<b>Ana's</b>", "plain text stays");
    assert_eq!(render_html("{{ note }}"), "&lt;b&gt;Ana&#39;s&lt;/b&gt;");
    assert_eq!(render_html("{{ note | raw }}"), "<b>Ana's</b>");
    assert_eq!(render_html("{{ note | safe }}"), "<b>Ana's</b>");
    assert_eq!(
        render_html("{{ note | raw | upcase }}"),
        "&lt;B&gt;ANA&#39;S&lt;/B&gt;",
        "not last"
    );
    assert_eq!(render_html("{{ note | escape }}"), "&lt;b&gt;Ana&#39;s&lt;/b&gt;", "only once");
    assert_eq!(
        render_html("{% capture it %}<i>{{ note }}</i>{% endcapture %}{{ it }}"),
        "<i>&lt;b&gt;Ana&#39;s&lt;/b&gt;</i>",
        "escaped on the way in, and only there"
    );
    assert_eq!(render_html("{{ '<\n' | newline_to_br }}"), "&lt;<br />\n");
    assert_eq!(render_html("{{ products[1].tags }}{{ products[1].name }}"), "Cup &amp; saucer");
    assert!(!render_html("{{ products }}{% cycle note %}").contains('<'), "in every way out");
}

#[test]
fn errors_say_where_and_how_to_mend_the_template() {
    let error = |template: &str| Template::parse(template).unwrap_err().to_string();
    assert_snapshot!(error("Hello\n {{ name | shout }}"), @"line 2, column 12: there is no filter `shout`; see the list of filters in the reference");
    assert_snapshot!(error("{% if a %}b"), @"line 1, column 4: `if` is never closed; close it with `{% endif %}`");
    assert_snapshot!(error("{{ a"), @"line 1, column 1: `{{` is never closed; close it with `}}`");
    assert_snapshot!(error("{% for in x %}{% endfor %}"), @"line 1, column 11: `x` does not fit here; write `in`");
    assert_snapshot!(error("{% if a not b %}{% endif %}"), @"line 1, column 9: `not` does not fit here; write `and`, `or` or an operator such as `==`");
    assert_snapshot!(error("{{ a | truncate: 1, 2, 3 }}"), @"line 1, column 8: filter `truncate` has 3 arguments; it takes 0 to 2");
    assert_snapshot!(error("ä {{ 'abc }}"), @"line 1, column 6: this text never ends; close it with `'`");
    assert_snapshot!(error("{% endif %}"), @"line 1, column 4: `endif` closes nothing; remove it or correct its name");
    assert_snapshot!(error("{% include 'x' %}"), @"line 1, column 4: there is no tag `include`; remove it or correct its name");
    assert_snapshot!(render("a\n{{ 1 | divided_by: 0 }}"), @"error: line 2, column 3: `divided_by` divides by zero; ask before whether it is zero");
    assert_snapshot!(render("{% if 'a' < 1 %}{% endif %}"), @"error: line 1, column 4: a text is compared with a number; make it a number with `plus: 0`");
}

#[test]
fn a_template_says_what_it_reads() {
    let template = "{{ customer.given_name }}{% assign x = coupon %}{{ x }}\n\
        {% for it in products %}{{ it.name }}{% for tag in it.tags %}{{ tag }}{% endfor %}\
        {{ forloop.index }}{{ products[0]['price'] }}{% endfor %}{{ it }}";
    let variables = Template::parse(template).unwrap().variables();
    let lines: Vec<String> =
        variables.iter().map(|it| format!("{}:{} {}", it.line, it.column, it.path)).collect();
    assert_snapshot!(lines.join("\n"), @"
        1:4 customer.given_name
        1:40 coupon
        2:14 products
        2:28 products[].name
        2:52 products[].tags
        2:65 products[].tags[]
        2:105 products[].price
        2:143 it
    ");
}

#[test]
fn a_hostile_template_ends_soon_and_small() {
    let assert_stopped = |template: &str, why: &str| {
        let text = render(template);
        assert!(text.contains("takes more than"), "{why}: {:.200}", text);
    };
    assert_stopped("{% for i in (1..9999999999) %}{% endfor %}", "an endless loop of nothing");
    assert_stopped(
        "{% for a in (1..999) %}{% for b in (1..999) %}x{% endfor %}{% endfor %}",
        "loops in loops",
    );
    assert_stopped("{{ (1..9999999999) | join: '' }}", "a range written out");
    assert_stopped(
        "{{ (-9223372036854775808..9223372036854775807) | size | plus: 1 }}\
        {% for i in (-9223372036854775808..9223372036854775807) %}{% endfor %}",
        "the widest range",
    );
    let doubled = "{% assign x = x | append: x %}".repeat(60);
    assert_stopped(&format!("{{% assign x = 'x' %}}{doubled}"), "a text doubled 60 times");
    let replaced = "{% assign x = x | replace: 'x', x %}".repeat(9);
    assert_stopped(&format!("{{% assign x = 'xxxx' %}}{replaced}"), "a text squared");
    let joined = "{% assign x = x | concat: x %}".repeat(60);
    assert_stopped(&format!("{{% assign x = 'x' | split: ',' %}}{joined}"), "an array doubled");
    let pattern = format!("{{{{ 0 | date: '{}' }}}}", "%200Y".repeat(60));
    assert!(render(&pattern).starts_with("error:"), "a pattern of wide years");
    assert_stopped(
        "{% for i in (1..1000) %}{% capture x %}{{ x }}{{ x }}y{% endcapture %}{% endfor %}",
        "a capture of itself",
    );
    assert_stopped(
        "{% assign x = '' %}{% for i in (1..40000) %}{% assign x = x | append: 'xxxxxxxx' %}{% endfor %}",
        "a text that grows slowly",
    );
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let error = |template: &str| Template::parse(template).unwrap_err().to_string();
    let nested = |open: &str| open.repeat(100_000);
    assert_snapshot!(error(&nested("{% if a %}")), @"line 1, column 504: blocks nest too deep; unfold some; 50 levels are read at most");
    assert_snapshot!(error(&"{% for i in a %}".repeat(50_000)), @"line 1, column 804: blocks nest too deep; unfold some; 50 levels are read at most");
    assert_snapshot!(error(&format!("{{{{ {} }}}}", nested("a["))), @"line 1, column 36: brackets nest too deep; assign the inner ones; 16 levels are read at most");
    assert_snapshot!(error(&format!("{{{{ {} }}}}", nested("("))), @"line 1, column 20: brackets nest too deep; assign the inner ones; 16 levels are read at most");
    assert_snapshot!(error(&format!("{{% liquid {} %}}", nested("liquid "))), @"line 1, column 354: blocks nest too deep; unfold some; 50 levels are read at most");
    let long_chain = format!("{{% if {} %}}x{{% endif %}}", vec!["a"; 50_000].join(" or "));
    assert!(Template::parse(&long_chain).is_ok(), "a long chain is not deep");
    let shallow = Limits { depth: 2, ..Limits::default() };
    let options = RenderOptions { limits: shallow, ..RenderOptions::default() };
    assert_snapshot!(render_with("{% if true %}{% if true %}x{% endif %}{% endif %}", options), @"error: line 1, column 17: rendering takes more than 2 levels of blocks; simplify it");
}

#[test]
fn limits_are_what_the_caller_says() {
    let with = |steps, output_bytes| RenderOptions {
        limits: Limits { steps, output_bytes, ..Limits::default() },
        ..RenderOptions::default()
    };
    assert_eq!(render_with("abc{{ 1 }}", with(2, 4)), "abc1", "just within both");
    assert_snapshot!(render_with("abc{{ 1 }}", with(1, 4)), @"error: line 1, column 1: rendering takes more than 1 steps; simplify it");
    assert_snapshot!(render_with("abc{{ 1 }}", with(2, 3)), @"error: line 1, column 6: rendering takes more than 3 bytes of output; simplify it");
}

#[test]
fn data_keeps_its_order_and_its_kinds() {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Full { z: u8, a: Option<bool> },
        Pair(i64, char),
    }
    let value = Value::from_serialize(&(
        Kind::Plain,
        Kind::Full { z: 1, a: None },
        Kind::Pair(-1, 'x'),
        u64::MAX,
    ));
    let mut text = String::new();
    value.unwrap().print(&mut text);
    assert_eq!(
        text,
        r#"plain{"full"=>{"z"=>1, "a"=>nil}}{"pair"=>[-1, "x"]}1.8446744073709552e19"#
    );
    let mut deep = serde_json::json!(1);
    for _ in 0..65 {
        deep = serde_json::json!([deep]);
    }
    let error = Value::from_serialize(&deep).unwrap_err();
    assert_snapshot!(error, @"the data is nested deeper than 64 levels; flatten it");
    let wide = Value::object((0..100).map(|it| (format!("k{}", it % 50), Value::Int(it))));
    let Value::Object(wide) = wide else { panic!("an object") };
    assert_eq!(wide.get("k7"), Some(&Value::Int(57)), "the later of two with one key");
    assert_eq!(wide.get("k50"), None);
}

/// Pieces that, in a row, are often nearly a template.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{"),
        Just("}}"),
        Just("{%"),
        Just("%}"),
        Just("-"),
        Just(" "),
        Just("\n"),
        Just("if "),
        Just("else"),
        Just("endif"),
        Just("for i in "),
        Just("endfor"),
        Just("raw"),
        Just("endraw"),
        Just("comment"),
        Just("endcomment"),
        Just("case "),
        Just("when "),
        Just("endcase"),
        Just("assign x = "),
        Just("capture x"),
        Just("endcapture"),
        Just("liquid "),
        Just("cycle "),
        Just("tablerow i in "),
        Just("endtablerow"),
        Just("limit:"),
        Just("products"),
        Just("note"),
        Just("x"),
        Just("(1..3)"),
        Just("'"),
        Just("\""),
        Just("."),
        Just("["),
        Just("]"),
        Just("|"),
        Just(":"),
        Just(","),
        Just("join"),
        Just("split"),
        Just("slice"),
        Just("date"),
        Just("sort"),
        Just("strip_html"),
        Just("escape_once"),
        Just("ä"),
        Just("-7"),
        Just("9223372036854775807"),
        Just("1.5"),
        Just("=="),
        Just("contains"),
        Just("forloop.index"),
        Just("{% if x %}"),
        Just("{% endif %}"),
        Just("{{ note | "),
        Just(" }}"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|it| it.concat())
}

/// One call of every filter on a value of every kind.
fn filter_call() -> impl Strategy<Value = String> {
    let value = || {
        prop_oneof![
            Just("note"),
            Just("products"),
            Just("customer"),
            Just("nil"),
            Just("true"),
            Just("''"),
            Just("-3"),
            Just("2.5"),
            Just("'2'"),
            Just("(1..4)"),
            Just("empty"),
            Just("'ä b,c'"),
            Just("-9223372036854775808"),
            Just("9223372036854775807"),
            Just("'name'"),
        ]
    };
    let filter = prop_oneof![
        Just("slice"),
        Just("truncate"),
        Just("truncatewords"),
        Just("round"),
        Just("divided_by"),
        Just("modulo"),
        Just("times"),
        Just("plus"),
        Just("minus"),
        Just("split"),
        Just("join"),
        Just("sort"),
        Just("sort_natural"),
        Just("uniq"),
        Just("map"),
        Just("where"),
        Just("reject"),
        Just("find"),
        Just("find_index"),
        Just("has"),
        Just("sum"),
        Just("compact"),
        Just("concat"),
        Just("replace"),
        Just("replace_last"),
        Just("remove"),
        Just("date"),
        Just("default"),
        Just("append"),
        Just("at_least"),
        Just("base64_decode"),
        Just("url_decode"),
        Just("first"),
        Just("last"),
        Just("size"),
        Just("reverse"),
        Just("abs"),
        Just("ceil"),
        Just("floor"),
    ];
    (value(), filter, proptest::option::of(value()), proptest::option::of(value())).prop_map(
        |(value, filter, first, second)| match (first, second) {
            (Some(first), Some(second)) => {
                format!("{{{{ {value} | {filter}: {first}, {second} }}}}")
            }
            (Some(one), None) | (None, Some(one)) => format!("{{{{ {value} | {filter}: {one} }}}}"),
            (None, None) => format!("{{{{ {value} | {filter} }}}}"),
        },
    )
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_the_renderer_panic(template in pieces()) {
        render_html(&template);
    }

    #[test]
    fn no_filter_panics_on_any_value(template in filter_call()) {
        render(&template);
    }

    #[test]
    fn no_text_of_a_customer_reaches_html_unescaped(template in pieces()) {
        prop_assume!(!template.contains("raw") && !template.contains('<'));
        let rendered = render_html(&template);
        prop_assert!(rendered.starts_with("error:") || !rendered.contains("<b>"), "{}", rendered);
    }

    #[test]
    fn text_without_marks_stays_as_it_is(text in "[^{}]*") {
        prop_assert_eq!(render_html(&text), text);
    }
}
